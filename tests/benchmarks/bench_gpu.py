"""How long a clip of the diffusers engine takes, and how much of that is ours.

Run it as ``python tests/benchmarks/bench_gpu.py [rounds]``. Where there is a GPU it draws with the real weights, which
it fetches: how long loading takes, a clip of 25 steps, of 8 (AnimateLCM) and of 4 (Lightning), the most memory, our
overhead over the bare pipeline (goal: 2 % at most), and the way of the published container, which builds the pipeline
anew for each job and draws in single precision (goal: we are 2 times as quick at least). On a CPU a tiny random model
shows the overhead alone (goal: 5 % at most). Each of our runs has a run of the bare pipeline beside it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from animatediff_widget.engines.diffusers import DiffusersEngine
from animatediff_widget.engines.diffusers.hub import Finder
from animatediff_widget.engines.diffusers.loading import Models, make_scheduler
from animatediff_widget.engines.diffusers.plan import Plan, make_plan
from animatediff_widget.engines.diffusers.reading import quiet
from animatediff_widget.engines.previews import Preview
from animatediff_widget.media.formats import encode_images
from animatediff_widget.media.video import encode_video
from animatediff_widget.model.request import AnimateDiffRequest

sys.path.insert(0, str(Path(__file__).parents[1] / "gpu"))
import tiny

SEED = 7


def write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Give how long something takes, and how much time of the processor, in seconds."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start, busy = time.perf_counter(), time.process_time()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start, time.process_time() - busy


def ours(engine: DiffusersEngine, request: AnimateDiffRequest) -> None:
    """Draw with all that a job has: a log, previews that are encoded, a look whether it was canceled."""
    engine.run(request, seed=SEED, log=[].append, canceled=lambda: False, preview=Preview([].append))


def bare(pipe: Any, plan: Plan) -> None:
    """Draw with the pipeline as its documentation does, and write the same file."""
    pipe.scheduler = make_scheduler(plan.module.sampler)
    frames = pipe(
        plan.prompt,
        negative_prompt=plan.negative_prompt,
        num_frames=plan.num_frames,
        height=plan.height,
        width=plan.width,
        num_inference_steps=plan.steps,
        guidance_scale=plan.guidance,
        generator=torch.Generator("cpu").manual_seed(SEED),
    ).frames[0]
    if plan.output_format == "mp4":
        encode_video(frames, 1000 / plan.fps)
    else:
        encode_images(frames, 1000 / plan.fps, "webp", quality=90)


def compare(engine: DiffusersEngine, request: AnimateDiffRequest, rounds: int, label: str) -> float:
    """Write how much longer ours takes than the bare pipeline with the same weights; give our seconds."""
    ours(engine, request)  # what is done once is done now
    assert engine._models
    pipe, plan = engine._models._pipe, make_plan(request)
    bare(pipe, plan)
    pairs = []
    for index in range(rounds):
        works = [lambda: ours(engine, request), lambda: bare(pipe, plan)]
        times = [timed(work) for work in (works if index % 2 else works[::-1])]
        pairs.append(times if index % 2 else times[::-1])
    seconds, processor = (statistics.median(pair[0][kind] / pair[1][kind] - 1 for pair in pairs) for kind in (0, 1))
    least = min(pair[0][0] for pair in pairs) / min(pair[1][0] for pair in pairs) - 1
    us, them = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    write(
        f"{label}: {us:.2f} s a clip, the bare pipeline {them:.2f} s; overhead {seconds:+.1%}, of the processor's time "
        f"{processor:+.1%} (medians of {rounds} pairs), of the quickest runs {least:+.1%}"
    )
    return us


def container(request: AnimateDiffRequest) -> float:
    """Give how long a job takes the published container's way: the pipeline anew, single precision."""

    def job() -> None:
        models, plan, log = Models("cuda", torch.float32), make_plan(request), [].append
        with quiet():
            bare(models.pipeline(plan, Finder(False, log, lambda: False), log), plan)

    job()  # what has to be fetched
    return timed(job)[0]


def on_gpu(rounds: int) -> None:
    """Measure with the real weights."""
    write(torch.cuda.get_device_name())
    engine = DiffusersEngine()
    request = AnimateDiffRequest(prompt="a boat on the sea, full moon", motion_module="mm_sd_v15_v2")
    ours(engine, request)
    engine.close()
    first, _ = timed(lambda: ours(engine, request))
    torch.cuda.reset_peak_memory_stats()
    clip = compare(engine, request, rounds, "25 steps, mm_sd_v15_v2")
    write(f"loading: {first - clip:.1f} s; most memory: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    for name, steps, guidance in (("AnimateLCM", 8, 1.5), ("animatediff_lightning_4step", 4, 1.0)):
        quick = request.copy(motion_module=name, steps=steps, guidance_scale=guidance)
        compare(engine, quick, rounds, f"{steps} steps, {name}")
    engine.close()
    theirs = container(request)
    write(f"the published container's way: {theirs:.1f} s a clip, {theirs / clip:.1f} times ours")


def on_cpu(rounds: int) -> None:
    """Measure the overhead with the tiny model, in one thread: more would wait for each other."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        tiny.make_checkpoint(Path(folder, "checkpoint"))
        tiny.make_adapter(Path(folder, "adapter"))
        engine = DiffusersEngine(device="cpu")
        request = tiny.ask(Path(folder), steps=8, extra_input={"num_frames": 16})
        compare(engine, request, rounds, "tiny model on the CPU, 8 steps")
        engine.close()


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    (on_gpu if torch.cuda.is_available() else on_cpu)(count)
