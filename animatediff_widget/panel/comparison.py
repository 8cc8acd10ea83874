"""Comparing in the panel: the lists that stand in the form, and the sweep that Run makes of them. No widget in it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traitlets import Any as AnyTrait
from traitlets import Bool, HasTraits, Tuple

from animatediff_widget.errors import AnimateDiffError, InvalidRequest, NotConfirmed
from animatediff_widget.texts import Message

if TYPE_CHECKING:  # what only a run needs is imported with the first run
    from animatediff_widget.backends.client import Client
    from animatediff_widget.journal import JournalProtocol
    from animatediff_widget.model.inputs import Inputs
    from animatediff_widget.model.request import AnimateDiffRequest
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["Comparison"]

_ONE_PRESS = 0.7  # in seconds: a double click confirms nothing


class Comparison(HasTraits):
    """Which fields have a list of values instead of one, as text; and what running that takes."""

    is_on = Bool(False, help="Whether Run runs all values of the lists.")
    lists = Tuple(help="The field and the text of each list that is not blank, in order.")
    sweep = AnyTrait(None, help="The last sweep; its sheet is displayed.")
    plan = AnyTrait(None, help="What running it takes, as a Message, or None.")
    problem = AnyTrait(None, help="Why no sweep can be made of the lists, as a Message, or None.")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: tuple[Any, float] | None = None  # the plan that has to be confirmed, and when it was said

    def look(
        self, request: AnimateDiffRequest, inputs: Inputs, client: Callable[[], Client], journal: JournalProtocol
    ) -> None:
        """Say what running the lists takes, or why they cannot be run; a key that is missing is said by Run."""
        plan = problem = None
        if self.is_on and self.lists:
            try:
                with contextlib.closing(client()) as here:
                    plan = self.make(request, inputs, here, journal).plan().message
            except AnimateDiffError as error:
                problem = error.message if isinstance(error, InvalidRequest) else None
        with self.hold_trait_notifications():
            self.plan, self.problem = plan, problem

    def make(self, request: AnimateDiffRequest, inputs: Inputs, client: Client, journal: JournalProtocol) -> Sweep:
        """Make the sweep of the lists, which can be of the model's `inputs` too."""
        from animatediff_widget.sweeps.axes import check_axes, check_name, with_inputs
        from animatediff_widget.sweeps.sweep import Sweep

        if not self.lists:
            raise AnimateDiffError(Message("compare_what"))
        names = [name for name, _ in self.lists]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise AnimateDiffError(Message("compare_twice", name=twice))
        request = with_inputs(request, names, inputs)
        for name in names:
            check_name(request, name)
        sweep = Sweep(request, client, journal=journal, **dict(self.lists))
        check_axes(sweep.axes, inputs)
        return sweep

    def check_confirmed(self, sweep: Sweep) -> None:
        """Refuse a sweep that costs and is large until Run is pressed a second time, with the same lists and place."""
        plan = sweep.plan()
        if not plan.needs_confirmation:
            return
        if not self.confirms((self.lists, plan.endpoint, plan.jobs)):
            raise AnimateDiffError(Message("press_again", plan=plan.message))

    def retry(self, sweep: Sweep, *, start: bool) -> None:
        """Run the cells again that failed or were canceled, or let them wait; refused as by `check_confirmed`."""
        try:
            sweep.retry(start=start)
        except NotConfirmed as error:
            if not self.confirms((sweep.key, sweep.progress.done)):
                raise AnimateDiffError(Message("press_again", plan=error.params["plan"])) from None
            sweep.retry(confirm=True, start=start)

    def confirms(self, asked: Any) -> bool:
        """Whether the same was asked for before, and not in the same double click."""
        said, now = self._said, self._clock()
        if said is None or said[0] != asked:
            self._said = asked, now
            return False
        if now <= said[1] + _ONE_PRESS:
            return False
        self._said = None
        return True
