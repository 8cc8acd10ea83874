"""From the server having the result to the client knowing it: python tests/benchmarks/bench_latency.py.

`Job` and the official client (package `replicate`: create, then wait) follow the same jobs of 1 to 3 s on the same
built-in server, by turns. The engine is the pocket engine, slowed down to last as long as the round asks.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job
from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.server import LocalServer

ROUNDS = 20


class SlowedEngine(PocketEngine):
    """The pocket engine with longer steps; notes when each result was there."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = 0.0
        self.step_seconds = 0.0

    def run(self, request, *, seed, log, canceled):
        def slower(text: str) -> None:
            if "it/s" in text:
                time.sleep(self.step_seconds)
            log(text)

        output = super().run(request, seed=seed, log=slower, canceled=canceled)
        self.ready = time.perf_counter()
        return output


def count_requests(server: LocalServer) -> list[int]:
    """Count what arrives at a server, at its one door."""
    from animatediff_widget.server import base

    counter = [0]
    prepare = base.Handler.prepare

    def counted(self, *arguments):
        if not self.request.path.startswith("/files"):
            counter[0] += 1
        return prepare(self, *arguments)

    base.Handler.prepare = counted
    return counter


def with_job(server: LocalServer, request: AnimateDiffRequest) -> float:
    job = Job(request, Client(Endpoint.relay(server.base_url), server.token))
    knew = []
    job.observe(lambda change: knew.append(time.perf_counter()) if change["new"].done else None, "prediction")
    job.run()
    return knew[0]


def with_official_client(server: LocalServer, request: AnimateDiffRequest) -> float:
    import replicate

    client = replicate.Client(api_token=server.token, base_url=server.base_url)
    body = request.body()
    prediction = client.predictions.create(version=body["version"], input=body["input"])
    prediction.wait()
    return time.perf_counter()


def main() -> None:
    os.environ["ANIMATEDIFF_WIDGET_HOME"] = tempfile.mkdtemp()
    draw = random.Random(0)
    engine = SlowedEngine()
    lags: dict[str, list[float]] = {"Job": [], "replicate": []}
    requests: dict[str, list[int]] = {"Job": [], "replicate": []}
    with LocalServer(engine) as server:
        counter = count_requests(server)
        for number in range(ROUNDS):
            steps = draw.randrange(15, 50)
            engine.step_seconds = draw.uniform(0.5, 2.5) / steps
            for name, follow in (("Job", with_job), ("replicate", with_official_client)):
                counter[0] = 0
                begun = time.perf_counter()
                knew = follow(server, AnimateDiffRequest(prompt="a boat on the sea", steps=steps, seed=number + 1))
                lags[name].append(knew - engine.ready)
                requests[name].append(counter[0])
                length = engine.ready - begun
                print(f"{length:5.2f} s  {name:10} {lags[name][-1] * 1000:6.0f} ms  {counter[0]} requests")
    medians = {name: statistics.median(values) for name, values in lags.items()}
    for name, median in medians.items():
        print(f"{name:10} median {median * 1000:4.0f} ms, {statistics.mean(requests[name]):.2f} requests a job")
    print(f"lag, ratio {medians['Job'] / medians['replicate']:.3f}; requests, ratio "
          f"{sum(requests['Job']) / sum(requests['replicate']):.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
