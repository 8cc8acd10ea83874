"""A job whose first frame is seen while it is drawn, from the engine to what the job shows."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal
from animatediff_widget.backends.hosted import HostedBackend
from animatediff_widget.engines import Engine, Output
from animatediff_widget.errors import ConnectionFailed
from animatediff_widget.jobs.many import Many
from animatediff_widget.server import LocalServer


class ShowingEngine(Engine):
    """Shows a dark and a bright frame, and goes on once the test has seen it, or where nobody looks."""

    def __init__(self) -> None:
        self.seen = threading.Semaphore(0)
        self.looked_at: list[bool] = []

    def run(self, request, *, seed, log, canceled, preview):
        self.looked_at.append(preview is not None)
        for shade in (40, 200) if preview else ():
            while not preview.due():
                time.sleep(0.01)
            preview.show(np.full((8, 8, 3), shade, np.uint8))
            self.seen.acquire()
        return Output(b"GIF89a" + bytes(20), "gif", "image/gif")


@pytest.fixture
def engine(monkeypatch) -> Iterator[ShowingEngine]:
    engine = ShowingEngine()
    with LocalServer(engine) as server:
        monkeypatch.setattr("animatediff_widget.server.shared_server", lambda: server)
        yield engine


def job(tmp_path, **options) -> Job:
    return Job(AnimateDiffRequest(), Client(Endpoint.builtin()), journal=Journal(tmp_path), **options)


def shade(picture: bytes) -> int:
    return int(np.asarray(Image.open(io.BytesIO(picture)))[0, 0, 0])


def test_the_first_frame_is_seen_while_it_is_drawn(tmp_path, engine):
    pictures = []

    def look(change):
        picture = change["new"].preview
        if picture is not None and picture not in pictures:
            pictures.append(picture)
            engine.seen.release()

    seen = job(tmp_path, previews=True)
    seen.observe(look, "view")
    assert seen.run().data.startswith(b"GIF89a")
    assert [shade(picture) for picture in pictures] == pytest.approx([40, 200], abs=2)
    assert seen.view.preview is None


def test_a_picture_that_cannot_be_had_keeps_nobody_from_the_animation(tmp_path, engine, monkeypatch):
    over = threading.Event()

    def refuse(backend, url):
        engine.seen.release()
        raise ConnectionFailed("The connection broke.")

    def hang(backend, url):
        engine.seen.release()
        over.wait()

    for fault in (refuse, hang):
        monkeypatch.setattr(HostedBackend, "preview", fault)
        assert job(tmp_path, previews=True).run().data.startswith(b"GIF89a")
    over.set()


def test_no_pictures_are_asked_for_by_default_or_among_many_jobs(tmp_path, engine):
    job(tmp_path).run()
    one_of_many = job(tmp_path, previews=True)
    assert one_of_many.start_among(Many())
    one_of_many.result(60)
    assert engine.looked_at == [False, False]
