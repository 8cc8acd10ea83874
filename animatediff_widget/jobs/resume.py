"""Taking up a job of an earlier session where it was left. Nothing here posts."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from animatediff_widget.backends.client import Client
from animatediff_widget.errors import (
    ApiError,
    ConnectionFailed,
    EndpointError,
    JobCanceled,
    JobError,
    JobFailed,
    JournalError,
)
from animatediff_widget.journal.file import FINAL_STATES
from animatediff_widget.journal.sqlite import JournalEntry
from animatediff_widget.media.animation import Animation
from animatediff_widget.media.formats import MIMES
from animatediff_widget.model.endpoint import Endpoint, is_builtin_url
from animatediff_widget.texts import TEXTS

if TYPE_CHECKING:
    from .stages import Stages

__all__ = ["client_for", "is_orphan", "no_longer_known", "put_in_place", "take_up"]

_SCRAP_AGE = 24 * 3600.0


def client_for(entry: JournalEntry) -> Client:
    """Make a client for the endpoint that a job was posted to.

    Parameters
    ----------
    entry : JournalEntry
        The job.

    Raises
    ------
    AnimateDiffError
        When the recorded url cannot be used, or the key may not travel there.
    """
    return Client(Endpoint.from_url(entry.endpoint, kind=entry.kind))


def is_orphan(entry: JournalEntry) -> bool:
    """Whether a job was posted to the built-in server of another session.

    Parameters
    ----------
    entry : JournalEntry
        The job.
    """
    builtin = entry.kind == "builtin" or (entry.kind is None and is_builtin_url(entry.endpoint))
    return builtin and Endpoint.from_url(entry.endpoint, kind=entry.kind).kind != "builtin"


def take_up(job: Stages, entry: JournalEntry) -> None:
    """Bring a job to where it can be followed, or to its end where that is known.

    Parameters
    ----------
    job : Job
        The job, claimed.
    entry : JournalEntry
        What the journal knew of it.

    Raises
    ------
    AnimateDiffError
        When it ends here without an animation.
    """
    with contextlib.suppress(JournalError):
        entry = job.journal.get(entry.key) or entry  # another process may have brought it further
    _tidy(job.journal.animations, entry.key)
    if load(job, entry):
        return
    if job._orphan:
        _look_for_orphan(job)
        return
    prediction = entry.prediction
    if prediction is None:
        if entry.state in FINAL_STATES:
            raise (JobCanceled if entry.state == "canceled" else JobFailed)(entry.error or TEXTS["never_created"])
        if entry.damaged:
            raise JobFailed(TEXTS["record_damaged"])
        prediction = job._adopt(ConnectionFailed(TEXTS["cut_off"]))
    job._write("running", prediction=prediction)
    with job.hold_trait_notifications():
        job.set_trait("prediction", prediction)
        job.set_trait("state", "running")
        job.set_trait("notice", "")


def load(job: Stages, entry: JournalEntry) -> bool:
    """Load the animation where it is on the disk already, and end the job.

    Parameters
    ----------
    job : Job
        The job.
    entry : JournalEntry
        What the journal knows of it.

    Returns
    -------
    bool
        Whether it was there, whole.
    """
    animation = entry.animation() or _left_behind(job.journal.animations, entry)
    if animation is None:
        return False
    if entry.state != "succeeded" or entry.output is None:
        digest = hashlib.sha256(animation.data).hexdigest()
        job._write("succeeded", output=animation.path, size=len(animation.data), sha256=digest)
    with job.hold_trait_notifications():
        job.set_trait("prediction", entry.prediction)
        job.set_trait("animation", animation)
    job._end("succeeded")
    return True


def put_in_place(part: Path, key: str, suffix: str) -> Path:
    """Give a downloaded file its name, for good: a file with that name is whole and on the disk.

    Parameters
    ----------
    part : pathlib.Path
        The file, synced.
    key : str
        The job's key.
    suffix : str
        What it is.

    Raises
    ------
    OSError
        When it cannot be renamed.
    """
    path = part.with_name(f"{key}.{suffix}")
    os.replace(part, path)
    if os.name != "nt":  # a folder cannot be opened there; its file system writes renames down itself
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network file systems cannot
                os.fsync(handle)
        finally:
            os.close(handle)
    return path


def no_longer_known(error: EndpointError, name: str) -> EndpointError:
    """Say in words what it means that an endpoint refuses to tell of a job of an earlier session.

    Parameters
    ----------
    error : EndpointError
        The endpoint's answer.
    name : str
        The endpoint's.
    """
    if not isinstance(error, ApiError) or error.status not in (404, 410):
        return error
    text = TEXTS["no_longer_known"].format(who=name, status=error.status)
    return ApiError(text, status=error.status, body=error.body)


def _tidy(folder: Path, key: str) -> None:
    """Remove what a killed process left in the middle of a download."""
    with contextlib.suppress(OSError):
        (folder / f"{key}.part").unlink(missing_ok=True)
        for scrap in folder.glob(".part-*"):  # the client's; whose, nobody can tell, but a download ends within hours
            if time.time() - scrap.stat().st_mtime > _SCRAP_AGE:
                scrap.unlink(missing_ok=True)


def _left_behind(folder: Path, entry: JournalEntry) -> Animation | None:
    """Find the file of a job that was killed after the file got its name and before the journal knew."""
    if entry.output is not None:
        return None
    for suffix in (*MIMES, "bin"):
        path = folder / f"{entry.key}.{suffix}"
        with contextlib.suppress(OSError):
            return Animation(path.read_bytes(), entry.request, entry.prediction, path)
    return None


def _look_for_orphan(job: Stages) -> None:
    """Raise what is to be said of a job at a server that is another session's, alive or gone."""
    try:
        job.client.list(1)
    except ConnectionFailed as error:
        if not error.arrived:
            raise JobFailed(TEXTS["server_gone"]) from None
    except EndpointError:
        pass
    job._end("left", JobError(TEXTS["server_elsewhere"].format(host=job.client.endpoint.origin)))
