"""From the engine's end to the answer of a held GET: python tests/benchmarks/bench_held_get.py.

A job of 25 quick steps on the built-in server, followed with ``Prefer: wait=60`` and ``If-None-Match`` alone, as a
client does that knows that the server holds its answers.
"""

from __future__ import annotations

import statistics
import time

import requests

from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.server import LocalServer

ROUNDS = 40


class TimedEngine(PocketEngine):
    """The pocket engine; remembers when it ended."""

    ended = 0.0

    def run(self, request, **how):
        output = super().run(request, **how)
        self.ended = time.perf_counter()
        return output


def main() -> None:
    engine = TimedEngine()
    lags, counts = [], []
    with LocalServer(engine) as server, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {server.token}"
        for seed in range(1, ROUNDS + 1):
            body = {"version": "lucataco/animate-diff", "input": {"prompt": "a boat on the sea", "seed": seed}}
            answer = session.post(f"{server.base_url}/v1/predictions", json=body)
            count = 1
            while answer.json()["status"] not in ("succeeded", "failed"):
                headers = {"Prefer": "wait=60", "If-None-Match": answer.headers["ETag"]}
                answer = session.get(answer.json()["urls"]["get"], headers=headers)
                count += 1
            lags.append((time.perf_counter() - engine.ended) * 1000)
            counts.append(count)
    print(f"{ROUNDS} jobs of 25 steps, {statistics.mean(counts):.1f} requests each, the POST included")
    print(f"end -> answer: median {statistics.median(lags):.1f} ms, 95% {sorted(lags)[int(0.95 * ROUNDS)]:.1f} ms")


if __name__ == "__main__":
    main()
