"""The panel itself: a form, a Run button, and what came out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import Instance, default, observe

from animatediff_widget.errors import AnimateDiffError, JournalError
from animatediff_widget.keys.credentials import colab_refusal, find_key, hide
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import TEXTS

from .controls import Maker
from .endpoint_picker import EndpointPicker
from .form import Form
from .inside import InsideClick, say_again
from .memory import Memory
from .monitor import Monitor
from .pick_up import PickUp
from .place import has_kernel_per_page, runs_in_background
from .results import Results
from .shown import Shown
from .static_copy import StaticCopy
from .theme import CLASS, STYLE
from .waiting import current_header, uninterrupted

if TYPE_CHECKING:  # what only a run needs is imported with the first run
    from animatediff_widget.backends.client import Client
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal.sqlite import JournalEntry

__all__ = ["AnimateDiffPanel"]

_shown = Shown()


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
        The language of the texts, for this process's panels from now on; found from the environment when not given.

    Attributes
    ----------
    request : AnimateDiffRequest
        Setting one of its traits moves the control; moving a control sets the trait.
    endpoint : Endpoint or None
        Where the next job runs; None while the form does not name one.
    job : Job or None
        The last job.
    animation : Animation or None
        The last animation.
    """

    request = Instance(AnimateDiffRequest)
    endpoint = Instance(Endpoint, allow_none=True)
    job = Instance("animatediff_widget.jobs.job.Job", allow_none=True)
    animation = Instance("animatediff_widget.media.animation.Animation", allow_none=True)

    def __init__(
        self,
        request: AnimateDiffRequest | None = None,
        endpoint: Endpoint | None = None,
        token: str | None = None,
        *,
        background: bool | None = None,
        lang: str | None = None,
    ) -> None:
        token = hide(token) if token else None  # tracebacks that show variables show stars
        if lang is not None:
            TEXTS.use(lang)
        make = Maker()
        request = request if request is not None else AnimateDiffRequest()
        self._picker = EndpointPicker(endpoint, token, make)
        self._form = Form(request, make)
        self._monitor = Monitor(make)
        self._results = Results(make, lambda: self.request, lambda: self.endpoint)
        self._pick_up = PickUp(make, self._pick_up_clicked)
        self.run_button = make.button("run", "play", "ad-run", button_style="primary")
        self.cancel_button = make.button("cancel", "stop", "ad-cancel", disabled=True)
        self._inside: InsideClick | None = None
        self._given_up: Job | None = None
        actions = [self.run_button, self.cancel_button]
        if not runs_in_background(background):
            self._inside = InsideClick(self.run_button, self.cancel_button, self.cancel)
            if not self._inside.can_cancel:
                actions.remove(self.cancel_button)
            actions.append(make.html(self._inside.hint))
        # The header of a core Accordion cannot be reached by keyboard; a button can.
        self._advanced = make.make(
            widgets.ToggleButton, "ad-advanced", description=TEXTS["advanced"], icon="caret-right"
        )
        self._form.advanced.add_class("ad-folded")
        self._advanced.observe(self._advanced_toggled, "value")
        left = make.box(
            [
                self._form.main,
                self._picker.box,
                self._advanced,
                self._form.advanced,
                make.row(actions, "ad-actions"),
                self._monitor.box,
            ],
            "ad-form",
        )
        columns = make.make(widgets.HBox, "ad-columns", children=[left, self._results.tabs])
        super().__init__(children=[make.html(STYLE), self._pick_up.box, columns], request=request)
        self.add_class(CLASS)
        self.add_class(f"ad-{TEXTS.language}")  # what screen readers pronounce it by
        self._maker = make
        self._copy = StaticCopy(self.model_id)
        request.observe(self._results.show_request)
        self._picker.observe(lambda change: setattr(self, "endpoint", change["new"]), "endpoint")
        self._form.observe(lambda _: self._monitor.take_back(), "first_problem")
        self.run_button.on_click(lambda _: self._run_clicked())
        self.cancel_button.on_click(lambda _: self.cancel())
        self._pick_up.look()
        self._memory: Memory | None = None
        if has_kernel_per_page():
            self._memory = Memory(make, self._read, self._write, fleeting=("job",))
            self.children = (*self.children, self._memory.box)  # type: ignore[has-type]
            controls = (*self._form.controls.values(), self._form.random, self._picker.kind, self._picker.base_url)
            for control in (*controls, self._advanced, self._results.form, self._results.stage):
                control.observe(self._memory.tell, "value")
            self._results.tabs.observe(self._memory.tell, "selected_index")

    def __repr__(self) -> str:
        return f"<AnimateDiffPanel {self.job or 'ready'}>"

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Show the panel, and below it what a reader without a kernel sees instead."""
        if self.comm is None:
            print(TEXTS["closed"])
            return
        show = getattr(super(), "_ipython_display_", None)  # ipywidgets 7
        if show is not None:
            show(**kwargs)
        else:
            from IPython.display import publish_display_data

            # Where there are no widgets, its name would be all to see, and stand above the copy for ever.
            publish_display_data({**self._repr_mimebundle_(), "text/plain": ""})  # type: ignore[no-untyped-call]
        self._copy.show()
        _shown.add(self)

    def close(self) -> None:
        """Take the panel off the page and let go of everything it holds. A job that runs goes on."""
        if self.comm is None:
            return
        self.request.unobserve(self._results.show_request)
        self.request.unobserve(self._form._changed)
        layout = self.layout
        self._maker.close()
        super().close()
        layout.close()

    def _read(self) -> dict[str, Any]:
        """Give what a reload would lose where it brings a new kernel."""
        running = self.job if self._is_running(self.job) else None
        return {
            "job": [running.key, ""] if running else [self._results.shown, self._monitor.line],
            **self._form.read(),
            "advanced": self._advanced.value,
            "endpoint": self._picker.read(),
            "form": self._results.form.value,
            "tab": self._results.tabs.selected_index,
        }

    def _write(self, name: str, value: Any) -> None:
        """Put back a value of `_read`."""
        if name == "job":
            key, line = value
            if key is not None:
                self._show_again(str(key), str(line))
        elif name == "endpoint":
            self._picker.write(*value)
        elif name == "tab":
            self._results.tabs.selected_index = value
        elif name in ("advanced", "form"):
            (self._advanced if name == "advanced" else self._results.form).value = value
        else:
            self._form.write(name, value)

    def _show_again(self, key: str, line: str) -> None:
        """Show the job that this page showed before it was reloaded, and the status line as it was."""
        from animatediff_widget.journal.file import FINAL_STATES
        from animatediff_widget.journal.sqlite import Journal

        journal = Journal()
        if self._is_running(self.job) or not journal.folder.exists():
            return
        try:
            entry = journal.get(key)
            claimed = entry is not None and journal.claimed(entry.key)
        except JournalError:
            return  # it is said when a job is to be written down
        if entry is None:
            return
        self._results.show_result(entry)
        self.animation = self._results.animation
        if entry.state in FINAL_STATES or line:
            self._monitor.tell(line or TEXTS[f"state_{entry.state}"], entry.state, entry.error or "")
        if claimed:
            self._pick_up.tell(TEXTS["left_running"])
        elif entry.state not in FINAL_STATES:
            self._pick_up.look()

    def _advanced_toggled(self, change: Any) -> None:
        (self._form.advanced.remove_class if change["new"] else self._form.advanced.add_class)("ad-folded")
        self._advanced.icon = "caret-down" if change["new"] else "caret-right"

    def run(self) -> Job | None:
        """Post the form's request as a job, as the Run button does.

        Returns
        -------
        Job or None
            The job; the one before where that still runs; None where nothing was sent, and the panel says why.
        """
        running: Job | None = self.job
        if self._is_running(running):
            return running
        from animatediff_widget.jobs.job import Job

        try:
            job = Job(self.request, self._client())
        except AnimateDiffError as error:
            self._monitor.refuse(str(error))
            return None
        return self._watch(job)

    def pick_up(self, entry: JournalEntry) -> Job | None:
        """Take up a job of the journal where it was left. Nothing is posted.

        Parameters
        ----------
        entry : JournalEntry
            The job.

        Returns
        -------
        Job or None
            As for `run`.
        """
        from animatediff_widget.jobs.job import Job

        running: Job | None = self.job
        if self._is_running(running):
            return running
        try:
            job = Job.resume(entry)
        except AnimateDiffError as error:
            self._monitor.refuse(str(error))
            return None
        self._results.put_back(entry)
        return self._watch(job)

    def _watch(self, job: Job) -> Job:
        """Show a job from now on, and run it."""
        self.job = job
        if self._inside is None:
            self._show(job)
            job.start()
        else:
            self._run_inside(self._inside, job)
        return job

    def _show(self, job: Job) -> None:
        self.run_button.disabled, self.cancel_button.disabled = True, False
        self._monitor.watch(job)
        self._results.watch(job)
        job.observe(self._follow, ["state", "animation"])
        if job.finished:  # its animation lay on the disk already: nothing more will be told
            say_again(job, [])

    def cancel(self) -> None:
        """Cancel the job, as the Cancel button does."""
        if self.job is not None and not self.job.finished:
            self.cancel_button.disabled = True
            self.job.cancel()

    def _run_clicked(self) -> None:
        if self._inside is None or not self._inside.too_early():
            self._copy.pressed_on(current_header().get("session", ""))
            self.run()

    def _pick_up_clicked(self, entry: JournalEntry) -> None:
        self._copy.pressed_on(current_header().get("session", ""))
        self.pick_up(entry)

    def _is_running(self, job: Job | None) -> bool:
        return job is not None and not job.finished and job is not self._given_up

    def _run_inside(self, inside: InsideClick, job: Job) -> None:
        """Run a job inside the click; its end stands in its state and error."""
        try:
            inside.run(job, self._show)
        finally:
            with contextlib.suppress(KeyboardInterrupt), uninterrupted():  # there is nothing left to interrupt
                if inside.interrupted:
                    say_again(job, [self._monitor.box, self._results.tabs, self.run_button, self.cancel_button])
                if not job.finished:
                    self._given_up = job
                    self._monitor.refuse(TEXTS["given_up"])
                self.run_button.disabled, self.cancel_button.disabled = False, True

    def _client(self) -> Client:
        """Make the client, or raise what keeps the form from being sent."""
        from animatediff_widget.backends.client import Client

        if self._form.first_problem:
            raise AnimateDiffError(TEXTS["correct_first"] + self._form.first_problem)
        endpoint = self.endpoint
        if endpoint is None:
            raise AnimateDiffError(self._picker.trouble)
        if find_key(endpoint, self._picker.token) is None:
            refused = colab_refusal(endpoint)
            if refused or endpoint.kind == "replicate":
                raise AnimateDiffError(refused or TEXTS["key_missing"])
        return Client(endpoint, self._picker.token)

    def _follow(self, change: Any) -> None:
        if change["owner"] is not self.job:
            return
        if self._memory:
            self._memory.tell()
        if change["name"] == "animation":
            self.animation = change["new"]
            self._copy.keep(self.animation)
            if self._copy.out_of_reach:
                self._results.say(TEXTS["copy_is_older"])
        elif self.job.finished:
            if self._inside is not None:
                self._inside.look()
            self.run_button.disabled, self.cancel_button.disabled = False, True

    @default("endpoint")
    def _default_endpoint(self) -> Endpoint | None:
        endpoint: Endpoint | None = self._picker.endpoint
        return endpoint

    @observe("endpoint")
    def _endpoint_changed(self, change: Any) -> None:
        self._picker.endpoint = change["new"]
        self._monitor.take_back()
        self._results.show_request()

    @observe("request")
    def _request_changed(self, change: Any) -> None:
        if change["new"] is self._form.request:
            return
        change["old"].unobserve(self._results.show_request)
        change["new"].observe(self._results.show_request)
        self._form.bind(change["new"])
        self._results.show_request()
