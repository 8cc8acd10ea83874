"""An animation: its file and the recipe it was made by."""

from __future__ import annotations

import base64
import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._media import MIMES, convert, decode, sniff
from .errors import StorageError
from .prediction import Prediction
from .request import AnimateDiffRequest

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Animation"]


class Animation:
    """A finished animation. As the last line of a cell it shows itself, playing.

    Parameters
    ----------
    data : bytes
        The file as it was made: mp4, WebP, GIF or PNG.
    request : AnimateDiffRequest
        What made it, with the seed that was used.
    prediction : Prediction, optional
        The server's last answer.
    path : pathlib.Path, optional
        Where the file lies.
    """

    def __init__(
        self,
        data: bytes,
        request: AnimateDiffRequest,
        prediction: Prediction | None = None,
        path: Path | None = None,
    ) -> None:
        self.data = data
        self.request = request
        self.prediction = prediction
        self.path = path
        self.suffix = sniff(data)

    @property
    def mime(self) -> str:
        """The media type, by the file's bytes: ``video/mp4``, ``image/webp``, ..."""
        return MIMES.get(self.suffix, "application/octet-stream")

    @property
    def seed(self) -> int | None:
        """The seed that made it: the one the server names, else the one that was sent."""
        return self.prediction.seed if self.prediction and self.prediction.seed is not None else self.request.seed

    def __repr__(self) -> str:
        return f"<Animation {self.mime}, {len(self.data) / 1024:.0f} KiB, seed {self.seed}>"

    def frames(self) -> list[Image]:
        """Decode every frame.

        Returns
        -------
        list of PIL.Image.Image
            Mode RGB, all of one size. ``numpy.asarray(frame)`` has shape (height, width, 3), dtype uint8.

        Raises
        ------
        MissingExtra
            When Pillow, or ffmpeg for a video, is not installed.
        OutputError
            When the file is damaged.
        """
        return decode(self.data, self.suffix)[0]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the animation.

        Parameters
        ----------
        path : path
            The file. Its suffix chooses the format: ``.webp``, ``.gif``, ``.png`` (animated) or ``.mp4``; without one,
            the animation's own is added. The animation's own format is saved byte by byte.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        MissingExtra
            When the conversion needs what is not installed.
        OutputError
            When the format is unknown or the file cannot be written (`StorageError`).
        """
        path = Path(path).expanduser()
        wanted = path.suffix[1:].lower() or self.suffix
        if not path.suffix:
            path = path.with_suffix(f".{self.suffix}")
        data = self.data if wanted == self.suffix else convert(self.data, self.suffix, wanted)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise StorageError(
                f"{path} could not be written: {error.strerror or error}. Choose another place."
            ) from None
        return path

    def to_html(self) -> str:
        """Write the animation as one HTML element with everything in it; it plays by itself and loops."""
        if self.suffix not in MIMES:
            return f"<p>The endpoint sent {len(self.data)} bytes that are no image or video.</p>"
        source = f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"
        words = html.escape(self.request.prompt[:1000], quote=True)
        style = "width:512px;max-width:100%;height:auto;display:block"
        if self.mime.startswith("video/"):
            return (
                f'<video autoplay loop muted playsinline controls style="{style}" aria-label="{words}" '
                f'src="{source}"></video>'
            )
        return f'<img alt="{words}" style="{style}" src="{source}">'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": repr(self)}
