"""What a cell keeps for readers without a kernel: the panel's last animation and its JSON, or a sheet as a picture."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from typing import Any

from animatediff_widget.media.animation import Animation
from animatediff_widget.texts import Texts

from .front_end import saves_widgets
from .markup import plain, shorten

__all__ = ["KeptSheet", "StaticCopy"]

_LARGEST_JSON = 10_000  # in bytes
_LONGEST_STRING = 2_000


@dataclass(frozen=True)
class KeptSheet:
    """A sheet as it is kept: an animated PNG, or None where media are kept out; what it shows; its settings as JSON."""

    picture: bytes | None
    width: int
    caption: str
    record: Any

    def __repr__(self) -> str:
        return f"<ContactSheet {self.caption}>"

    def _repr_mimebundle_(self) -> tuple[dict[str, str], dict[str, Any]]:
        bundle, metadata = {"text/plain": self.caption}, {}
        if self.picture is not None:
            bundle["image/png"] = base64.b64encode(self.picture).decode()
            metadata["image/png"] = {"width": self.width, "alt": self.caption}
        return bundle, metadata


class StaticCopy:
    """Two plain outputs below the panel, in the same cell; hidden by the style for as long as the panel is there.

    The panel is a widget, and a notebook without its kernel shows no widget and nothing that stands in the same output.
    So the copy is outputs of its own, which are known by a display id and replaced whenever there is a new animation:
    the animation as a standard image, then its recipe as text that folds.
    """

    def __init__(self, name: str, texts: Texts) -> None:
        self._texts = texts
        self._image_id, self._recipe_id = f"animatediff-{name}-image", f"animatediff-{name}-recipe"
        self._animation: Animation | KeptSheet | None = None
        self._is_displayed = False
        self._page = ""
        # Whether Run was pressed last on a page that cannot replace the outputs: display ids stand in no file, and so
        # a page that was reloaded does not know them (JupyterLab's `OutputArea` and kernel connection).
        self.out_of_reach = False

    def display(self) -> None:
        """Add the outputs to the cell that runs."""
        if not saves_widgets():  # else the notebook has the media already
            self._send(update=False)
            self._is_displayed = True
            self._page, self.out_of_reach = "", False

    def pressed_on(self, page: str) -> None:
        """Note on which page Run is pressed; the first one after `display` is taken for the one that ran the cell.

        A page is the session of its messages: another one after a reload, the same when only the connection was lost.
        The session of the cell's own message would not do: in Voilà, and where a server runs cells, it is no page's.
        """
        self._page = self._page or page
        self.out_of_reach = self._is_displayed and bool(page) and page != self._page

    def keep(self, animation: Animation | KeptSheet | None) -> None:
        """Replace what the outputs hold, in every cell that displays them."""
        self._animation = animation
        if self._is_displayed:
            self._send(update=True)

    def _send(self, *, update: bool) -> None:
        for display_id, (data, metadata) in ((self._image_id, self._image()), (self._recipe_id, self._recipe())):
            if "IPython" in sys.modules:
                from IPython.display import publish_display_data

                publish_display_data(data, metadata, transient={"display_id": display_id}, update=update)  # type: ignore[no-untyped-call]

    def _image(self) -> tuple[dict[str, str], dict[str, Any]]:
        if self._animation is None:
            return {"text/html": '<div class="animatediff-copy"></div>', "text/plain": ""}, {}
        return self._animation._repr_mimebundle_()

    def _recipe(self) -> tuple[dict[str, str], dict[str, Any]]:
        rows, hint = "", self._texts["needs_kernel"]
        if self._animation is not None:
            rows = f"<p>{plain(self._animation.caption)}</p>"
            record = _record(self._animation)
            if record is not None:
                text = _bounded(record)
                rows += f"<details><summary>JSON</summary><pre>{plain(text)}</pre></details>"
        return {
            "text/html": f'<div class="animatediff-copy animatediff-recipe">{rows}<p><em>{plain(hint)}</em></p></div>',
            "text/plain": repr(self._animation) if self._animation else hint,
        }, {}


def _record(shown: Animation | KeptSheet) -> Any:
    if isinstance(shown, KeptSheet):
        return shown.record
    return shown.prediction.raw if shown.prediction is not None else None


def _bounded(value: Any) -> str:
    """Write JSON with its long strings shortened (a log, a data url), so that a notebook does not grow by it."""
    text = json.dumps(_shortened(value), indent=2, ensure_ascii=False)
    while _size(plain(text)) > _LARGEST_JSON:
        text = f"{text[: len(text) * 3 // 4]}\n…"
    return text


def _size(text: str) -> int:
    """How much a notebook grows by a text, in bytes: every line becomes a string of its own, on an indented line."""
    return len(json.dumps(text, ensure_ascii=False).encode()) + 16 * text.count("\n")


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        if value.startswith("data:"):  # the animation itself, which the other output holds
            return f"{value[:60]}…"
        return shorten(value, _LONGEST_STRING)
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    return value
