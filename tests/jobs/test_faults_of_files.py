"""Everything that can go wrong with the animation: its download, the disk."""

from __future__ import annotations

import errno
import os

import misbehaving as bad
import pytest
from faults import FILE_FAULTS, KEY, MOST_REQUESTS, a_client, a_job, ended, every_status
from misbehaving import CLIP, Misbehaving, status

from animatediff_widget import AnimateDiffRequest, Job, Journal
from animatediff_widget.errors import (
    EndpointError,
    JournalError,
    OutputError,
    StorageError,
)

# --- downloading ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("fault", FILE_FAULTS.values(), ids=FILE_FAULTS)
def test_a_download_that_goes_wrong_is_tried_again_or_is_a_sentence(server, fault):
    server.scripts["file"] = [fault]
    job = ended(a_job(server))
    assert job.state in ("succeeded", "failed")
    assert server.creates == 1
    if job.state == "failed":
        assert isinstance(job.error, EndpointError)
        assert not job.error.passing


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("fault", FILE_FAULTS.values(), ids=FILE_FAULTS)
def test_a_download_that_always_goes_wrong_ends_and_the_job_is_kept(server, fault):
    server.always["file"] = fault
    job = ended(a_job(server, download_timeout=0.1, read_timeout=0.08))
    assert job.state in ("left", "failed")
    assert len(server.asked("file")) <= MOST_REQUESTS
    assert Journal().get("job001").prediction.outputs == (f"{server.url}/files/job001.webp",)


@pytest.mark.usefixtures("waits")
@every_status
def test_a_download_that_is_answered_with_an_error_ends(server, code):
    server.always["file"] = status(code)
    job = ended(a_job(server, timeout=300))
    assert job.state == "left"
    assert isinstance(job.error, OutputError)
    assert str(code) in str(job.error)
    server.always.clear()
    again = Job(AnimateDiffRequest(), a_client(server))
    server.scripts["file"] = [status(code)]
    assert ended(again).state == "succeeded"


def test_an_output_that_is_over_the_cap_is_a_sentence(server, waits, monkeypatch):
    monkeypatch.setattr("animatediff_widget.backends.http.outputs._OUTPUT_CAP", 1000)
    job = ended(a_job(server))
    assert isinstance(job.error, OutputError)
    assert "sent more than" in str(job.error)


def test_an_output_that_is_no_animation_is_kept_as_a_file(server, waits):
    server.clip = b"hello"
    job = a_job(server)
    assert job.run().mime == "application/octet-stream"
    assert Journal().get(job.key).output.read_bytes() == b"hello"


def test_an_output_at_another_port_is_left_until_the_person_allows_it(server, waits, monkeypatch):
    with Misbehaving() as files:
        server.output = f"{files.url}/files/a.webp"
        job = ended(a_job(server))
        assert (job.state, waits.count(30.0)) == ("left", 0)
        assert f"set ANIMATEDIFF_WIDGET_OUTPUTS={files.url}" in str(job.error)
        monkeypatch.setenv("ANIMATEDIFF_WIDGET_OUTPUTS", files.url)
        assert Job.resume(Journal().get(job.key), a_client(server)).run().data == CLIP


def test_a_key_in_an_outputs_url_stands_in_no_record_and_is_sent_after_a_kill_too(server, waits):
    server.output = f"{server.url}/files/a.webp?token={KEY}"
    server.always["file"] = bad.reset_before
    job = ended(a_job(server, timeout=300))
    assert job.state == "left"
    server.always.clear()
    assert all(KEY.encode() not in file.read_bytes() for file in Journal().folder.rglob("*") if file.is_file())
    assert Job.resume(Journal().get(job.key), a_client(server)).run().data == CLIP
    assert {seen.path for seen in server.asked("file")} == {f"/files/a.webp?token={KEY}"}


def test_an_output_that_is_a_data_uri_of_nonsense_is_a_sentence(server, waits):
    server.output = "data:image/webp;base64,*"
    assert "cannot be decoded" in str(ended(a_job(server)).error)


@pytest.mark.parametrize("output", ["https://[::1", "//", "http://", "nonsense://x", "\ud800", "/files/\ud800", "%%%"])
def test_an_output_that_is_no_url_is_a_sentence(server, waits, output):
    server.output = output
    server._file = server._other
    job = ended(a_job(server, timeout=300))
    assert job.state in ("failed", "left")
    assert isinstance(job.error, EndpointError)


# --- the disk ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_a_sentence_and_the_job_is_kept(server, waits, monkeypatch):
    sync = os.fsync

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    job = ended(a_job(server))
    assert job.state == "left"
    assert isinstance(job.error, StorageError)
    assert "No space left" in str(job.error)
    monkeypatch.setattr(os, "fsync", sync)
    [entry] = Journal().unfinished()
    assert Job.resume(entry, a_client(server)).run().data == CLIP
    assert server.creates == 1


def test_a_data_folder_that_cannot_be_written_stops_the_job_before_it_costs(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ANIMATEDIFF_WIDGET_HOME", str(tmp_path / "file" / "home"))
    job = a_job(server)
    with pytest.raises(JournalError, match="cannot be used"):
        job.run()
    assert job.state == "failed"
    assert not server.seen


def test_a_folder_for_animations_that_cannot_be_written_is_a_sentence(server, waits):
    Journal().folder.mkdir(parents=True)
    Journal().animations.write_text("in the way")
    job = a_job(server)
    with pytest.raises(StorageError, match="could not be written"):
        job.run()
    assert job.state == "left"


def test_a_journal_that_fails_once_the_job_is_posted_does_not_stop_it(server, waits, monkeypatch):
    def broken(*args, **more):
        raise JournalError("The journal is broken.")

    job, notices = a_job(server), []
    job.observe(lambda change: notices.append(change.new), "notice")
    job.observe(lambda change: monkeypatch.setattr(Journal, "record", broken), "prediction")
    assert job.result(60).data == CLIP
    assert "The journal is broken." in notices
