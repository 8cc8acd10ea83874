"""The GPU of this computer as a place: whether it can be used here, and how its jobs run; the engine is a stand-in."""

from __future__ import annotations

import sys
import types

import pytest
from torch_stand_ins import put_packages, show_gpu

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Client, Endpoint, Job, Journal, Prediction
from animatediff_widget.backends.registry import default_endpoint, place, places
from animatediff_widget.cli import main
from animatediff_widget.engines import Engine, Output
from animatediff_widget.model.body import Body
from animatediff_widget.server import local

GPU = place("gpu")
INSTALL = 'pip install "animatediff-widget[gpu]"'


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A GPU, and a folder to put packages into."""
    monkeypatch.syspath_prepend(tmp_path / "packages")
    show_gpu(monkeypatch, tmp_path)
    return tmp_path / "packages"


# --- whether it can be used -------------------------------------------------------------------------------------------


def test_with_a_gpu_and_the_packages_it_can_be_used_and_torch_was_not_imported(packages):
    put_packages(packages)
    assert GPU.available() is None
    assert GPU.available(Endpoint.gpu("cuda:1", "float32")) is None


def test_without_a_gpu_it_is_said_what_to_do_instead(packages, monkeypatch, tmp_path):
    put_packages(packages)
    monkeypatch.setattr("animatediff_widget.backends.gpu._SIGNS", (str(tmp_path / "none*"),))
    assert "No GPU was found on this computer" in str(GPU.available())
    with pytest.raises(AnimateDiffError, match="No GPU was found"):
        Client(Endpoint.gpu())
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert "Runtime > Change runtime type > T4 GPU" in str(GPU.available())


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_gpu_that_is_hidden_is_none(packages, monkeypatch, hidden):
    put_packages(packages)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert "No GPU was found" in str(GPU.available())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert GPU.available() is None


@pytest.mark.parametrize(("machine", "why"), [("arm64", None), ("x86_64", "No GPU was found")])
def test_on_a_mac_the_chip_is_the_gpu(packages, monkeypatch, machine, why):
    put_packages(packages, torch="2.13.0")
    monkeypatch.setattr("animatediff_widget.backends.gpu._SYSTEM", "darwin")
    monkeypatch.setattr("animatediff_widget.backends.gpu.platform.machine", lambda: machine)
    assert why in str(GPU.available()) if why else GPU.available() is None


def test_what_is_missing_is_named_with_the_line_that_installs_it(packages):
    put_packages(packages, missing=("diffusers", "peft"))
    sentence = str(GPU.available())
    assert "diffusers, peft" in sentence
    assert "torch" not in sentence
    assert sentence.endswith(INSTALL)


def test_a_torch_for_the_cpu_is_said_and_serves_where_the_cpu_was_asked_for(packages, monkeypatch, tmp_path):
    put_packages(packages, torch="2.13.0+cpu")
    assert "2.13.0+cpu" in str(GPU.available())
    show_gpu(monkeypatch, tmp_path, there=False)
    assert GPU.available(Endpoint.gpu("cpu")) is None


def test_it_never_is_the_default(packages):
    put_packages(packages)
    assert default_endpoint() == Endpoint.builtin()
    assert [each.kind for each in places()][:2] == ["builtin", "gpu"]


# --- the endpoint -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "gpu"),
        ({"device": "cuda:1"}, "gpu?device=cuda%3A1"),
        ({"device": "cpu", "dtype": "float32"}, "gpu?device=cpu&dtype=float32"),
    ],
)
def test_an_endpoint_is_a_plain_value_that_a_record_can_name(given, url):
    endpoint = Endpoint.gpu(**given)
    assert (endpoint.kind, endpoint.url, endpoint.options) == ("gpu", url, given)
    assert Endpoint.restore(url, "gpu") == endpoint
    assert endpoint.origin == "gpu"


@pytest.mark.parametrize("given", [{"device": "moon"}, {"device": 1}, {"device": "cuda:x"}, {"dtype": "int8"}])
def test_what_is_no_device_or_precision_is_a_sentence(given):
    (name, value), *_ = given.items()
    with pytest.raises(AnimateDiffError, match=f"^{name} must be .*, not {value!r}.$"):
        Endpoint.gpu(**given)


# --- its jobs ---------------------------------------------------------------------------------------------------------


class MadeEngine(Engine):
    """Says how it was made, in its log."""

    def __init__(self, options):
        self.options = options

    def run(self, request, *, seed, log, canceled, preview):
        log(f"{self.options} {seed}\n")
        return Output(b"GIF89a" + bytes(20), "gif", "image/gif")


@pytest.fixture
def engines(packages, monkeypatch):
    """All engines that the place makes, by their options."""
    put_packages(packages, torch="2.13.0+cpu")
    made = []

    def make(name, **options):
        made.append((name, options))
        return MadeEngine(options)

    monkeypatch.setattr(local, "make_engine", make)
    monkeypatch.setattr(local, "_shared", {})
    yield made
    for server in local._shared.values():
        server.close()


def run(endpoint, journal=None):
    job = Job(AnimateDiffRequest(prompt="a boat", seed=5), Client(endpoint), journal=journal)
    job.run()
    return job


def test_a_job_runs_there_and_one_engine_serves_all_of_a_process(engines):
    endpoint = Endpoint.gpu("cpu")
    for _ in range(2):
        job = run(endpoint)
        assert job.prediction.logs == "{'device': 'cpu'} 5\n"
    assert engines == [("gpu", {"device": "cpu"})]
    assert Client(endpoint).backend.abilities.free
    run(Endpoint.gpu("cpu", "float32"))
    assert engines[1:] == [("gpu", {"device": "cpu", "dtype": "float32"})]


def test_a_job_of_a_server_that_is_gone_is_run_again_from_its_body(engines):
    journal = Journal()
    endpoint = Endpoint.gpu("cpu")
    job = run(endpoint, journal)
    key = journal.begin(Body.of(job.request), endpoint)
    gone = Prediction.from_json({"id": "of-another-server", "status": "processing"})
    journal.record(key, "running", prediction=gone)
    for server in local._shared.values():
        server.close()
    again = Job.resume(journal.get(key), journal=journal)
    assert again.client.endpoint == endpoint
    again.run()
    assert again.prediction.id not in (job.prediction.id, gone.id)
    assert again.prediction.logs == job.prediction.logs


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_command_line_runs_there(engines, tmp_path, capsys):
    assert main(["run", "a boat", "--on", "gpu=cpu", "--seed", "5", "-o", str(tmp_path / "boat.gif")]) == 0
    assert engines == [("gpu", {"device": "cpu"})]
    assert (tmp_path / "boat.gif").exists()


def test_the_places_are_listed_with_what_the_gpu_lacks(packages, capsys):
    put_packages(packages, missing=("torch",))
    assert main(["endpoints"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("gpu")]
    assert line.endswith(f"The GPU needs torch, which cannot be found here: {INSTALL}")


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ("moon", "not 'moon'"),
        ("gpu=", "not 'gpu='"),
        ("gpu=moon", "device must be"),
        ("gpu", "No GPU was found"),
    ],
)
def test_an_engine_that_cannot_be_served_is_one_sentence(engine, says, capsys, monkeypatch, tmp_path):
    show_gpu(monkeypatch, tmp_path, there=False)
    assert main(["serve", "--engine", engine]) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert shown.err.count("\n") == 1
