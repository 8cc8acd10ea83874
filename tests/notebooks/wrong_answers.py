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
            # Right, but always on the default plane.
            """
def guided(model, x, t, scale):
    without = plane.denoise(x, t, prompt=False).x0
    return without + scale * (plane.denoise(x, t).x0 - without)
""",
        ],
    },
}
