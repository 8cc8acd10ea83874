"""The panel itself: a form, a Run button, and what came out. Here is the layout; `Controller` does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import ipywidgets as widgets
from traitlets import Instance, dlink, link, validate

from animatediff_widget.errors import AnimateDiffError, check
from animatediff_widget.journal import Journal, JournalEntry
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .cells import Cells
from .compare import Compare
from .controller import Controller
from .controls import Maker, display_widget, draws, texts_of
from .earlier_jobs import EarlierJobs
from .endpoint_choice import EndpointChoice
from .endpoint_picker import EndpointPicker
from .form import Form
from .front_end import has_kernel_per_page, runs_in_background
from .markup import quiet, said
from .memory import Memory
from .monitor import Monitor
from .results import Results
from .resume_offer import ResumeOffer
from .running import InsideClick
from .static_copy import StaticCopy
from .theme import STYLE
from .waiting import current_header

if TYPE_CHECKING:  # what only a run needs is imported with the first run
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["AnimateDiffPanel"]

_cells = Cells()


class _Kind(Instance):  # type: ignore[type-arg]
    """A value of a class; another one is refused in a sentence of ours."""

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> NoReturn:
        """Say what is wrong with a value."""
        check(self.klass, **{str(self.name): value})
        super().error(obj, value, error, info)


@guarded_class
class AnimateDiffPanel(widgets.VBox):  # type: ignore[misc]
    """A panel that animates a prompt. Show it as the last line of a cell.

    Parameters
    ----------
    request : AnimateDiffRequest, optional
        What the controls show and change; a new one when not given.
    endpoint : Endpoint, optional
        Where to run. Replicate where a key for it is at hand, else the built-in server (offline, no key).
    token : str, optional
        The endpoint's key. Better set in the environment, so that it stands in no notebook.
    background : bool, optional
        Whether jobs run in the background (True), or inside the click or the cell that starts them (False), which
        keeps the kernel busy meanwhile. When not given, inside in Colab, where nothing else is shown, else in the
        background. Colab's page on a kernel of one's own needs False: it cannot be recognized.
    lang : {"en", "zh"}, optional
        The language of this panel; found from the environment when not given.
    journal : Journal, optional
        Where this panel's jobs are written down; the person's own when not given.

    Attributes
    ----------
    request : AnimateDiffRequest
        Setting one of its traits moves the control; moving a control sets the trait.
    endpoint : Endpoint or None
        Where the next job runs; None while the form does not name one.
    job : Job or None
        The last job.
    sweep : Sweep or None
        The last sweep, where that was run after the last job.
    animation : Animation or None
        The last animation.

    Raises
    ------
    AnimateDiffError
        When there are no texts in that language, or the token cannot be a key.
    """

    request = _Kind(AnimateDiffRequest)
    endpoint = _Kind(Endpoint, allow_none=True)
    job = Instance("animatediff_widget.jobs.job.Job", allow_none=True)
    sweep = Instance("animatediff_widget.sweeps.sweep.Sweep", allow_none=True)
    animation = Instance("animatediff_widget.media.animation.Animation", allow_none=True)

    def __init__(
        self,
        request: AnimateDiffRequest | None = None,
        endpoint: Endpoint | None = None,
        token: str | None = None,
        *,
        background: bool | None = None,
        lang: str | None = None,
        journal: Journal | None = None,
    ) -> None:
        if request is not None and not isinstance(request, AnimateDiffRequest):
            raise AnimateDiffError(Message("not_a_request"))
        Endpoint.check(endpoint)
        self._maker = make = Maker(texts_of(lang))
        self.run_button = make.button("run", "play", "ad-run", button_style="primary")
        self.cancel_button = make.button("cancel", "stop", "ad-cancel", disabled=True)
        inside = None if runs_in_background(background) else InsideClick(self.cancel_button.model_id)
        request = request or AnimateDiffRequest()
        controller = Controller(request, EndpointChoice(endpoint, token), EarlierJobs(journal), inside)
        self._controller = controller
        self._form = Form(controller, make)
        self._picker = EndpointPicker(controller.choice, make)
        self._monitor = Monitor(controller, make)
        self._results = Results(controller, make)
        self._offer = ResumeOffer(controller, make)
        self._compare = Compare(controller, make)
        super().__init__(children=[make.html(STYLE), self._offer.box, self._columns()], request=request)
        for name in ("animatediff", f"ad-{make.texts.language}"):  # the second is what screen readers pronounce it by
            self.add_class(name)
        self._copy = StaticCopy(self.model_id, make.texts)
        self._results.sheet_settled = lambda sheet: self._copy.keep(sheet.kept())
        self._link = link((controller.choice, "endpoint"), (self, "endpoint"))
        controller.observe(self._controller_changed, ["job", "animation"])
        dlink((controller.comparison, "sweep"), (self, "sweep"))
        controller.observe(self._offer_run, "running")
        controller.choice.observe(self._offer_run, "unavailable")
        self._offer_run()
        dlink((controller, "cancelable"), (self.cancel_button, "disabled"), lambda cancelable: not cancelable)
        self.run_button.on_click(lambda _: controller.press(controller.run))
        self.cancel_button.on_click(lambda _: controller.cancel())
        controller.earlier.look()
        controller.look_at_endpoint()
        if has_kernel_per_page():
            self._memory = Memory(controller, make)
            self.children = (*self.children, self._memory.box)  # type: ignore[has-type]

    def _columns(self) -> Any:
        """Lay out the form and the results. Run stands right below the prompt, so that both are on one screen."""
        make, texts, inside = self._maker, self._maker.texts, self._controller.inside
        actions = [self.run_button]
        if inside is None or inside.can_cancel:
            actions.append(self.cancel_button)
        actions.append(self._compare.switch)
        if inside is not None:
            actions.append(make.html(quiet(texts.say(inside.hint))))
        # The header of a core Accordion cannot be reached by keyboard; a button can.
        self._advanced = make.make(
            widgets.ToggleButton, "ad-advanced", description=texts["advanced"], icon="caret-right"
        )
        self._advanced.observe(self._advanced_toggled, "value")
        self._form.advanced.add_class("ad-folded")
        form = make.box(
            [
                self._form.prompt,
                make.row(actions, "ad-actions"),
                self._compare.box,
                self._monitor.box,
                self._form.main,
                self._picker.box,
                self._form.further.box,  # they are the chosen endpoint's
                self._advanced,
                self._form.notes["extra_input"],  # a second time: seen while it is folded (panel.css)
                self._form.advanced,
            ],
            "ad-form",
        )
        return make.make(widgets.HBox, "ad-columns", children=[form, self._results.tabs])

    @draws
    def _offer_run(self, _: Any = None) -> None:
        self.run_button.disabled = self._controller.running or self._controller.choice.unavailable is not None

    def __repr__(self) -> str:
        return f"<AnimateDiffPanel {self.job or 'ready'}>"

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Show the panel, and below it what a reader without a kernel sees instead."""
        if self.comm is None:
            print(self._maker.texts["closed"])
            return
        display_widget(self, getattr(super(), "_ipython_display_", None), **kwargs)
        self._copy.display()
        _cells.add(self)

    def run(self) -> Job | Sweep | None:
        """Post the form's request as a job, as the Run button does; or run the sweep of what is compared.

        Returns
        -------
        Job, Sweep or None
            What runs; the one before where that still runs; None where nothing was sent, and the panel says why.

        Raises
        ------
        AnimateDiffError
            When the panel is closed.
        """
        return self._controller.run()

    def resume(self, entry: JournalEntry) -> Job | Sweep | None:
        """Take up a job of the journal where it was left. Nothing is paid again.

        Parameters
        ----------
        entry : JournalEntry
            The job.

        Returns
        -------
        Job, Sweep or None
            As for `run`.
        """
        return self._controller.resume(entry)

    def cancel(self) -> None:
        """Cancel the job, as the Cancel button does."""
        self._controller.cancel()

    def close(self) -> None:
        """Take the panel off the page and let go of everything it holds. A job that runs goes on."""
        if self.comm is None:
            return
        self._link.unlink()
        self._controller.close()
        self._results.close()
        layout = self.layout
        self._maker.close()
        super().close()
        layout.close()

    def _controller_changed(self, change: Any) -> None:
        header = current_header()
        if change["name"] == "job" and header.get("msg_type") == "comm_msg":  # not a cell, which no page may have run
            self._copy.pressed_on(header.get("session", ""))
        setattr(self, change["name"], change["new"])
        if change["name"] == "animation" and change["new"] is not None:
            self._copy.keep(self.animation)
            if self._copy.out_of_reach:
                self._results.animation_tab.note.value = said(self._maker.texts["copy_is_older"])

    def _advanced_toggled(self, change: Any) -> None:
        (self._form.advanced.remove_class if change["new"] else self._form.advanced.add_class)("ad-folded")
        self._advanced.icon = "caret-down" if change["new"] else "caret-right"

    @validate("request")
    def _bind(self, proposal: Any) -> AnimateDiffRequest:
        """Bind another request. A validator is called also where it equals the one before; an observer is not."""
        request: AnimateDiffRequest = proposal["value"]
        if request is not self._controller.request:
            self._controller.bind(request)
        return request
