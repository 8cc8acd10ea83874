"""The journal: every job is written down before it is posted, and every step after."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
import uuid
from pathlib import Path
from typing import Any

from animatediff_widget.errors import JournalError
from animatediff_widget.model.prediction import Prediction
from animatediff_widget.paths import data_folder
from animatediff_widget.texts import Message

from .entry import JournalEntry, read_row
from .file import PICK_UP, UNFINISHED, JournalFile
from .locks import Claim, claim, is_claimed, sweep

__all__ = ["Journal", "JournalEntry"]

_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Journal:
    """The record of all jobs, in the person's data folder; safe for several notebooks at once.

    A journal that was damaged is set aside under another name, and work goes on with a new one: `report` says so.

    Parameters
    ----------
    folder : path, optional
        Where to keep it. By default ``ANIMATEDIFF_WIDGET_HOME`` from the environment, else the place the system has for
        such data.

    Raises
    ------
    JournalError
        By every method, when the folder or the file cannot be used.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = Path(folder).absolute() if folder is not None else data_folder()
        self._locks = self.folder / "locks"
        self._file = JournalFile(self.folder)

    def __repr__(self) -> str:
        return f"<Journal {self.folder}>"

    @property
    def animations(self) -> Path:
        """The folder of the animations."""
        return self.folder / "animations"

    @property
    def report(self) -> str:
        """What had to be done about a damaged journal since this process began, as a sentence; most often empty."""
        return self._file.report

    @staticmethod
    def new_key() -> str:
        """Draw a key for a job."""
        return uuid.uuid4().hex

    def begin(self, body: Any, endpoint: Any, *, key: str | None = None) -> str:
        """Write a job down before it is posted.

        Parameters
        ----------
        request : AnimateDiffRequest
            What will be posted, its seed drawn.
        endpoint : str
            The url it will be posted to.
        key : str, optional
            From `new_key`, where the job was claimed already, so that nobody takes it for an abandoned one.
        kind : str, optional
            The `Endpoint`'s kind.

        Returns
        -------
        str
            The job's key in the journal.
        """
        key = key or self.new_key()
        values = (key, time.time(), endpoint.url, endpoint.kind, body.text)
        self._file.write(
            lambda database: database.execute(
                "INSERT INTO jobs (key, created, endpoint, kind, request, state) VALUES (?, ?, ?, ?, ?, 'submitting') "
                "ON CONFLICT (key) DO NOTHING",  # an interrupt may have fallen between this and the news of it
                values,
            )
        )
        return key

    def typical_seconds(self, body: Any, endpoint: Any) -> float | None:
        """Shim."""
        return None

    def record(
        self,
        key: str,
        state: str,
        *,
        prediction: Prediction | None = None,
        error: Any = None,
        seconds: float | None = None,
        output: Path | None = None,
        size: int | None = None,
        sha256: str | None = None,
    ) -> bool:
        """Write down a job's new state, and what has become known with it; what is None stays as it was.

        Parameters
        ----------
        key : str
            From `begin`.
        state : str
            The job's state.
        prediction : Prediction, optional
            The last answer.
        error : str, optional
            What went wrong.
        output : pathlib.Path, optional
            The animation's file, whole and on the disk.
        size : int, optional
            Its size in bytes.
        sha256 : str, optional
            Its digest, in hexadecimal.

        Returns
        -------
        bool
            False when the journal does not know the job: it was set aside meanwhile.
        """
        known = {
            **_answer(prediction),
            "error": None if error is None else str(error),
            "output": self._stored(output),
            "size": size,
            "sha256": sha256,
        }
        news = {name: value for name, value in known.items() if value is not None}
        columns = "".join(f", {name} = ?" for name in news)
        # What the person saw was another state.
        update = f"UPDATE jobs SET seen = (seen AND state = ?), state = ?{columns} WHERE key = ?"  # noqa: S608
        values = (state, state, *news.values(), key)
        return self._file.write(lambda database: database.execute(update, values).rowcount > 0)

    def adopt(self, key: str, prediction: Prediction) -> bool:
        """Write down that a job found at the endpoint is this one, unless it is another one's already.

        Parameters
        ----------
        key : str
            The job's key.
        prediction : Prediction
            What was found; it has an id.

        Returns
        -------
        bool
            False when another job in the journal has that id: of several that look at once, one gets it.
        """
        answer = _answer(prediction)

        def adopt(database: sqlite3.Connection) -> bool:
            taken = database.execute(
                "SELECT 1 FROM jobs WHERE prediction_id = ? AND key <> ? LIMIT 1", (prediction.id, key)
            ).fetchone()
            if taken is None:
                database.execute(
                    "UPDATE jobs SET state = 'running', seen = 0, prediction_id = ?, answer = ? WHERE key = ?",
                    (*answer.values(), key),
                )
            return taken is None

        return self._file.write(adopt)

    def see(self, key: str) -> None:
        """Mark a job that ended as seen by the person, so that it is not offered again.

        Parameters
        ----------
        key : str
            The job's key.
        """
        self._file.write(lambda database: database.execute("UPDATE jobs SET seen = 1 WHERE key = ?", (key,)))

    def claim(self, key: str) -> Claim | None:
        """Claim the right to run a job. It ends with `Claim.release`, a ``with`` around it, or this process.

        Parameters
        ----------
        key : str
            The job's key.

        Returns
        -------
        Claim or None
            None when a living process runs the job, this one included.
        """
        try:
            return claim(self._lock(key))
        except OSError as error:
            problem = error
        raise JournalError(Message("journal_unusable", folder=self.folder, why=problem))

    def claimed(self, key: str) -> bool:
        """Whether a living process runs a job, this one included.

        Parameters
        ----------
        key : str
            The job's key.
        """
        return is_claimed(self._lock(key))

    def jobs(self, limit: int = 100, before: str | None = None) -> list[JournalEntry]:
        """List the last jobs, the newest first.

        Parameters
        ----------
        limit : int
            The most to list.
        before : str, optional
            A job's key: go on with those that were submitted before it.
        """
        if before is None:
            return self._select("ORDER BY number DESC LIMIT ?", limit)
        return self._select(
            "WHERE number < (SELECT number FROM jobs WHERE key = ?) ORDER BY number DESC LIMIT ?", before, limit
        )

    def unfinished(self, limit: int = 100) -> list[JournalEntry]:
        """List the jobs whose end is not known, the newest first.

        Parameters
        ----------
        limit : int
            The most to list.
        """
        return self._select(f"WHERE {UNFINISHED} ORDER BY number DESC LIMIT ?", limit)

    def to_pick_up(self, limit: int = 20) -> list[JournalEntry]:
        """List what can be picked up again, the newest first.

        Parameters
        ----------
        limit : int
            The most to list.

        Returns
        -------
        list of JournalEntry
            Jobs that did not end and that no living process runs, and jobs that succeeded with nobody there to see.
        """

        def collect(database: sqlite3.Connection) -> list[JournalEntry]:
            found: list[JournalEntry] = []
            for row in database.execute(f"SELECT * FROM jobs WHERE {PICK_UP} ORDER BY number DESC"):  # noqa: S608
                if len(found) >= limit:
                    break
                if not (_KEY.fullmatch(str(row["key"])) and self.claimed(row["key"])):
                    found.append(read_row(row, self.folder))
            return found

        found = self._file.read(collect)
        sweep(path for path in self._locks.glob("*") if _KEY.fullmatch(path.name))
        return found

    def get(self, key: str) -> JournalEntry | None:
        """Find one job.

        Parameters
        ----------
        key : str
            Its key in the journal, or its id at the endpoint.
        """
        found = self._select("WHERE key = ? OR prediction_id = ? ORDER BY number DESC LIMIT 1", key, key)
        return found[0] if found else None

    def find(self, beginning: str, limit: int = 100) -> list[JournalEntry]:
        """Find jobs by the beginning of their key.

        Parameters
        ----------
        beginning : str
            The first characters of the key.
        limit : int
            The most to list.
        """
        return self._select("WHERE key >= ? AND key < ? LIMIT ?", beginning, f"{beginning}\U0010ffff", limit)

    def _select(self, clause: str, *values: Any) -> list[JournalEntry]:
        rows = self._file.read(
            lambda database: database.execute(f"SELECT * FROM jobs {clause}", values).fetchall()  # noqa: S608
        )
        return [read_row(row, self.folder) for row in rows]

    def _lock(self, key: str) -> Path:
        if not _KEY.fullmatch(key):  # it becomes the name of a file
            raise JournalError(Message("not_a_journal_key", key=repr(key[:80])))
        return self._locks / key

    def _stored(self, output: Path | None) -> str | None:
        """Write a path so that it stays true when the journal's folder is moved."""
        if output is None:
            return None
        try:
            return output.absolute().relative_to(self.folder.absolute()).as_posix()
        except ValueError:
            return os.fspath(output.absolute())


def _answer(prediction: Prediction | None) -> dict[str, str | None]:
    if prediction is None:
        return {"prediction_id": None, "answer": None}
    return {
        "prediction_id": prediction.id,
        "answer": json.dumps(prediction.raw),  # in ASCII: broken UTF-16 is kept as it came
    }
