"""The hosted API's own Python client, package ``replicate``, works against the built-in server unchanged."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import replicate
from replicate.exceptions import ModelError, ReplicateError
from replicate.helpers import FileOutput

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.engines.previews import Preview
from animatediff_widget.model.request import DEFAULT_VERSION, AnimateDiffRequest
from animatediff_widget.server import LocalServer

MODEL = "lucataco/animate-diff"


class WaitingEngine(Engine):
    """Answers at once, or, where the prompt says "wait", when it may."""

    name = "waiting"

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        log(f"Using seed: {seed}\n")
        log(" 48%|████▊     | 12/25 [00:06<00:06,  1.93it/s]\n")
        while "wait" in request.prompt and not self.go_on.wait(0.005):
            if canceled():
                raise Canceled
        if "refuse" in request.prompt:
            raise ValueError("This engine cannot draw that.")
        return Output(request.prompt.encode(), "webp", "image/webp")


@pytest.fixture(autouse=True)
def _no_key_of_the_persons(monkeypatch):
    for name in ("REPLICATE_API_TOKEN", "REPLICATE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def engine() -> WaitingEngine:
    return WaitingEngine()


@pytest.fixture
def server(engine: WaitingEngine) -> Iterator[LocalServer]:
    with LocalServer(engine) as server:
        yield server


@contextmanager
def calling(server: LocalServer, path: str = "", token: str | None = None) -> Iterator[replicate.Client]:
    client = replicate.Client(api_token=token or server.token, base_url=server.base_url + path)
    client.poll_interval = 0.005
    with client._client:
        yield client


@pytest.fixture(params=["", "/replicate"], ids=["v1", "replicate-v1"])
def client(server: LocalServer, request: pytest.FixtureRequest) -> Iterator[replicate.Client]:
    with calling(server, request.param) as client:
        yield client


def test_it_creates_waits_and_fetches_the_output(client):
    prediction = client.predictions.create(version=DEFAULT_VERSION, input={"prompt": "a boat", "steps": 3})
    assert prediction.status in ("starting", "processing", "succeeded")
    assert (prediction.model, prediction.version) == (MODEL, DEFAULT_VERSION)
    prediction.wait()
    assert prediction.status == "succeeded"
    assert prediction.input == {"prompt": "a boat", "steps": 3}
    assert prediction.metrics["predict_time"] >= 0
    assert FileOutput(prediction.output, client).read() == b"a boat"


@pytest.mark.parametrize("wait", [True, 30])
def test_it_creates_and_waits_in_one_exchange(client, wait):
    prediction = client.predictions.create(version=DEFAULT_VERSION, input={"prompt": "a boat"}, wait=wait)
    assert prediction.status == "succeeded"


def test_it_reads_the_progress_from_the_log(client, engine):
    prediction = client.predictions.create(version=DEFAULT_VERSION, input={"prompt": "wait"})
    while prediction.progress is None:
        prediction.reload()
    assert (prediction.progress.current, prediction.progress.total) == (12, 25)
    engine.go_on.set()
    prediction.wait()
    assert prediction.status == "succeeded"


def test_it_gets_a_prediction_by_its_id(client):
    prediction = client.predictions.create(version=DEFAULT_VERSION, input={"prompt": "a boat"}, wait=True)
    assert client.predictions.get(prediction.id).dict() == prediction.dict()


def test_it_cancels_what_runs_and_what_waits(client):
    running, queued = (client.predictions.create(version=DEFAULT_VERSION, input={"prompt": "wait"}) for _ in range(2))
    queued.cancel()
    assert queued.status == "canceled"
    running.cancel()
    running.wait()
    assert running.status == "canceled"


def test_it_lists_every_page(client):
    ids = [
        client.predictions.create(version=DEFAULT_VERSION, input={"prompt": str(number)}, wait=True).id
        for number in range(105)
    ]
    pages = list(replicate.pagination.paginate(client.predictions.list))
    assert [len(page) for page in pages] == [100, 5]
    assert [each.id for page in pages for each in page] == ids[::-1]


@pytest.mark.parametrize("reference", [MODEL, f"{MODEL}:{DEFAULT_VERSION}", "some/model"])
def test_run_returns_the_output(client, reference):
    output = client.run(reference, input={"prompt": "a boat"})
    # A FileOutput is made of https and data urls only; over plain http the client gives the url itself.
    assert FileOutput(output, client).read() == b"a boat"


def test_run_without_waiting_in_the_exchange_polls(client):
    output = client.run(f"{MODEL}:{DEFAULT_VERSION}", input={"prompt": "a boat"}, wait=False)
    assert output.endswith("/animation.webp")


def test_run_raises_what_the_engine_says(client):
    with pytest.raises(ModelError, match=r"This engine cannot draw that\.") as caught:
        client.run(MODEL, input={"prompt": "refuse"})
    assert caught.value.prediction.status == "failed"


def test_a_model_named_apart_needs_no_version(client):
    prediction = client.predictions.create(model=MODEL, input={"prompt": "a boat"})
    prediction.wait()
    assert prediction.status == "succeeded"
    assert client.models.predictions.create(MODEL, input={"prompt": "a boat"}, wait=True).status == "succeeded"


def test_a_versions_schema_tells_the_fields_and_their_bounds(client):
    from replicate.version import Versions

    version = Versions(client, model=MODEL).get(DEFAULT_VERSION)
    fields = version.openapi_schema["components"]["schemas"]["Input"]["properties"]
    assert list(fields) == ["prompt", "n_prompt", "path", "motion_module", "steps", "guidance_scale", "seed"]
    assert (fields["steps"]["minimum"], fields["steps"]["maximum"], fields["steps"]["default"]) == (1, 100, 25)
    assert fields["guidance_scale"]["type"] == "number"
    assert [each.id for each in Versions(client, model=MODEL).list()] == [DEFAULT_VERSION]


def test_a_wrong_input_is_explained(client):
    with pytest.raises(ReplicateError) as caught:
        client.predictions.create(version=DEFAULT_VERSION, input={"steps": 500})
    assert caught.value.status == 422
    assert caught.value.title == "Input validation failed"
    assert caught.value.detail == "- input.steps: Must be less than or equal to 100\n"


def test_a_wrong_token_is_refused(server):
    with calling(server, token="wrong") as client, pytest.raises(ReplicateError) as caught:
        client.predictions.list()
    assert (caught.value.status, caught.value.title) == (401, "Unauthenticated")


def test_an_unknown_prediction_is_not_found(client):
    with pytest.raises(ReplicateError) as caught:
        client.predictions.get("nope")
    assert caught.value.status == 404


def test_a_full_queue_is_an_error_with_words(engine):
    with LocalServer(engine, queue_size=1) as server, calling(server) as client:

        def create() -> replicate.prediction.Prediction:
            return client.predictions.create(version=DEFAULT_VERSION, input={"prompt": "wait"})

        running = create()
        while running.status == "starting":
            running.reload()
        create()
        with pytest.raises(ReplicateError, match="throttled") as caught:
            create()
        assert caught.value.status == 429


def test_its_asynchronous_half_works_too(client):
    async def main() -> tuple[str, str]:
        output = await client.async_run(MODEL, input={"prompt": "a boat"})
        prediction = await client.predictions.async_create(version=DEFAULT_VERSION, input={"prompt": "wait"})
        await prediction.async_cancel()
        await prediction.async_wait()
        await client._async_client.aclose()
        return output, prediction.status

    output, status = asyncio.run(main())
    assert output.endswith("/animation.webp")
    assert status == "canceled"


def test_it_runs_the_pocket_engine():
    with LocalServer() as server, calling(server) as client:
        output = client.run(f"{MODEL}:{DEFAULT_VERSION}", input={"prompt": "a boat on the sea", "steps": 4, "seed": 3})
        assert FileOutput(output, client).read()[8:12] == b"WEBP"
