"""The errors: one tree, and each can be sent to another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from animatediff_widget import AnimateDiffError, errors

MADE = {
    "InvalidRequest": errors.InvalidRequest("steps", "steps must be more"),
    "ApiError": errors.ApiError("It said no.", status=402, body={"detail": "no"}, arrived=False, retry_after=3.0),
}
KINDS = [name for name in errors.__all__ if name not in MADE]


@pytest.mark.parametrize("error", [*MADE.values(), *(getattr(errors, name)("It failed.") for name in KINDS)])
def test_an_error_stays_what_it_is_in_another_process(error):
    assert isinstance(error, AnimateDiffError)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.__dict__ == error.__dict__
