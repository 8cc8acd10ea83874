"""The GPU as a place, with the real engine on the CPU: a job, the same one again, and Cancel."""

from __future__ import annotations

import pytest

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job
from animatediff_widget.errors import JobCanceled, JobFailed
from animatediff_widget.server import shared_server

ENDPOINT, MISSING = Endpoint.gpu("cpu"), Endpoint.gpu("cuda:99")
SMALL = {"num_frames": 4, "width": 64, "height": 64, "output_format": "webp"}


@pytest.fixture(autouse=True, scope="module")
def _one_server():
    yield
    for endpoint in (ENDPOINT, MISSING):
        shared_server("gpu", **endpoint.options).close()


def job(weights, **fields):
    fields = {"steps": 2, "seed": 7, "extra_input": SMALL, **fields}
    request = AnimateDiffRequest(
        prompt="a boat", path=str(weights / "checkpoint"), motion_module=str(weights / "adapter"), **fields
    )
    return Job(request, Client(ENDPOINT))


def test_a_job_runs_there_and_the_same_one_gives_the_same_clip(weights):
    first, again = job(weights), job(weights)
    animation = first.run()
    assert [frame.size for frame in animation.frames()] == [(64, 64)] * 4
    assert "Drawing on cpu in float32." in first.prediction.logs
    assert again.run().data == animation.data


def test_a_device_that_is_not_there_is_a_sentence_and_nothing_is_drawn_elsewhere(weights, monkeypatch):
    monkeypatch.setattr("animatediff_widget.backends.gpu.metadata.version", lambda name: "2.13.0")  # one with CUDA
    with pytest.raises(JobFailed, match=r"cannot use cuda:99 here: .*get-started"):
        Job(job(weights).request, Client(MISSING)).run()


def test_it_is_canceled_within_its_steps(weights):
    running = job(weights, steps=100)
    running.observe(lambda change: "1/100" in (change.new.logs or "") and running.cancel(), "prediction")
    with pytest.raises(JobCanceled):
        running.run()
    assert running.prediction.status == "canceled"
