"""What came out: the animation, the JSON, the log, and the request itself."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from animatediff_widget.errors import AnimateDiffError, JournalError
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import TEXTS

from .controls import Maker, problem
from .history import History
from .markup import code_block, json_view, log_view, plain
from .place import may_show

if TYPE_CHECKING:
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.journal.sqlite import JournalEntry
    from animatediff_widget.media.animation import Animation
    from animatediff_widget.model.prediction import Prediction

__all__ = ["Results"]

_TABS = ("tab_animation", "tab_json", "tab_logs", "tab_request", "tab_history")


class Results:
    """The tabs beside the form.

    Parameters
    ----------
    maker : Maker
        What makes the widgets.
    get_request : callable
        Gives the panel's request.
    get_endpoint : callable
        Gives the panel's endpoint, or None.
    """

    def __init__(self, maker: Maker, get_request: Any, get_endpoint: Any) -> None:
        self._get_request = get_request
        self._get_endpoint = get_endpoint
        self._job: Job | None = None
        self._shown: str | None = None  # a job of the journal
        self._prediction: Prediction | None = None
        self.animation: Animation | None = None

        self.stage = maker.html(_empty("nothing_yet"), "ad-stage")
        self.file_name = maker.make(
            widgets.Text, "ad-grow", description=TEXTS["save_as"], help=TEXTS["save_help"], disabled=True
        )
        self.save = maker.button("save", "download", disabled=True)
        self.use_seed = maker.button("use_seed", "repeat", disabled=True)
        self.said = maker.html()
        self.json = maker.html(_empty("no_json"))
        self.save_json = maker.button("save_json", "download", disabled=True)
        self.json_said = maker.html()
        self.logs = maker.html(_empty("no_logs"))
        self.form = maker.make(
            widgets.ToggleButtons, description=TEXTS["as"], options=["JSON", "curl", "Python"], value="JSON"
        )
        self.request = maker.html()
        self.history = History(maker, self.show_entry)
        self.tabs = maker.make(
            widgets.Tab,
            "ad-results",
            children=[
                maker.box([self.stage, maker.row([self.file_name, self.save, self.use_seed]), self.said]),
                maker.box([self.json, maker.row([self.save_json, self.json_said])]),
                maker.box([self.logs]),
                maker.box([self.form, self.request]),
                self.history.box,
            ],
        )
        for index, name in enumerate(_TABS):
            self.tabs.set_title(index, TEXTS[name])
        self.tabs.selected_index = 0

        self.save.on_click(self._save)
        self.save_json.on_click(self._save_json)
        self.use_seed.on_click(self._use_seed)
        self.form.observe(self.show_request, "value")
        self.tabs.observe(self._tab_chosen, "selected_index")

    def watch(self, job: Job) -> None:
        """Show a job from now on, and no other.

        Parameters
        ----------
        job : Job
            The job.
        """
        if self._job is not None:
            self._job.unobserve(self._changed, ["state", "prediction", "animation"])
        self._job, self._shown = job, None
        self.stage.value = _empty("drawing", "ad-drawing")
        self._clear()
        job.observe(self._changed, ["state", "prediction", "animation"])

    @property
    def shown(self) -> str | None:
        """The journal's key of the job that is shown."""
        return self._shown or (self._job.key if self._job is not None else None)

    def _clear(self) -> None:
        """Take away what belongs to another job, so that nothing of it is saved under this one's name."""
        self._prediction = None
        self.said.value = self.json_said.value = ""
        self.file_name.disabled = self.save.disabled = self.use_seed.disabled = self.save_json.disabled = True
        self.json.value, self.logs.value = _empty("no_json"), _empty("no_logs")

    def show_entry(self, entry: JournalEntry) -> None:
        """Show a job of the journal with its JSON, and put its settings back into the form.

        Parameters
        ----------
        entry : JournalEntry
            The job.
        """
        self.put_back(entry)
        self.show_result(entry)
        self.tabs.selected_index = 0

    def show_result(self, entry: JournalEntry) -> None:
        """Show what came out of a job of the journal.

        Parameters
        ----------
        entry : JournalEntry
            The job.
        """
        self._shown = entry.key
        self._clear()
        animation = entry.animation()
        if animation is not None:
            self._show(animation)
        else:
            state = TEXTS["history_gone"] if entry.state == "succeeded" else TEXTS.get(f"state_{entry.state}", "")
            self.stage.value = _empty_text(entry.error or state)
        if entry.prediction is not None:
            self._tell(entry.prediction)

    def say(self, sentence: str) -> None:
        """Say something about the animation that is shown, below it.

        Parameters
        ----------
        sentence : str
            What is said, until the next job.
        """
        self.said.value = _said(sentence)

    def put_back(self, entry: JournalEntry) -> None:
        """Put a job's settings back into the form.

        Parameters
        ----------
        entry : JournalEntry
            The job.
        """
        request: AnimateDiffRequest = self._get_request()
        for name, value in entry.request.trait_values().items():
            setattr(request, name, value)

    def _tab_chosen(self, change: Any) -> None:
        if change["new"] == _TABS.index("tab_history"):
            self.history.refresh()
        self.show_request()

    def _tell(self, prediction: Prediction) -> None:
        self._prediction = prediction
        self.json.value = json_view(prediction.raw)
        if prediction.logs:
            self.logs.value = log_view(prediction.logs)
        self.save_json.disabled = False

    def show_request(self, _: Any = None) -> None:
        """Write the request as it would be sent now; only while it is looked at."""
        if self.tabs.selected_index != _TABS.index("tab_request"):
            return
        request: AnimateDiffRequest = self._get_request()
        try:
            if self.form.value == "JSON":
                text = request.to_json()
            else:
                endpoint: Endpoint | None = self._get_endpoint()
                text = request.to_curl(endpoint) if self.form.value == "curl" else request.to_python(endpoint)
        except AnimateDiffError as error:
            self.request.value = problem(str(error))
            return
        later = f'<p class="ad-quiet">{plain(TEXTS["seed_later"])}</p>' if request.seed is None else ""
        self.request.value = code_block(text) + later

    def _changed(self, change: Any) -> None:
        job = self._job
        assert job is not None
        if change["name"] == "prediction" and job.prediction is not None:
            self._tell(job.prediction)
        elif change["name"] == "animation" and job.animation is not None:
            self._shown = None
            self._show(job.animation)
            if job.key is not None:
                with contextlib.suppress(JournalError):
                    job.journal.see(job.key)
            if self.tabs.selected_index == _TABS.index("tab_history"):
                self.history.refresh()
        elif change["name"] == "state" and job.error is not None:
            self._shown = None
            self.stage.value = _empty_text(str(job.error))
            body = getattr(job.error, "body", None)
            if body is not None:  # an endpoint's error is an answer as well
                self.json.value = json_view(body)

    def _show(self, animation: Animation) -> None:
        self.animation = animation
        request = animation.request
        recipe = TEXTS["recipe"].format(
            seed=animation.seed,
            steps=request.steps,
            guidance=f"{request.guidance_scale:g}",
            checkpoint=Path(request.path).stem,
            motion=request.motion_module,
        )
        kept = TEXTS["kept"].format(path=animation.path)
        shown = animation.to_html() if may_show(animation.embed) else _empty("kept_out")
        self.stage.value = (
            f'{shown}<div class="ad-quiet">{plain(recipe)}</div><div class="ad-quiet">{plain(kept)}</div>'
        )
        words = "-".join(re.findall(r"\w+", request.prompt)[:4])[:40] or "animation"
        self.file_name.value = f"{words}-{animation.seed}.{animation.suffix}"
        self.file_name.disabled = self.save.disabled = self.use_seed.disabled = False

    def _save(self, _: Any) -> None:
        name = self.file_name.value.strip()
        if self.animation is None or not name:
            self.said.value = problem(TEXTS["name_missing"])
            return
        try:
            path = self.animation.save(name)
        except AnimateDiffError as error:
            self.said.value = problem(str(error))
            return
        self.said.value = _said(TEXTS["saved"].format(path=path.resolve()))

    def _save_json(self, _: Any) -> None:
        prediction = self._prediction
        if prediction is None:
            return
        path = Path(f"prediction-{re.sub(r'[^A-Za-z0-9-]', '', prediction.id or 'answer')[:64]}.json")
        try:
            path.write_text(json.dumps(prediction.raw, indent=2), encoding="utf-8")
        except OSError as error:
            self.json_said.value = problem(TEXTS["not_written"].format(path=path, why=error.strerror or error))
            return
        self.json_said.value = _said(TEXTS["saved"].format(path=path.resolve()))

    def _use_seed(self, _: Any) -> None:
        if self.animation is not None and self.animation.seed is not None:
            self._get_request().seed = self.animation.seed
            self.said.value = _said(TEXTS["seed_used"].format(seed=self.animation.seed))


def _said(text: str) -> str:
    return f'<div class="ad-quiet ad-said">{plain(text)}</div>'


def _empty(name: str, classes: str = "") -> str:
    return _empty_text(TEXTS[name], classes)


def _empty_text(text: str, classes: str = "") -> str:
    return f'<div class="ad-empty {classes}"><span>{plain(text)}</span></div>'
