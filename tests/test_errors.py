"""The errors: one tree, and each can be sent to another process."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path

import pytest

from animatediff_widget import AnimateDiffError, errors
from animatediff_widget.texts import Message

MADE = {
    "InvalidRequest": errors.InvalidRequest("steps", "steps must be more"),
    "ApiError": errors.ApiError("It said no.", status=402, body={"detail": "no"}, arrived=False, retry_after=3.0),
}
KINDS = [name for name in errors.__all__ if name not in MADE and name != "check"]


@pytest.mark.parametrize("error", [*MADE.values(), *(getattr(errors, name)("It failed.") for name in KINDS)])
def test_an_error_stays_what_it_is_in_another_process(error):
    assert isinstance(error, AnimateDiffError)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.__dict__ == error.__dict__


HOSTILE = ["\ud800", "\x1b]0;title\x07", "\x9b2J", "a\u202eb", 10**10_000, -(10**10_000), b"\xff", None, float("nan")]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_an_errors_text_can_be_encoded_and_no_terminal_obeys_it(value):
    made = [AnimateDiffError(Message("not_a_base_url", url=value)), AnimateDiffError(Message("lies_at", path=value))]
    if isinstance(value, str):
        made.append(AnimateDiffError(f"It said {value}."))
    with pytest.raises(AnimateDiffError) as caught:
        errors.check(errors.AnimateDiffError, url=value)
    made.append(caught.value)
    for error in made:
        str(error).encode()
        assert not set(str(error)) & set("\x1b\x07\x9b\u202e")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (str, ["", "船"], [None, b"", 5, "\ud800"]),
        (int, [0, 1, 2**63 - 1], [True, -1, 1.0, "1", 2**63, None]),
        (float, [0, 0.5, 2, math.inf], [True, -1, math.nan, "1", 10**400, None]),
        (Path, ["a", Path("b")], [None, 5, b"a"]),
        ((str, bytes), ["a", b"a"], [None, 5]),
        (("curl", "python"), ["curl"], ["", "perl", None, 5, []]),
    ],
)
def test_an_argument_of_another_kind_is_refused_by_its_name(kind, good, bad):
    for value in good:
        errors.check(kind, seconds=value)
    errors.check(kind, none=True, seconds=None)
    for value in bad:
        with pytest.raises(AnimateDiffError, match=r"^seconds must be .*, not .*\.$") as caught:
            errors.check(kind, fine=good[0], seconds=value)
        assert isinstance(caught.value, TypeError)
        assert isinstance(caught.value, ValueError)
