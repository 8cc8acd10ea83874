"""Wrong answers to the notebooks' exercises: `{notebook: {grade_id of the answer's cell: [code, ...]}}`.

Each is run in the place of the right answer, and the check that follows must refuse it. The gap that a student starts
from is tried besides, for every exercise.
"""

from __future__ import annotations

WRONG_ANSWERS: dict[str, dict[str, list[str]]] = {}
