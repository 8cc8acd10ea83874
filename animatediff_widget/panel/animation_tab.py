"""The tab with the animation: it plays there, and is saved from there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from animatediff_widget.errors import AnimateDiffError, InvalidRequest
from animatediff_widget.jobs.view import JobView
from animatediff_widget.media.animation import Animation, data_url
from animatediff_widget.texts import Message

from .controls import Maker, refill
from .front_end import may_show
from .markup import empty, picture, problem, quiet, said
from .prompt_words import telling_words

__all__ = ["AnimationTab"]


_MOST_OTHERS = 20


class AnimationTab:
    """Shows what came out of the job that is displayed; `set_seed` uses its seed for another one."""

    def __init__(self, maker: Maker, set_seed: Callable[[int], None] | None = None) -> None:
        texts = maker.texts
        self._maker, self._texts, self._set_seed = maker, texts, set_seed
        self.animation: Animation | None = None  # the one that plays
        self.stage = maker.html(empty(texts["nothing_yet"]), "ad-stage")
        self.file_name = maker.text(
            self._say_problem, "ad-grow", description=texts["save_as"], help=texts["save_help"], disabled=True
        )
        self.save = maker.button("save", "download", disabled=True)
        self.use_seed = maker.button("use_seed", "repeat", disabled=True)
        self.note = maker.html()
        actions = [self.file_name, self.save, *([self.use_seed] if set_seed else [])]
        self._always = (self.stage, maker.row(actions), self.note)
        self.box = maker.box(list(self._always))
        self.save.on_click(lambda _: self._save(self.animation))
        self.use_seed.on_click(self._use_seed)

    def render(self, view: JobView, *, is_old: bool = False) -> None:
        """Show a job; nothing of another one is left, so that it is not saved under this one's name.

        One of the journal (`is_old`) is not drawing, however it stands.
        """
        animation, texts = view.animation, self._texts
        if animation is not None and animation is self.animation:
            return
        self.animation = animation
        self.note.value = ""
        self._render_others(view.animations[1:])
        if animation is not None:
            kept = texts["kept"].format(path=animation.path)
            self.stage.value = f"{self._media(animation)}{quiet(self._recipe(animation))}{quiet(kept)}"
            self.file_name.value = file_name(animation)
        elif view.finished or is_old:
            says_why = view.error is not None and not view.candidates
            code = "history_gone" if view.state == "succeeded" else f"state_{view.state}"
            self.stage.value = empty(texts.say(view.error) if says_why else texts.get(code, view.state))
        elif view.preview is not None:
            self.stage.value = picture(data_url("image/jpeg", view.preview), texts["preview_alt"], texts["drawing"])
        else:
            self.stage.value = empty(texts["drawing"], "ad-drawing") + quiet("\N{NO-BREAK SPACE}")
        self.file_name.disabled = self.save.disabled = self.use_seed.disabled = animation is None

    def _media(self, animation: Animation) -> str:
        return animation.to_html() if may_show(animation.embed) else empty(self._texts["kept_out"])

    def _render_others(self, animations: Sequence[Animation]) -> None:
        """Show the further animations of a job in a row below the first; of very many, say where the last ones lie."""
        others = [self._other(*each) for each in enumerate(animations[:_MOST_OTHERS], 2)]
        refill(self.box, *self._always, *([self._maker.row(others, "ad-others")] if others else []))
        if animations[_MOST_OTHERS:]:
            files = ", ".join(str(animation.path) for animation in animations[_MOST_OTHERS:])
            self.note.value = quiet(self._texts["further_files"].format(files=files))

    def _other(self, number: int, animation: Animation) -> Any:
        save = self._maker.button("save", "download")
        save.description += f" {number}"
        save.on_click(lambda _: self._save(animation, number))
        return self._maker.box([self._maker.html(self._media(animation)), save], "ad-other")

    def _recipe(self, animation: Animation) -> str:
        """Say what made it; nothing of a job from elsewhere whose settings this form cannot hold."""
        try:
            request = animation.request
        except InvalidRequest:
            return ""
        return self._texts["recipe"].format(
            seed=animation.seed,
            steps=request.steps,
            guidance=f"{request.guidance_scale:g}",
            checkpoint=Path(request.path).stem,
            motion=request.motion_module,
        )

    def _save(self, animation: Animation | None, number: int = 1) -> None:
        """Save an animation under the name that stands in the field; a further one under that name and its number."""
        name, suffix = os.path.splitext(self.file_name.value.strip())
        if animation is None or not name:
            self._say_problem(Message("name_missing"))
            return
        try:
            path = animation.save(f"{name}-{number}{suffix}" if number > 1 else f"{name}{suffix}")
        except AnimateDiffError as error:
            self._say_problem(error)
            return
        self.note.value = said(self._texts["saved"].format(path=path.resolve()))

    def _say_problem(self, why: Message | AnimateDiffError) -> None:
        self.note.value = problem(self._texts.say(why))

    def _use_seed(self, _: Any) -> None:
        if self.animation is not None and self.animation.seed is not None and self._set_seed is not None:
            self._set_seed(self.animation.seed)
            self.note.value = said(self._texts["seed_used"].format(seed=self.animation.seed))


def file_name(animation: Animation) -> str:
    """Offer a name for an animation's file: the words of its prompt that tell, and its seed."""
    words = re.findall(r"\w+", telling_words(animation.body.prompt, 40)) or ["animation"]
    seed = [] if animation.seed is None else [str(animation.seed)]
    return f"{'-'.join(words + seed)}.{animation.suffix}"
