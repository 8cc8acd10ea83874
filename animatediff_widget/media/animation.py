"""An animation: its file and the recipe it was made by."""

from __future__ import annotations

import base64
import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import StorageError, check
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.model.body import Body
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .files import write_file
from .formats import MIMES, animated_png, convert, decode, sniff, still

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Animation", "data_url", "may_embed"]

_WIDTH = 512  # how wide it is shown, in pixels
_CAPTION = 300
_ROOM = 24_000  # by how many bytes the file of an output may be larger than the animation's own
# Nothing moves by itself where less motion is asked for, or where no script runs; the controls are there.
_PLAY = "if(!matchMedia('(prefers-reduced-motion: reduce)').matches)this.play().catch(()=>{})"


@guarded_class
class Animation:
    """A finished animation. As the last line of a cell it shows itself, playing.

    Parameters
    ----------
    data : bytes
        The file as it was made: mp4, WebP, GIF or PNG.
    request : AnimateDiffRequest or Body
        What made it, with the seed that was used.
    prediction : Prediction, optional
        The server's last answer.
    path : pathlib.Path, optional
        Where the file lies.

    Attributes
    ----------
    embed : bool or None
        Whether a cell that shows it keeps its media in the notebook. Set it on the class for all, or on one animation;
        None, the default, asks the environment: ``ANIMATEDIFF_WIDGET_EMBED=0`` keeps media out of every notebook.
    loop : bool or None
        Whether the image in a cell's output plays again and again. A plain image cannot know who looks at it, so those
        who want less motion set this to False, or ``ANIMATEDIFF_WIDGET_LOOP=0``: it plays once.
    """

    embed: bool | None = None
    loop: bool | None = None

    def __init__(
        self,
        data: bytes,
        request: AnimateDiffRequest | Body,
        prediction: Prediction | None = None,
        path: Path | None = None,
    ) -> None:
        check(bytes, data=data)
        check(Prediction, none=True, prediction=prediction)
        check(Path, none=True, path=path)
        self.data = data
        self.body = Body.of(request)
        self.prediction = prediction
        self.path = path
        self.suffix = sniff(data)

    @property
    def mime(self) -> str:
        """The media type, by the file's bytes: ``video/mp4``, ``image/webp``, ..."""
        return MIMES.get(self.suffix, "application/octet-stream")

    @property
    def request(self) -> AnimateDiffRequest:
        """What made it: a new request each time, to look at or to change for another job."""
        return self.body.request()

    @property
    def caption(self) -> str:
        """Its prompt, shortened to where a notebook keeps it beside the media."""
        prompt = self.body.prompt.encode("utf-8", "replace").decode()
        return prompt if len(prompt) <= _CAPTION else f"{prompt[:_CAPTION]}…"

    @property
    def seed(self) -> int | None:
        """The seed that made it: the one the server names, else the one that was sent."""
        return self.prediction.seed if self.prediction and self.prediction.seed is not None else self.body.seed

    def __repr__(self) -> str:
        if not hasattr(self, "suffix"):  # a traceback shows a constructor that failed
            return "<Animation (not made)>"
        return f"<Animation {self.mime}, {len(self.data) / 1024:.0f} KiB, seed {self.seed}>"

    def frames(self) -> list[Image]:
        """Decode every frame: mode RGB, all of one size; ``numpy.asarray(frame)`` is (height, width, 3), uint8.

        Raises
        ------
        MissingExtra
            When Pillow, or ffmpeg for a video, is not installed.
        OutputError
            When the file is damaged, or its frames take more than 256 MiB.
        """
        return decode(self.data, self.suffix)[0]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the animation.

        Parameters
        ----------
        path : path
            The file. Its suffix chooses the format: ``.webp``, ``.gif``, ``.png`` (animated) or ``.mp4``; without one,
            the animation's own is added. The animation's own format is saved byte by byte.

        Raises
        ------
        MissingExtra
            When the conversion needs what is not installed.
        OutputError
            When the format is unknown, the frames take more than 256 MiB (but for ``.mp4``), or the file cannot be
            written (`StorageError`).
        """
        check(Path, path=path)
        path = Path(path)
        try:
            path = path.expanduser()
            wanted = path.suffix[1:].lower() or self.suffix
            if not path.suffix:
                path = path.with_suffix(f".{self.suffix}")
            data = self.data if wanted == self.suffix else convert(self.data, self.suffix, wanted)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, data)
        except (OSError, ValueError, RuntimeError) as error:  # pathlib's own for what cannot be a name, or a home
            why = getattr(error, "strerror", None) or error
            raise StorageError(Message("not_written", path=path, why=why)) from None
        return path

    def to_html(self) -> str:
        """Write the animation as one HTML element with everything in it; it plays by itself and loops.

        Where less motion is asked for (``prefers-reduced-motion``), an image stands still and a video waits to be
        started.
        """
        if self.suffix not in MIMES:
            return f"<p>{html.escape(str(Message('no_media', size=len(self.data))))}</p>"
        source = data_url(self.mime, self.data)
        words = html.escape(self.caption, quote=True)
        style = f"width:{_WIDTH}px;max-width:100%;height:auto;display:block"
        if self.mime.startswith("video/"):
            return (
                f'<video loop muted playsinline controls preload="auto" onloadeddata="{_PLAY}" style="{style}" '
                f'aria-label="{words}" src="{source}"></video>'
            )
        image = f'<img alt="{words}" style="{style}" src="{source}">'
        frame = still(self.data, self.suffix)
        if frame is None:
            return image
        return (
            f'<picture><source media="(prefers-reduced-motion: reduce)" srcset="{data_url(*frame)}">{image}</picture>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        """Show it in a cell's output: an image that needs no script where that is small enough, else HTML.

        A bundle holds the media once: as an animated PNG or a JPEG (GitHub, nbconvert and every editor show these), or,
        for what is no drawing and would grow too much, as HTML beside a small still image. It is larger than the
        animation in base64 by 32 KB at the most. The prompt is the image's alternative text: in the metadata, where
        nbconvert's classic template looks for it, and as plain text, where VS Code does.
        """
        if not may_embed(self.embed):
            where = str(Message("lies_at", path=self.path)) if self.path else ""
            return {"text/plain": " ".join(filter(None, (repr(self), where, str(Message("kept_out")))))}, {}
        words = self.caption
        bundle, metadata = {"text/plain": f"{words}\n{self!r}"}, {}
        image = self._as_image()
        if image is None:
            bundle["text/html"] = self.to_html()
            image = still(self.data, self.suffix) if self.suffix in MIMES else None
        if image is not None:
            mime, data = image
            bundle[mime] = base64.b64encode(data).decode()
            metadata[mime] = {"width": _WIDTH, "alt": words}
        return bundle, metadata

    def _as_image(self) -> tuple[str, bytes] | None:
        """Give it as an image that is shown everywhere, with all its frames, where that is small enough."""
        loops = _wanted(self.loop, "ANIMATEDIFF_WIDGET_LOOP")
        if self.suffix == "jpg" or (self.suffix == "png" and loops):
            return self.mime, self.data
        if self.suffix not in ("webp", "gif", "png"):
            return None
        data = animated_png(self.data, self.suffix, len(self.data) + _ROOM, loops=loops)
        return ("image/png", data) if data is not None else None


def may_embed(choice: bool | None = None) -> bool:
    """Whether media may stand in a notebook; `choice` is an animation's `embed`, or None for the environment's."""
    return _wanted(choice if choice is not None else Animation.embed, "ANIMATEDIFF_WIDGET_EMBED")


def _wanted(choice: bool | None, variable: str) -> bool:
    """Whether something is wanted: as it was chosen, else by an environment variable, else yes."""
    if choice is not None:
        return choice
    return os.environ.get(variable, "").strip().lower() not in ("0", "false", "no", "off")


def data_url(mime: str, data: bytes) -> str:
    """Write bytes as a ``data:`` URL (RFC 2397)."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
