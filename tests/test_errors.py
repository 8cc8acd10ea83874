"""The errors: one tree, and each can be sent to another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from animatediff_widget import AnimateDiffError, errors
from animatediff_widget.texts import Message

MADE = {
    "InvalidRequest": errors.InvalidRequest("steps", "steps must be more"),
    "ApiError": errors.ApiError("It said no.", status=402, body={"detail": "no"}, arrived=False, retry_after=3.0),
}
KINDS = [name for name in errors.__all__ if name not in MADE and name != "require"]


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
        errors.require(False, "url", value, "a_text")
    made.append(caught.value)
    for error in made:
        str(error).encode()
        assert not set(str(error)) & set("\x1b\x07\x9b\u202e")


def test_a_wrong_argument_is_a_type_error_and_a_value_error_that_names_it():
    with pytest.raises(AnimateDiffError, match=r"^seconds must be a number, not 'soon'\.$") as caught:
        errors.require(False, "seconds", "soon", "a_number")
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)
