"""The part of the journal in SQLite that has the sweeps."""

from __future__ import annotations

from animatediff_widget.errors import check
from animatediff_widget.keys.hiding import guarded_class

from .entry import JournalEntry, read_row
from .file import JournalFile
from .sweeps import SELECT, SweepEntry, insert_sweep, read_sweep

__all__ = ["SweepRecords"]


@guarded_class
class SweepRecords:
    """What a journal does about sweeps; what a method does, and what it takes, is in `JournalProtocol`."""

    _file: JournalFile

    def begin_sweep(self, sweep: SweepEntry) -> None:
        """See `JournalProtocol.begin_sweep`."""
        check(SweepEntry, sweep=sweep)
        self._file.write(lambda database: insert_sweep(database, sweep))

    def end_sweep(self, key: str, state: str) -> None:
        """See `JournalProtocol.end_sweep`."""
        check(str, key=key, state=state)
        update = "UPDATE sweeps SET state = ? WHERE key = ?"
        self._file.write_soon(lambda database: database.execute(update, (state, key)))

    def sweep(self, key: str) -> SweepEntry | None:
        """See `JournalProtocol.sweep`."""
        check(str, key=key)
        found = self._file.rows(f"{SELECT} WHERE key = ?", key)
        return read_sweep(found[0]) if found else None

    def sweeps(self, limit: int = 100) -> list[SweepEntry]:
        """See `JournalProtocol.sweeps`."""
        check(int, limit=limit)
        return [*map(read_sweep, self._file.rows(f"{SELECT} ORDER BY number DESC LIMIT ?", limit))]

    def find_sweeps(self, beginning: str, limit: int = 100) -> list[SweepEntry]:
        """See `JournalProtocol.find_sweeps`."""
        check(str, beginning=beginning)
        check(int, limit=limit)
        query = f"{SELECT} WHERE key >= ? AND key < ? LIMIT ?"
        return [*map(read_sweep, self._file.rows(query, beginning, f"{beginning}\U0010ffff", limit))]

    def cells(self, sweep: str) -> list[JournalEntry]:
        """See `JournalProtocol.cells`."""
        check(str, sweep=sweep)
        rows = self._file.rows("SELECT * FROM jobs WHERE sweep = ? ORDER BY number", sweep)
        return [read_row(row, self._file.folder) for row in rows]
