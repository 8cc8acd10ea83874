"""Drawing many clips as one animated picture with labels."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_widget.errors import AnimateDiffError, MissingExtra, OutputError
from animatediff_widget.texts import Message

from .formats import WRITABLE, TooLarge, encode_images
from .strips import Strip, sample
from .video import encode_video

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["SheetLine", "can_draw", "draw_sheet", "draw_small"]

_FRAMES = 16
_SIDES = (192, 160, 128, 96, 64, 48, 32)  # of a cell, in pixels
_BUDGET = 160 * 2**20  # for all frames, in bytes
_GAP = 6
_LARGEST_SMALL = 128
_LEAST = 0.12  # of a byte: what a pixel of a drawn clip takes in a PNG of 128 colours, or more
_LONGEST_LABEL = 60  # in characters
_PAPER, _INK, _QUIET, _EMPTY = (255, 255, 255), (28, 28, 30), (92, 92, 102), (240, 240, 244)

# Fonts of the usual systems, by the names of their files: one for the alphabets, then those with Chinese. Pillow looks
# for them where the system keeps its fonts.
_FONTS = (
    "DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "msyh.ttc",
    "simhei.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc", "STHeiti Light.ttc", "Arial Unicode.ttf",
)  # fmt: skip


@dataclass(frozen=True)
class SheetLine:
    """One line of a sheet: its label, labels above its cells (or none), and what each holds: a file, a strip, words."""

    label: str
    above: tuple[str, ...]
    cells: tuple[Path | Strip | str, ...]


def draw_sheet(lines: Sequence[SheetLine], across: str, down: str, to: str) -> bytes:
    """Draw the sheet as an animation of 16 frames in one of the formats that can be written.

    `across` names the columns, `down` the lines. A file that cannot be decoded leaves its cell empty. Shorter clips
    begin again; the loop is as long as the longest clip. `OutputError` where the format is unknown, there are too many
    cells for one picture, or no font of this machine has the characters of the labels.
    """
    if to not in WRITABLE:
        formats = ", ".join(f".{name}" for name in WRITABLE)
        raise OutputError(Message("no_such_format", suffix=to, formats=formats))
    frames, duration = _frames(lines, across, down, _sides(lines)[0])
    if to == "mp4":
        return encode_video(frames, duration)
    options: dict[str, Any] = {"quality": 75, "method": 2} if to == "webp" else {}
    return encode_images(list(frames), duration, to, **options)


def draw_small(lines: Sequence[SheetLine], across: str, down: str, limit: int) -> tuple[bytes, int] | None:
    """Draw the sheet as an animated PNG of at most `limit` bytes, in 128 colours; give its width too.

    None where not even the smallest cells make it small enough, or it cannot be drawn here.
    """
    with contextlib.suppress(OutputError, MissingExtra, ImportError):
        from PIL.Image import Dither

        cells = sum(len(line.cells) for line in lines)
        for side in _sides(lines):
            if side > _LARGEST_SMALL or cells * side**2 * _FRAMES * _LEAST > limit:
                continue
            frames, duration = _frames(lines, across, down, side)
            first, *others = frames
            colours = first.quantize(128)
            drawn = [colours, *(frame.quantize(palette=colours, dither=Dither.NONE) for frame in others)]
            with contextlib.suppress(TooLarge):
                return encode_images(drawn, duration, "png", limit), first.width
    return None


def _sides(lines: Sequence[SheetLine]) -> list[int]:
    """Give the sizes of a cell with which all frames fit into the memory that they may take; the largest first."""
    wide, high = max(len(line.cells) for line in lines), len(lines)
    pixels = _BUDGET // (4 * _FRAMES)
    fitting = [side for side in _SIDES if (wide * (side + _GAP) + 160) * high * (side + _GAP) <= pixels]
    if not fitting:
        raise OutputError(Message("sheet_too_large", count=sum(len(line.cells) for line in lines)))
    return fitting


def _frames(lines: Sequence[SheetLine], across: str, down: str, side: int) -> tuple[Iterator[Image], float]:
    """Draw the frames of a sheet; and give for how many milliseconds one is shown."""
    texts = [across, down, *(text for line in lines for text in (line.label, *line.above))]
    texts += [cell for line in lines for cell in line.cells if isinstance(cell, str)]
    if not can_draw("".join(texts)):
        raise OutputError(Message("sheet_no_font"))
    sheet = _Sheet(side, "".join(texts))
    blank, places = sheet.lay_out(lines, across, down)
    clips = [(place, *clip) for place, cell in places if (clip := _clip(cell, side)) is not None]
    seconds = max((length for _, _, length in clips), default=1.0)

    def frames() -> Iterator[Image]:
        for number in range(_FRAMES if clips else 1):
            frame = blank.copy()
            for (left, top), pictures, length in clips:
                place = int(number * seconds * len(pictures) / (_FRAMES * length) + 1e-6) if length else 0
                picture = pictures[place % len(pictures)]
                spare = (side - picture.width) // 2, (side - picture.height) // 2
                frame.paste(picture, (left + spare[0], top + spare[1]))
            yield frame

    return frames(), max(20.0, 1000 * seconds / _FRAMES)


def _clip(cell: Path | Strip, side: int) -> tuple[list[Image], float] | None:
    """Decode a clip; None where that cannot be done."""
    try:
        return cell.frames(side) if isinstance(cell, Strip) else sample(cell.read_bytes(), side, _FRAMES)
    except (OSError, AnimateDiffError):
        return None


def can_draw(text: str) -> bool:
    """Whether a font of this machine has all the characters of a text."""
    return _font(text, 12) is not None


def _font(text: str, size: int) -> Any:
    """Find a font that has all these characters; None where there is none."""
    wanted = frozenset(text) - {"\n"}
    for name in ("", *_FONTS):
        font = _load(name, size)
        if font is not None and _has(font, wanted):
            return font
    return None


@functools.lru_cache(maxsize=64)
def _load(name: str, size: int) -> Any:
    """Load a font; Pillow's own, which has the letters of English, for no name."""
    try:
        from PIL import ImageFont
    except ImportError:
        raise MissingExtra(Message("pillow_missing")) from None
    try:
        return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    except (OSError, TypeError):  # not there; Pillow before 10.1, whose own font has one size
        return None


