"""The panel itself: a form, a Run button, and what came out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import Instance, default, observe

from animatediff_widget.credentials import find_key
from animatediff_widget.endpoint import Endpoint
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.request import AnimateDiffRequest

from .controls import Maker
from .endpoint_picker import EndpointPicker
from .form import Form
from .monitor import Monitor
from .place import shows_late_messages
from .results import Results
from .texts import TEXTS
from .theme import CLASS, STYLE

if TYPE_CHECKING:  # what only a run needs is imported with the first run
    from animatediff_widget.client import Client
    from animatediff_widget.job import Job

__all__ = ["AnimateDiffPanel"]


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
    job = Instance("animatediff_widget.job.Job", allow_none=True)
    animation = Instance("animatediff_widget.animation.Animation", allow_none=True)

    def __init__(
        self,
        request: AnimateDiffRequest | None = None,
        endpoint: Endpoint | None = None,
        token: str | None = None,
    ) -> None:
        make = Maker()
        request = request if request is not None else AnimateDiffRequest()
        self._picker = EndpointPicker(endpoint, token, make)
        self._form = Form(request, make)
        self._monitor = Monitor(make)
        self._results = Results(make, lambda: self.request, lambda: self.endpoint)
        self.run_button = make.make(
            widgets.Button,
            "ad-run",
            description=TEXTS["run"],
            icon="play",
            button_style="primary",
            help=TEXTS["run_help"],
        )
        self.cancel_button = make.make(
            widgets.Button,
            "ad-cancel",
            description=TEXTS["cancel"],
            icon="stop",
            disabled=True,
            help=TEXTS["cancel_help"],
        )
        advanced = make.make(widgets.Accordion, children=[self._form.advanced], selected_index=None)
        advanced.set_title(0, TEXTS["advanced"])
        left = make.box(
            [
                self._form.main,
                self._picker.box,
                advanced,
                make.row([self.run_button, self.cancel_button], "ad-actions"),
                self._monitor.box,
            ],
            "ad-form",
        )
        columns = make.make(widgets.HBox, "ad-columns", children=[left, self._results.tabs])
        super().__init__(children=[make.html(STYLE), columns], request=request)
        self.add_class(CLASS)
        request.observe(self._results.show_request)
        self._picker.observe(lambda change: setattr(self, "endpoint", change["new"]), "endpoint")
        self.run_button.on_click(lambda _: self.run())
        self.cancel_button.on_click(lambda _: self.cancel())

    def __repr__(self) -> str:
        return f"<AnimateDiffPanel {self.job or 'ready'}>"

    def run(self) -> Job | None:
        """Post the form's request as a job, as the Run button does.

        Returns
        -------
        Job or None
            The job; the one before where that still runs; None where nothing was sent, and the panel says why.
        """
        running: Job | None = self.job
        if running is not None and not running.finished:
            return running
        from animatediff_widget.job import Job

        try:
            job = Job(self.request, self._client())
        except AnimateDiffError as error:
            self._monitor.refuse(str(error))
            return None
        self.job = job
        self.run_button.disabled, self.cancel_button.disabled = True, False
        self._monitor.watch(job)
        self._results.watch(job)
        job.observe(self._follow, ["state", "animation"])
        if shows_late_messages():
            job.start()
        else:
            self._run_here(job)
        return job

    def cancel(self) -> None:
        """Cancel the job, as the Cancel button does."""
        if self.job is not None and not self.job.finished:
            self.cancel_button.disabled = True
            self.job.cancel()

    def _run_here(self, job: Job) -> None:
        """Run a job inside the click; its end stands in its state and error."""
        with contextlib.suppress(AnimateDiffError, KeyboardInterrupt):
            job.run()

    def _client(self) -> Client:
        """Make the client, or raise what keeps the form from being sent."""
        from animatediff_widget.client import Client

        if self._form.first_problem:
            raise AnimateDiffError(TEXTS["correct_first"] + self._form.first_problem)
        endpoint = self.endpoint
        if endpoint is None:
            raise AnimateDiffError(self._picker.trouble)
        if endpoint.kind == "replicate" and find_key(endpoint, self._picker.token) is None:
            raise AnimateDiffError(TEXTS["key_missing"])
        return Client(endpoint, self._picker.token)

    def _follow(self, change: Any) -> None:
        if change["owner"] is not self.job:
            return
        if change["name"] == "animation":
            self.animation = change["new"]
        elif self.job.finished:
            self.run_button.disabled, self.cancel_button.disabled = False, True

    @default("endpoint")
    def _default_endpoint(self) -> Endpoint | None:
        endpoint: Endpoint | None = self._picker.endpoint
        return endpoint

    @observe("endpoint")
    def _endpoint_changed(self, change: Any) -> None:
        self._picker.endpoint = change["new"]
        self._results.show_request()

    @observe("request")
    def _request_changed(self, change: Any) -> None:
        if change["new"] is self._form.request:
            return
        change["old"].unobserve(self._results.show_request)
        change["new"].observe(self._results.show_request)
        self._form.bind(change["new"])
        self._results.show_request()
