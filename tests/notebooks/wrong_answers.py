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
}
