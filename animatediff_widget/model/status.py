"""When has a job ended: at the endpoint, and for us. Said here once."""

from __future__ import annotations

__all__ = ["DONE_STATUSES", "ENDED_STATES", "FINAL_STATES", "STATES"]

DONE_STATUSES = frozenset({"succeeded", "failed", "canceled", "aborted"})
"""An endpoint's statuses after which nothing more happens. Any other, known or not, means that the job still runs."""

STATES = (
    "new",  # not submitted
    "submitting",  # the POST is under way
    "running",  # the endpoint has it; the prediction says more
    "downloading",  # done there; the animation is being fetched
    "succeeded",
    "failed",
    "canceled",
    "accepted",  # the endpoint took it, but returned no id to follow
    "unknown",  # it may have been created; nobody can know
    "left",  # it is known at the endpoint, but no longer waited for; it can be taken up again
)
"""The states of a job, in their order."""

ENDED_STATES = frozenset(STATES[STATES.index("succeeded") :])
"""The states in which nothing more happens by itself."""

FINAL_STATES = ("succeeded", "failed", "canceled", "accepted")
"""The states after which nothing more is to be done: such a job is not offered to be taken up."""
