"""One page with a whole sweep in it, which needs no network: `page.css`, `page.js` and the clips."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.media.animation import data_url
from animatediff_widget.media.formats import MIMES, sniff
from animatediff_widget.media.strips import LARGEST_STRIP, keep_strip, make_strip
from animatediff_widget.model.body import Body
from animatediff_widget.texts import TEXTS, Texts
from animatediff_widget.texts.plain import printable

from .labels import axis_label, cell_state, settings_label, value_label

__all__ = ["SheetCell", "write_page"]

_HERE = Path(__file__).parent
_TEXTS = (
    "sheet_columns", "sheet_rows", "sheet_pause", "sheet_play", "sheet_before", "sheet_after",
    "sheet_close", "sheet_none", "save",
)  # fmt: skip
_ORIGINALS = 24 * 2**20  # all clips are in the page as they are where they take at most so many bytes together
_STRIPS = 24 * 2**20  # what all the strips may take, in bytes
_SMALLEST_LIMIT = 4_000
_AT_ONCE = 32


@dataclass(frozen=True)
class SheetCell:
    """What a sheet shows of one cell: its values on the axes, how its job stands, its file."""

    settings: Mapping[str, Any]
    body: Body
    state: str = "new"
    file: Path | None = None
    seconds: float | None = None
    error: str | None = None
    key: str = ""  # its job's in the journal


def write_page(
    axes: Mapping[str, Sequence[Any]], cells: Sequence[SheetCell], folder: Path | None = None, texts: Texts = TEXTS
) -> Iterator[bytes]:
    """Write the page, in pieces, for cells in the order of `itertools.product` over the axes.

    A file that is gone is left out. Strips are kept in `folder`, and not made again. All text from a person or a
    server is JSON, which the page's code only ever makes text of; a policy in the page (CSP) keeps everything else from
    running, and the network away.
    """
    code, style = (_HERE.joinpath(f"page.{kind}").read_text("utf-8") for kind in ("js", "css"))
    title = " × ".join(axis_label(name, texts) for name in axes)
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'; "
        f"script-src {_digest(code)}; style-src {_digest(style)}"
    )
    yield (
        f'<!doctype html>\n<html lang="{"zh-CN" if texts.language == "zh" else "en"}">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n"
        f"<main></main>\n<noscript>{html.escape(texts['sheet_no_script'])}</noscript>\n"
        '<script type="application/json" id="sheet">'
    ).encode()
    head = {
        "title": title,
        "texts": {name: texts[name] for name in _TEXTS},
        "axes": [
            {"label": axis_label(name, texts), "values": [value_label(name, value) for value in values]}
            for name, values in axes.items()
        ],
        "prompt": printable(cells[0].body.prompt) if cells and "prompt" not in axes else "",
    }
    yield f'{{"head": {_json(head)}, "cells": ['.encode()
    files = [cell.file for cell in cells if cell.file is not None]
    holds_originals = sum(map(_size, files)) <= _ORIGINALS
    limit = max(_SMALLEST_LIMIT, min(LARGEST_STRIP, _STRIPS // max(1, len(files))))

    def write(cell: SheetCell) -> str:
        return _json(_cell(cell, texts, limit, holds_originals, folder))

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow leaves the other threads alone while it works
        for start in range(0, len(cells), _AT_ONCE):
            written = ", ".join(pool.map(write, cells[start : start + _AT_ONCE]))
            yield (", " * (start > 0) + written).encode()
    yield f"]}}</script>\n<script>{code}</script>\n</html>\n".encode()


def _cell(cell: SheetCell, texts: Texts, limit: int, holds_original: bool, folder: Path | None) -> dict[str, Any]:
    """Write a cell as plain JSON."""
    given = cell.body.to_json()
    fields: dict[str, Any] = {**given.get("input", {})}
    recipe = [(axis_label(name, texts), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
              for name, value in fields.items()]  # fmt: skip
    if cell.seconds is not None:
        recipe.append((texts["sheet_took"], texts["seconds"].format(seconds=f"{cell.seconds:.1f}")))
    if cell.file is not None:
        recipe.append((texts["sheet_file"], cell.file.name))
    written: dict[str, Any] = {
        "name": settings_label(dict(cell.settings), texts),
        "state": cell.state,
        "says": cell_state(cell.state, texts),
        "error": printable(cell.error or ""),
        "recipe": [(label, printable(value)) for label, value in recipe],
        "json": printable(json.dumps(given, indent=2, ensure_ascii=False)),
    }
    if cell.file is None:
        return written
    try:
        data = cell.file.read_bytes()
    except OSError:
        return written | {"says": texts["history_gone"]}
    mime = MIMES.get(sniff(data[:16]))
    if holds_original and mime:
        written["clip"] = {"url": data_url(mime, data), "video": mime.startswith("video/"), "name": cell.file.name}
    try:
        strip = keep_strip(cell.file, cell.key, folder, limit) if folder and cell.key else make_strip(data, limit)
    except AnimateDiffError as error:
        return written | {"says": texts.say(error)}
    except OSError:
        return written | {"says": texts["history_gone"]}
    written["strip"] = {
        "url": data_url("image/webp", strip.data),
        "count": strip.count,
        "size": strip.size,
        "seconds": strip.seconds,
    }
    return written


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _json(value: Any) -> str:
    """Write JSON that no HTML parser takes for the end of its element, or for a comment."""
    text = json.dumps(value)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _digest(text: str) -> str:
    """Name a script or style for the page's policy, by its bytes."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
