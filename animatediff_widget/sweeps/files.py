"""Writing a sweep as a file for others: a page, or a picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from animatediff_widget.errors import StorageError, check
from animatediff_widget.journal import JournalProtocol
from animatediff_widget.keys.hiding import guarded_class
from animatediff_widget.media.files import write_file
from animatediff_widget.texts import Message

from .cells import Cell
from .page import SheetCell, write_page
from .picture import draw_picture

__all__ = ["SweepFiles", "sheet_cells"]


class _Sweep(Protocol):
    """What is written of a sweep."""

    @property
    def axes(self) -> Mapping[str, tuple[Any, ...]]: ...
    @property
    def cells(self) -> Sequence[Cell]: ...
    @property
    def journal(self) -> JournalProtocol: ...
    def rows(self) -> list[dict[str, Any]]: ...


@guarded_class
class SweepFiles:
    """What a sweep can be written as; `Sweep` is one."""

    def to_html(self: _Sweep, path: str | os.PathLike[str]) -> Path:
        """Write the sweep as one page that needs no network and no other file.

        Its axes can be re-arranged, all loops play in step, and each cell opens with its whole recipe. The clips are in
        it as they are where they take at most 24 MB together, and as film strips of at most 29 KB each besides. It can
        be written while the sweep runs.

        Parameters
        ----------
        path : path
            The file, such as ``sheet.html``.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        AnimateDiffError
            When Pillow is missing, or the file cannot be written (`StorageError`).
        """
        check(Path, path=path)
        return _write(
            path, lambda _: write_page(self.axes, sheet_cells(self), self.journal.folder / "thumbnails"), ".html"
        )

    def save(self: _Sweep, path: str | os.PathLike[str]) -> Path:
        """Write the sweep as one animated picture with labels: the first axis goes across, all others down.

        Parameters
        ----------
        path : path
            The file. Its suffix chooses the format: ``.webp``, ``.gif``, ``.png`` (animated) or ``.mp4``; ``.webp`` is
            added where there is none.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        AnimateDiffError
            When the format is unknown, there are too many cells for a picture (some 2,000), no font here has the
            characters of the labels, what is needed is not installed, or the file cannot be written (`StorageError`).
        """
        check(Path, path=path)
        return _write(path, lambda suffix: draw_picture(self.axes, sheet_cells(self), suffix), ".webp")


def sheet_cells(sweep: _Sweep) -> list[SheetCell]:
    """Give what a sheet shows of each cell, as it stands now."""
    return [
        SheetCell(
            cell.settings,
            cell.body,
            row["state"],
            Path(row["file"]) if row["file"] else None,
            row["seconds"],
            row["error"],
            cell.key,
        )
        for cell, row in zip(tuple(sweep.cells), sweep.rows(), strict=True)
    ]


def _write(path: str | os.PathLike[str], make: Callable[[str], bytes | Iterable[bytes]], suffix: str) -> Path:
    """Write what `make` gives for the file's suffix."""
    path = Path(path)
    try:
        path = path.expanduser()
        if not path.suffix:
            path = path.with_suffix(suffix)
        data = make(path.suffix[1:].lower())
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    except (OSError, ValueError, RuntimeError) as error:  # pathlib's own for what cannot be a name, or a home
        why = getattr(error, "strerror", None) or error
        raise StorageError(Message("not_written", path=path, why=why)) from None
    return path
