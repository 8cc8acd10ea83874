"""The GPU as a place, with the real engine on the CPU: a job, the same one again, and Cancel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job
from animatediff_widget.errors import InvalidRequest, JobCanceled, JobFailed
from animatediff_widget.media.formats import sniff
from animatediff_widget.server import shared_server

ENDPOINT, MISSING = Endpoint.gpu("cpu"), Endpoint.gpu("cuda:99")
ROOT = Path(__file__).parents[2]
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


def test_whoever_watches_sees_its_steps_and_its_first_frame(weights):
    watched = Job(job(weights, steps=12).request, Client(ENDPOINT), previews=True)
    pictures: list[bytes] = []
    watched.observe(lambda change: change.new.preview and pictures.append(change.new.preview), "view")
    watched.run()
    assert (watched.prediction.step, watched.prediction.total, watched.prediction.seed) == (12, 12, 7)
    assert {sniff(picture) for picture in pictures} == {"jpg"}


def test_settings_that_a_motion_module_was_not_made_for_are_refused_before_anything_is_posted(weights):
    request = job(weights).request.copy(motion_module="animatediff_lightning_4step")
    with pytest.raises(InvalidRequest, match=r"was made for steps 4 and guidance_scale 1, not 2 and 7.5"):
        Job(request, Client(ENDPOINT)).run()


def test_the_notebook_finds_it_and_its_first_clip_is_drawn_there(weights, capsys):
    notebook = json.loads((ROOT / "notebooks" / "your-gpu.ipynb").read_text(encoding="utf-8"))
    cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    small = {"steps": 2, "path": str(weights / "checkpoint"), "motion_module": str(weights / "adapter")}
    names = {"small": {**small, "extra_input": SMALL}}
    exec(cells["gpu"].replace("Endpoint.gpu()", 'Endpoint.gpu("cpu")'), names)
    exec(cells["clip"].replace("\nanimate(", "\nanimation = animate(").replace("steps=25", "**small"), names)
    assert "There is a GPU" in capsys.readouterr().out
    assert names["endpoint"] == ENDPOINT
    assert [frame.size for frame in names["animation"].frames()] == [(64, 64)] * 4


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