def _has(font: Any, wanted: Iterable[str]) -> bool:
    """Whether a font has characters: what it lacks is drawn as the same box as what no font has."""
    box = bytes(font.getmask("\U000ffffe"))
    return all(character.isspace() or bytes(font.getmask(character)) != box for character in wanted)


class _Sheet:
    """Places labels and cells on paper."""

    def __init__(self, side: int, text: str) -> None:
        self._side, self._size = side, 14 if side >= 96 else 10
        self._font = _font(text, self._size)
        self._high = round(self._size * 1.5)  # of a line of text

    def lay_out(
        self, lines: Sequence[SheetLine], across: str, down: str
    ) -> tuple[Image, list[tuple[tuple[int, int], Path | Strip]]]:
        """Draw everything that stands still; give where which file goes."""
        from PIL import Image, ImageDraw

        side, step = self._side, self._side + _GAP
        labels = [self._wrap(line.label, 150) for line in lines]
        left = _GAP + max([self._width(part) for parts in (*labels, self._wrap(down, 150)) for part in parts] or [0])
        left += _GAP if left > _GAP else 0
        above = [[self._wrap(text, side) for text in line.above] for line in lines]
        heights = [max((len(parts) for parts in line), default=0) * self._high for line in above]
        head = self._high + 2 * _GAP if across else _GAP
        width = left + max(len(line.cells) for line in lines) * step
        paper = Image.new("RGB", (width, head + sum(heights) + len(lines) * step), _PAPER)
        draw, places = ImageDraw.Draw(paper), []
        draw.text((left, _GAP), across, _QUIET, self._font)
        top = head
        for line, parts, captions, height in zip(lines, labels, above, heights, strict=True):
            if down and line is lines[0]:
                draw.text((_GAP, top + height - self._high), down, _QUIET, self._font)
            for column, caption in enumerate(captions):
                self._write(draw, caption, left + column * step + side // 2, top + height - len(caption) * self._high)
            top += height
            middle = top + (side - len(parts) * self._high) // 2
            for number, part in enumerate(parts):
                at = left - 2 * _GAP - self._width(part), middle + number * self._high
                draw.text((at[0] + _GAP, at[1]), part, _INK, self._font)
            for column, cell in enumerate(line.cells):
                corner = left + column * step, top
                draw.rectangle((*corner, corner[0] + side - 1, corner[1] + side - 1), _EMPTY)
                if not isinstance(cell, str):
                    places.append((corner, cell))
                    continue
                words = self._wrap(cell, side - 8)
                self._write(draw, words, corner[0] + side // 2, top + (side - len(words) * self._high) // 2, _QUIET)
            top += step
        return paper, places

    def _write(self, draw: Any, parts: list[str], middle: int, top: int, ink: tuple[int, int, int] = _INK) -> None:
        for number, part in enumerate(parts):
            draw.text((middle - self._width(part) // 2, top + number * self._high), part, ink, self._font)

    def _width(self, text: str) -> int:
        return math.ceil(float(self._font.getlength(text)))

    def _wrap(self, text: str, width: int, most: int = 3) -> list[str]:
        """Break a label into lines: between words, or anywhere in a word that is too long, as in Chinese."""
        if len(text) > _LONGEST_LABEL:
            text = f"{text[:_LONGEST_LABEL]}..."
        parts: list[str] = []
        for paragraph in text.splitlines():
            parts.append("")
            for word in paragraph.split():
                spaced = f"{parts[-1]} {word}".strip()
                if self._width(spaced) <= width:
                    parts[-1] = spaced
                    continue
                if parts[-1]:
                    parts.append("")
                for character in word:
                    if self._width(parts[-1] + character) > width:
                        parts.append("")
                    parts[-1] += character
        return parts if len(parts) <= most else [*parts[: most - 1], f"{parts[most - 1]}..."]
