"""Pictures as SVG, written by hand: no plotting library is needed, and the browser's own fonts write every language."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from animatediff_widget.texts.plain import printable

from .arguments import Floats

__all__ = ["BLUE", "COLORS", "GRAY", "GREEN", "INK", "RED", "Canvas", "Picture"]

# Colours that the colour-blind can tell apart (Okabe & Ito, 2008).
BLUE, RED, GREEN, GRAY = "#0072b2", "#d55e00", "#007a5e", "#767676"
COLORS = (BLUE, "#e69f00", GREEN, "#cc79a7", "#56b4e9", RED, "#7a6a00", "#4b3f8f", GRAY)
INK, _FAINT = "#222222", "#d9d9d9"
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing. As the last line of a cell it shows itself, on a white ground in a light theme and in a dark one.

    Attributes
    ----------
    svg : str
        The drawing as an SVG document with everything in it.
    alt : str
        What it shows, in words, for those who do not see it.
    width, height : int
        Its size in CSS pixels; it is shown smaller where there is less room.
    """

    svg: str
    alt: str
    width: int
    height: int

    def __repr__(self) -> str:
        return f"<Picture {self.width} x {self.height}: {self.alt}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show it in a cell's output: an image, so that nothing in it can run, with its words for screen readers."""
        data = base64.b64encode(self.svg.encode()).decode()
        size = f'width="{self.width}" height="{self.height}" style="max-width:100%;height:auto"'
        image = f'<img alt="{html.escape(self.alt, quote=True)}" {size} src="data:image/svg+xml;base64,{data}">'
        return {"text/html": image, "text/plain": repr(self)}


class Canvas:
    """What is drawn on: elements in the order of painting, in pixels from the upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._parts: list[str] = []

    def finish(self, alt: str) -> Picture:
        """Make the picture."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="{_FONT}" font-size="13" fill="{INK}">'
        )
        ground = f'<rect width="{self.width}" height="{self.height}" rx="6" fill="#ffffff"/>'
        return Picture(f"{head}{ground}{''.join(self._parts)}</svg>", printable(alt), self.width, self.height)

    def rectangle(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill a rectangle."""
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"/>')

    def line(self, points: Any, color: str = _FAINT, width: float = 1.0, dash: str = "", opacity: float = 1.0) -> None:
        """Draw a line through points, shape (n, 2)."""
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        style = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<polyline points="{where}" fill="none" stroke="{color}" stroke-width="{width}" '
            f'stroke-linejoin="round" opacity="{opacity}"{style}/>'
        )

    def dots(self, points: Any, radius: float, color: str, opacity: float = 1.0, edge: str = "none") -> None:
        """Draw dots."""
        circles = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>' for x, y in points)
        self._parts.append(f'<g fill="{color}" stroke="{edge}" opacity="{opacity}">{circles}</g>')

    def arrow(self, start: Floats, end: Floats, color: str, width: float = 2.5) -> None:
        """Draw an arrow; one that is too short for its head is a dot."""
        length = float(np.hypot(*(end - start)))
        if length < width:
            self.dots([end], width, color)
            return
        along = (end - start) / length
        head = min(4.0 * width, length)
        neck, side = end - head * along, 0.45 * head * np.array([-along[1], along[0]])
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (end, neck + side, neck - side))
        self.line([start, neck], color, width)
        self._parts.append(f'<polygon points="{corners}" fill="{color}"/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        color: str = INK,
        size: int = 13,
        halo: bool = False,
    ) -> None:
        """Write words, their base line at y; `anchor` is start, middle or end."""
        around = ' paint-order="stroke" stroke="#ffffff" stroke-width="4"' if halo else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}"{around}>'
            f"{html.escape(printable(words))}</text>"
        )

    def pixels(self, frame: Floats, x: float, y: float, width: float, height: float) -> None:
        """Put in a frame, shape (rows, columns, 3), 0 to 1; values beyond are clipped. Its pixels stay square."""
        file = io.BytesIO()
        Image.fromarray(np.round(np.clip(frame, 0.0, 1.0) * 255.0).astype(np.uint8)).save(file, "PNG")
        source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        self._parts.append(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="{source}"/>'
        )

    def inside(self, picture: Picture, x: float, y: float) -> None:
        """Put in a whole picture."""
        self._parts.append(picture.svg.replace("<svg ", f'<svg x="{x:.1f}" y="{y:.1f}" ', 1))
