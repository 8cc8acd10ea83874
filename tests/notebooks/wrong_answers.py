"""Wrong answers to the notebooks' exercises: `{notebook: {grade_id of the answer's cell: [code, ...]}}`.

Each is run in the place of the right answer, and the check that follows must refuse it. The gap that a student starts
from is tried besides, for every exercise.
"""

from __future__ import annotations

WRONG_ANSWERS: dict[str, dict[str, list[str]]] = {
    "the-api-behind-the-button": {
        "wait-for": [
            # Asks for ever after a failure.
            """
def wait_for(prediction, get=None, sleep=None):
    while prediction["status"] != "succeeded":
        sleep(0.1)
        prediction = get(prediction["urls"]["get"])
    return prediction
""",
            # Takes a word that it does not know for an end.
            """
def wait_for(prediction, get=None, sleep=None):
    while prediction["status"] in ("starting", "processing"):
        sleep(0.1)
        prediction = get(prediction["urls"]["get"])
    return prediction
""",
            # Never pauses.
            """
def wait_for(prediction, get=None, sleep=None):
    while prediction["status"] not in ("succeeded", "failed", "canceled", "aborted"):
        prediction = get(prediction["urls"]["get"])
    return prediction
""",
            # Asks about a job that has ended already.
            """
def wait_for(prediction, get=None, sleep=None):
    while True:
        sleep(0.1)
        prediction = get(prediction["urls"]["get"])
        if prediction["status"] in ("succeeded", "failed", "canceled", "aborted"):
            return prediction
""",
            # Returns the status only.
            """
def wait_for(prediction, get=None, sleep=None):
    while prediction["status"] not in ("succeeded", "failed", "canceled", "aborted"):
        sleep(0.1)
        prediction = get(prediction["urls"]["get"])
    return prediction["status"]
""",
            # Asks once.
            """
def wait_for(prediction, get=None, sleep=None):
    sleep(1)
    return get(prediction["urls"]["get"])
""",
        ],
        "problems": [
            "def problems(answer):\n    return answer.json()['invalid_fields'] if answer.status_code == 422 else {}",
            "def problems(answer):\n    return {e['field']: e['description'] for e in answer.json()['invalid_fields']}",
            "def problems(answer):\n    return {e['description']: e['field'] for e in answer.json().get('invalid_fields', [])}",
            # Knows the one answer by heart.
            """
def problems(answer):
    return {
        "input.steps": "Must be less than or equal to 100",
        "input.guidance_scale": "Invalid type. Expected: number, given: string",
    }
""",
        ],
        "may-send-again": [
            "def may_send_again(method, result):\n    return method == 'GET'",
            "def may_send_again(method, result):\n    return True",
            "def may_send_again(method, result):\n    return result in ('no connection', 'no answer', 429)",
            "def may_send_again(method, result):\n    return result in ('no connection', 429)",
            "def may_send_again(method, result):\n    return method == 'GET' or result == 'no connection'",
            "def may_send_again(method, result):\n    return result == 429 or isinstance(result, str) and method == 'GET'",
        ],
    },
    "how-diffusion-draws": {
        "add-noise": [
            # Mixes by alpha_bar itself, not by its root.
            """
def add_noise(x0, noise, t):
    return alpha_bars[t] * x0 + (1 - alpha_bars[t]) * noise
""",
            # Adds noise and leaves the clip as strong as it was.
            """
def add_noise(x0, noise, t):
    return x0 + np.sqrt(1 - alpha_bars[t]) * noise
""",
            # Takes the clip for the noise.
            """
def add_noise(x0, noise, t):
    return np.sqrt(1 - alpha_bars[t]) * x0 + np.sqrt(alpha_bars[t]) * noise
""",
        ],
        "best-guess": [
            # Gives the nearest point, not the mean.
            """
def best_guess(x, t):
    return points[((x - np.sqrt(alpha_bars[t]) * points) ** 2).sum(axis=1).argmin()]
""",
            # The weights do not add up to 1.
            """
def best_guess(x, t):
    a = alpha_bars[t]
    return np.exp(-((x - np.sqrt(a) * points) ** 2).sum(axis=1) / (2 * (1 - a))) @ points
""",
            # Forgets that the clean points have been moved.
            """
def best_guess(x, t):
    weights = np.exp(-((x - points) ** 2).sum(axis=1) / (2 * (1 - alpha_bars[t])))
    return weights @ points / weights.sum()
""",
        ],
        "ddim": [
            # Believes the first guess.
            """
def ddim(guess, x, steps):
    return guess(x, teaching.timesteps(steps)[0])
""",
            # Never guesses again.
            """
def ddim(guess, x, steps):
    times = teaching.timesteps(steps)
    x0 = guess(x, times[0])
    for t, t_next in zip(times, [*times[1:], None]):
        a, a_next = alpha_bars[t], 1.0 if t_next is None else alpha_bars[t_next]
        x = np.sqrt(a_next) * x0 + np.sqrt(1 - a_next) * (x - np.sqrt(a) * x0) / np.sqrt(1 - a)
    return x
""",
            # Leaves the noise of timestep 0 in the end.
            """
def ddim(guess, x, steps):
    times = teaching.timesteps(steps)
    for t, t_next in zip(times, [*times[1:], 0]):
        a, a_next, x0 = alpha_bars[t], alpha_bars[t_next], guess(x, t)
        x = np.sqrt(a_next) * x0 + np.sqrt(1 - a_next) * (x - np.sqrt(a) * x0) / np.sqrt(1 - a)
    return x
""",
        ],
        "guided": [
            # Starts from the guess with the prompt.
            """
def guided(model, x, t, scale):
    with_prompt, without = model.denoise(x, t).x0, model.denoise(x, t, prompt=False).x0
    return with_prompt + scale * (with_prompt - without)
""",
            # Makes the guess longer, not the vector.
            """
def guided(model, x, t, scale):
    return scale * model.denoise(x, t).x0
""",
            # Gives the vector, not where it leads.
            """
def guided(model, x, t, scale):
    return scale * (model.denoise(x, t).x0 - model.denoise(x, t, prompt=False).x0)
""",
        ],
    },
    "what-the-knobs-do": {
        "difference": [
            # Ups and downs cancel.
            "import numpy as np\ndef difference(a, b):\n    return (a - b).mean()",
            "import numpy as np\ndef difference(a, b):\n    return abs((a - b).mean())",
            "import numpy as np\ndef difference(a, b):\n    return np.abs(a - b).sum()",
            "import numpy as np\ndef difference(a, b):\n    return np.abs(a - b)",
            "import numpy as np\ndef difference(a, b):\n    return np.abs(a - b).max()",
            "import numpy as np\ndef difference(a, b):\n    return np.sqrt(((a - b) ** 2).mean())",
        ],
        "guided": [
            # One value is missing; another request; two knobs; steps instead; and a colour that is brightness.
            f"guided = Sweep({request}, here, {axes})\ndef colour(a):\n    return {colour}"
            for request, axes, colour in (
                ("cat", "guidance_scale=[1, 2, 4, 7.5]", "(a.max(axis=-1) - a.min(axis=-1)).mean()"),
                ("cat.copy(seed=3)", "guidance_scale=[1, 2, 4, 7.5, 10]", "(a.max(axis=-1) - a.min(axis=-1)).mean()"),
                ("cat", "guidance_scale=[1, 2, 4, 7.5, 10], seed=2", "(a.max(axis=-1) - a.min(axis=-1)).mean()"),
                ("cat", "steps=[1, 2, 4, 7, 10]", "(a.max(axis=-1) - a.min(axis=-1)).mean()"),
                ("cat", "guidance_scale=[1, 2, 4, 7.5, 10]", "a.mean()"),
                ("cat", "guidance_scale=[1, 2, 4, 7.5, 10]", "a.max() - a.min()"),
                ("cat", "guidance_scale=[1, 2, 4, 7.5, 10]", "(a.max(axis=-1) - a.min(axis=-1)).sum()"),
                ("cat", "guidance_scale=[1, 2, 4, 7.5, 10]", "a.max(axis=-1).mean()"),
            )
        ],
        "experiment": [
            f"question = {question!r}\nexpectation = {expectation!r}\nexperiment = Sweep(cat, here, {axes})"
            for question, expectation, axes in (
                ("Does the seed matter much?", "I think that it does.", "seed=[1, 2]"),
                ("Does the seed matter much?", "I think that it does.", "seed=[1, 2, 3], steps=[1, 2, 3]"),
                ("Does the seed matter much?", "I think that it does.", "seed=[1]"),
                ("Does the seed matter much?", "?", "seed=[1, 2, 3]"),
                ("", "I think that it does.", "seed=[1, 2, 3]"),
                ("Does the seed matter much?", "Does the seed matter much?", "seed=[1, 2, 3]"),
            )
        ],
    },
    "a-small-study": {
        "design": [
            f"""
from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Sweep
here = Client(Endpoint.builtin())
plain = "a cat in a garden, sunflowers, butterflies"
praised = "masterpiece, best quality, " + plain
seeds = [101, 102, 103, 104, 105, 106, 107, 108]
study = Sweep({study})
"""
            for study in (
                "AnimateDiffRequest(prompt=plain, steps=20), here, prompt=[plain, praised], seed=8",
                "AnimateDiffRequest(prompt=plain, steps=20, seed=101), here, prompt=[plain, praised]",
                "AnimateDiffRequest(prompt=plain, steps=20), here, prompt=[praised, plain], seed=seeds",
                "AnimateDiffRequest(prompt=plain), here, prompt=[plain, praised], seed=seeds",
                "AnimateDiffRequest(prompt=plain, steps=20, guidance_scale=4), here, prompt=[plain, praised], seed=seeds",
                "AnimateDiffRequest(prompt=plain), here, prompt=[plain, praised], seed=seeds, steps=[20, 25]",
            )
        ],
        "sides": [
            f"import numpy as np\ndef draw_sides(number, rng):\n    return {sides}"
            for sides in (
                "[True] * number",
                "[k % 2 == 0 for k in range(number)]",
                "[k < number / 2 for k in range(number)]",
                "list(np.random.default_rng().random(number) < 0.5)",
                "list(np.random.default_rng(1).random(number) < 0.5)",
                "[bool(rng.random() < 0.2) for _ in range(number)]",
                "[float(rng.random()) for _ in range(number)]",
                "[bool(rng.random() < 0.5)] * number",
                "[bool(rng.random() < 0.5) for _ in range(8)]",
            )
        ],
        "interval": [
            # Without replacement; the values' own spread; 90 %; a standard error; half a sample; its own chance.
            f"def interval(values, rng):\n    {line}"
            for line in (
                "n = len(values); m = [rng.permutation(values).mean() for _ in range(99)]; return min(m), max(m)",
                "low, high = np.percentile(values, [2.5, 97.5]); return low, high",
                "m = rng.choice(values, (4000, len(values))).mean(1); return tuple(np.percentile(m, [5, 95]))",
                "e = np.std(values) / np.sqrt(len(values)); return np.mean(values) - e, np.mean(values) + e",
                "m = rng.choice(values, (4000, len(values) // 2)).mean(1); return tuple(np.percentile(m, [2.5, 97.5]))",
                "m = np.random.choice(values, (4000, len(values))).mean(1); return tuple(np.percentile(m, [2.5, 97.5]))",
                "m = rng.choice(values, (4000, len(values))).mean(1); return m.min(), m.max()",
                "m = rng.choice(values, (4000, len(values))).mean(1); return np.percentile(m, 2.5), 99.0",
            )
        ],
    },
}
