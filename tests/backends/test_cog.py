"""Jobs in a real Cog container: what a person sees, and that the model runs each of them once."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading

import pytest
from cog_container import Container, environment
from filelock import FileLock
from misbehaving import Misbehaving, status

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Client, Endpoint, Job, Journal, Sweep
from animatediff_widget.backends import cog
from animatediff_widget.cli import main
from animatediff_widget.errors import ApiError, InvalidRequest, JobCanceled, JobFailed, JobTimeout
from animatediff_widget.model.inputs import Inputs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Cog does not run on Windows")


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    shared = tmp_path_factory.getbasetemp().parent
    with FileLock(shared / "cog.lock"):
        try:
            return environment(shared / "cog")
        except subprocess.CalledProcessError:
            if os.environ.get("CI") == "true":
                raise
            return pytest.skip("Cog cannot be installed here; COG_PYTHON names a Python that has it.")


@pytest.fixture
def container(python, tmp_path):
    container = Container(python, tmp_path / "container")
    yield container
    container.kill()


@pytest.fixture(scope="module")
def kept(python, tmp_path_factory):
    container = Container(python, tmp_path_factory.mktemp("cog") / "container")
    yield container
    container.kill()


@pytest.fixture
def running(kept):
    """A container that is ready, and has run nothing yet."""
    kept.start()
    kept.forget()
    return kept


def job(container, prompt: str = "sea", steps: int = 6, *, url: str = "", **options) -> Job:
    client = Client(Endpoint.cog(url or container.url))
    return Job(AnimateDiffRequest(prompt=prompt, steps=steps, seed=7), client, **options)


def notices(job: Job) -> list[str]:
    seen: list[str] = []
    job.observe(lambda change: change.new and seen.append(str(change.new)), "notice")
    return seen


def test_a_job_runs_with_its_progress_and_the_model_ran_once(running):
    one, steps = job(running, steps=30), []
    one.observe(lambda change: steps.append(change.new.step), "prediction")
    animation = one.run()
    assert animation.data == b"GIF89asea 7 0"
    assert len({step for step in steps if step and step < 30}) >= 2
    entry = Journal().get(one.key)
    assert (entry.state, entry.prediction_id, entry.endpoint) == ("succeeded", one.key, running.url + "/predictions")
    assert one.prediction.raw["input"]["prompt"] == "sea"
    assert running.runs() == ["begun", "ended"]


def test_whoever_asks_for_a_job_that_has_ended_starts_none(running):
    one = job(running)
    one.run()
    with Client(Endpoint.cog(running.url)) as another:
        assert another.get(one.key).outputs == one.prediction.outputs, "this process has its end"
        cog._held.clear()  # as another process
        for name in (one.key, "never-was"):
            with pytest.raises(ApiError, match="does not know this job"):
                another.get(name)
    assert running.runs() == ["begun", "ended"]


def test_a_sweep_runs_its_jobs_one_after_another_and_each_once(running):
    with Client(Endpoint.cog(running.url)) as client:
        sweep = Sweep(AnimateDiffRequest(prompt="sea", steps=3), client, seed=[1, 2, 3]).run()
    assert [view.animation.data for view in sweep.views] == [f"GIF89asea {seed} 0".encode() for seed in (1, 2, 3)]
    assert running.runs() == ["begun", "ended"] * 3


def test_the_command_line_runs_a_job_there(running, tmp_path, capsys):
    file = tmp_path / "sea.gif"
    assert main(["run", "sea", "--steps", "2", "--seed", "7", "--on", f"cog={running.url}", "-o", str(file)]) == 0
    assert file.read_bytes() == b"GIF89asea 7 0"
    assert running.runs() == ["begun", "ended"]


@pytest.mark.parametrize("language", ["curl", "python"])
def test_the_snippets_work_as_pasted_and_name_no_key(running, tmp_path, language):
    text = Client(Endpoint.cog(running.url)).snippet(AnimateDiffRequest(prompt="it's", steps=2, seed=7), language)
    assert "Authorization" not in text
    command = ["sh", "-c", text] if language == "curl" else [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    if language == "curl":
        assert json.loads(done.stdout)["status"] == "succeeded"
    else:
        assert (tmp_path / done.stdout.strip()).read_bytes() == b"GIF89ait's 7 0"
    assert running.runs() == ["begun", "ended"]


def test_all_of_several_outputs_come(running):
    one = job(running, "two")
    one.run()
    assert [animation.data for animation in one.animations] == [b"GIF89atwo 7 0", b"GIF89atwo 7 1"]


def test_one_without_a_schema_does_not_say_what_it_takes(running):
    assert Client(Endpoint.cog(running.url)).inputs == Inputs()


@pytest.fixture
def with_schema(python, tmp_path):
    properties = {name: {"type": "string", "default": ""} for name in ("prompt", "n_prompt", "path", "motion_module")}
    properties |= {
        "steps": {"type": "integer", "title": "Steps", "default": 25, "minimum": 1, "maximum": 50},
        "num_frames": {"type": "integer", "title": "Num Frames", "default": 16, "minimum": 8, "maximum": 24},
        "seed": {"type": "integer", "title": "Seed", "default": 0},
    }
    schemas = {
        "Input": {"type": "object", "title": "Input", "properties": properties},
        "Output": {"type": "array", "items": {"type": "string", "format": "uri"}, "title": "Output"},
    }
    document = {"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}}
    container = Container(python, tmp_path / "container", {**document, "components": {"schemas": schemas}})
    container.start()
    yield container
    container.kill()


def test_one_with_a_schema_says_what_it_takes_and_nothing_else_is_sent_to_it(with_schema):
    client = Client(Endpoint.cog(with_schema.url))
    inputs = client.inputs
    assert (inputs["num_frames"].minimum, inputs["num_frames"].maximum, inputs["steps"].maximum) == (8, 24, 50)
    assert inputs.closed
    assert inputs.lacks("guidance_scale")
    request = AnimateDiffRequest(prompt="sea", steps=2, seed=7, extra_input={"num_frames": 99})
    for wrong in (request, request.copy(steps=80, extra_input={})):
        with pytest.raises(InvalidRequest, match=r"(num_frames|steps) must be a whole number from"):
            Job(wrong, client).run()
    assert with_schema.runs() == []
    one = Job(request.copy(extra_input={"num_frames": 20, "scheduler": "DDIM"}), client)
    assert one.run().data == b"GIF89asea 7 0"
    assert "frames: 20" in one.prediction.logs
    assert with_schema.runs() == ["begun", "ended"]


def test_a_run_that_fails_is_told_in_the_models_words(running):
    with pytest.raises(JobFailed, match="no more boats"):
        job(running, "break").run()
    assert running.runs() == ["begun"]


def test_a_job_is_canceled(running):
    one = job(running, steps=100).start()
    running.wait_for("begun")
    one.cancel()
    with pytest.raises(JobCanceled):
        one.result(60)
    running.wait_for("begun", "canceled")


def test_a_job_waits_its_turn_and_says_so(running):
    first = job(running, steps=40).start()
    running.wait_for("begun")
    second = job(running, "second")
    seen = notices(second)
    assert second.run().data == b"GIF89asecond 7 0"
    assert first.result(60).data == b"GIF89asea 7 0"
    assert "draws another job. This one has not been sent and waits its turn." in seen[0]
    assert running.runs() == ["begun", "ended"] * 2


def test_a_container_that_loads_its_model_is_waited_for(container):
    container.start(setup="2", ready=False)
    one = job(container)
    seen = notices(one)
    assert one.run().data == b"GIF89asea 7 0"
    assert "is loading its model" in seen[0]
    assert container.runs() == ["begun", "ended"]


def test_a_container_that_cannot_load_its_model_is_said(container):
    container.start(setup="broken")
    with pytest.raises(AnimateDiffError, match=r"cannot draw: .+ Nothing was sent"):
        job(container).run()
    assert container.runs() == []


def test_a_job_of_a_container_that_died_is_run_again_once_it_is_back(running):
    one = job(running, steps=40).start()
    running.wait_for("begun")
    running.kill()
    running.start()
    assert one.result(120).data == b"GIF89asea 7 0"
    assert running.runs() == ["begun", "begun", "ended"]


def test_a_job_that_was_left_is_taken_up_in_the_same_process_and_not_run_again(running):
    one = job(running, steps=60, timeout=1.0)
    with pytest.raises(JobTimeout):
        one.run()
    assert one.state == "left"
    assert Job.resume(Journal().get(one.key)).run().data == b"GIF89asea 7 0"
    assert running.runs() == ["begun", "ended"]


@pytest.mark.slow
def test_an_output_of_fifty_megabytes_comes_whole(container):
    container.start(size=50 * 2**20)
    assert len(job(container).run().data) > 50 * 2**20


def test_a_key_that_a_gateway_repeats_is_not_shown():
    key = "a-key-of-the-gateway-1234567890"
    with Misbehaving() as server:
        server.always["other"] = status(403, {"detail": f"The key {key} may not draw."})
        with pytest.raises(ApiError, match="may not draw") as refused, Client(Endpoint.cog(server.url), key) as client:
            client.create(AnimateDiffRequest(seed=1))
    assert key not in str(refused.value)
    assert key not in str(refused.value.body)


# --- faults on the way ------------------------------------------------------------------------------------------------


class Gate:
    """Stands before a container, and spoils one exchange of a kind."""

    def __init__(self, port: int, kind: str, fault: str) -> None:
        self._port, self._kind, self._fault = port, kind, fault
        self.spoiled = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        try:
            while True:
                theirs, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        except OSError:
            return

    def _serve(self, theirs: socket.socket) -> None:
        with theirs, theirs.makefile("rb") as asked:
            while (request := _message(asked)) is not None:
                kind = "cancel" if b"/cancel HTTP" in request else "poll" if b"How far" in request else "create"
                kind = "health" if request.startswith(b"GET") else kind
                spoil = kind == self._kind and not self.spoiled.is_set()
                if spoil:
                    self.spoiled.set()
                if spoil and self._fault == "closed before":
                    return
                if spoil and self._fault == "busy gateway":
                    theirs.sendall(b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n")
                    continue
                with socket.create_connection(("127.0.0.1", self._port)) as ours, ours.makefile("rb") as said:
                    ours.sendall(request)
                    if spoil and self._fault == "closed after":
                        threading.Event().wait(0.3)
                        return
                    answer = _message(said)
                    if answer is None or (spoil and self._fault == "cut"):
                        theirs.sendall((answer or b"")[:-3])
                        return
                    theirs.sendall(answer)


def _message(stream) -> bytes | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return head + (stream.read(int(length[1])) if length else b"")


FAULTS = ["closed before", "closed after", "cut", "busy gateway"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["create", "poll"])
def test_a_fault_on_the_way_lets_no_job_be_drawn_twice(running, kind, fault):
    gate = Gate(running.port, kind, fault)
    one = job(running, steps=20, url=gate.url)
    if (kind, fault) == ("create", "cut"):  # it was drawn, and nobody has it
        with pytest.raises(JobFailed, match="its answer was lost on the way"):
            one.run()
    else:
        assert one.run().data == b"GIF89asea 7 0"
    assert gate.spoiled.is_set()
    gate.close()
    runs = running.runs()
    assert runs.count("ended") == 1
    assert runs.count("begun") == 1 + runs.count("canceled"), "one whose connection broke was canceled"


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_cancellation_lets_none_be_drawn_twice_either(running, fault):
    gate = Gate(running.port, "cancel", fault)
    one = job(running, steps=100, url=gate.url).start()
    running.wait_for("begun")
    one.cancel()
    with pytest.raises(JobCanceled):
        one.result(60)
    gate.close()
    running.wait_for("begun", "canceled")
