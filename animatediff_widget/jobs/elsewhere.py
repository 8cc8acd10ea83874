"""Jobs that were started elsewhere: on the web page, by a colleague."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import AnswerError
from animatediff_widget.journal import JournalEntry, JournalProtocol
from animatediff_widget.keys.credentials import Key
from animatediff_widget.model.body import Body
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.texts import Message

__all__ = ["find_elsewhere"]

_SECONDS = 5.0  # the caller, or the panel's kernel, waits for the answer


def find_elsewhere(
    endpoint: Endpoint, prediction_id: str, token: str | Key | None, journal: JournalProtocol
) -> JournalEntry:
    """Give what the journal knows of an endpoint's job; where that is nothing, write down what the endpoint says."""
    entry = journal.get(prediction_id, endpoint=endpoint.url)
    if entry is None:
        prediction = Client(endpoint, token, answer_timeout=_SECONDS).get(prediction_id)
        given = prediction.raw.get("input")
        if not isinstance(given, dict):
            raise AnswerError(Message("no_input", who=endpoint.label))
        body = Body.from_json({"version": str(prediction.raw.get("version") or ""), "input": given})
        key = journal.new_key()
        # Both or neither: a job without its id would be looked for as one whose answer was lost.
        both: list[Callable[[], object]] = [
            partial(journal.begin, body, endpoint, key=key),
            partial(journal.record, key, "running", prediction=prediction),
        ]
        journal.together(both)
        entry = journal.get(key)
        assert entry is not None
    return entry
