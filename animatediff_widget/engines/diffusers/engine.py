"""The engine: real AnimateDiff on this computer, kept loaded between jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.errors import AnimateDiffError, MissingExtra
from animatediff_widget.media import video
from animatediff_widget.media.formats import MIMES, encode_images
from animatediff_widget.texts import Message

from .decoding import decode, sketch
from .hub import Finder
from .loading import Models
from .memory import is_out_of_memory, release
from .plan import INPUTS, Plan, make_plan, problems
from .reading import quiet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animatediff_widget.engines.previews import Preview
    from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["IDLE_SECONDS", "DiffusersEngine"]

IDLE_SECONDS = 600.0
"""After how long without a job the memory is given back."""

_TICK = 0.1  # seconds after which a job that waits for its turn looks whether it was canceled

_TOKENS = 77  # what the text encoder reads of a prompt, with its begin and end


class DiffusersEngine(Engine):
    """Draws with diffusers' AnimateDiffPipeline: one job at a time, on CUDA, on Apple's GPU, or slowly on the CPU.

    What is loaded stays so for the next job, until it is closed or `idle_seconds` have passed without one. `device` is
    a name that torch knows, such as "cuda:1"; `dtype` one of its types, such as "float32". When not given: the GPU
    that is there, and half precision on it. It can be made without torch, which is imported by the first job.
    """

    name = "gpu"
    inputs = INPUTS
    rules = (problems,)

    def __init__(
        self, *, device: str | None = None, dtype: str | None = None, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._device = device
        self._dtype = dtype
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()  # guards what follows, and lets jobs come one by one
        self._models: Models | None = None
        self._timer: threading.Timer | None = None

    def __reduce__(self) -> Any:
        return _make, (self._device, self._dtype, self._idle_seconds)

    def run(
        self,
        request: AnimateDiffRequest,
        *,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> Output:
        """Draw one clip, an mp4 or a WebP; see `Engine.run`."""
        plan = make_plan(request)
        if plan.output_format == "mp4":
            video.find_ffmpeg()  # rather now than after minutes of drawing
        with self._turn(canceled):
            self._stop_timer()
            try:
                job = _Job(self._loaded(log), plan, seed, log, canceled, preview)
                frames = job.draw()
            finally:
                self._start_timer()
        return _save(frames, plan)

    @contextmanager
    def _turn(self, canceled: Callable[[], bool]) -> Iterator[None]:
        """Wait for the job before, which on a worker of a cluster is another thread's."""
        while not self._lock.acquire(timeout=_TICK):
            if canceled():
                raise Canceled
        try:
            yield
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of all memory; the next job loads again."""
        with self._lock:
            self._free()

    def _loaded(self, log: Callable[[str], None]) -> Models:
        if self._models is None:
            self._models = Models(*_choose(self._device, self._dtype, log))
        return self._models

    def _free(self) -> None:
        self._stop_timer()
        if self._models:
            self._models.free()
            self._models = None
            release()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _start_timer(self) -> None:
        self._timer = threading.Timer(self._idle_seconds, self._idle)
        self._timer.daemon = True
        self._timer.name = "animatediff-idle"
        self._timer.start()

    def _idle(self) -> None:
        with self._lock:
            if self._timer is threading.current_thread():  # else there was a job meanwhile
                self._free()


def _make(device: str | None, dtype: str | None, idle_seconds: float) -> DiffusersEngine:
    return DiffusersEngine(device=device, dtype=dtype, idle_seconds=idle_seconds)


def _choose(device: str | None, dtype: str | None, log: Callable[[str], None]) -> tuple[str, Any]:
    """Choose where to draw, and in which precision: half on a GPU, single on the CPU."""
    try:
        import diffusers  # noqa: F401
        import torch
        import transformers  # noqa: F401
    except ModuleNotFoundError as error:
        package = (error.name or "torch").partition(".")[0]
        raise MissingExtra(Message("gpu_missing", package=package)) from None
    except (ImportError, OSError) as error:  # a library of the system is missing, or they do not fit each other
        why = str(error).partition("\n")[0].rstrip(".")
        raise MissingExtra(Message("gpu_not_loaded", why=why)) from None
    if device is None:
        device = "mps" if torch.backends.mps.is_available() and not torch.cuda.is_available() else "cuda"
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:  # no driver, or an old one; a torch without CUDA; no such device
        why = str(error).partition("\n")[0].rstrip(".")
        raise AnimateDiffError(Message("gpu_no_device", device=device, torch=torch.__version__, why=why)) from None
    kind = getattr(torch, dtype or ("float32" if device.startswith("cpu") else "float16"), None)
    if not isinstance(kind, torch.dtype):
        raise AnimateDiffError(Message("gpu_no_dtype", dtype=dtype))
    named = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    log(f"Drawing on {named} in {str(kind).removeprefix('torch.')}.\n")
    if device.startswith("cpu"):
        log("No GPU is used: a clip of 512x512 takes many minutes.\n")
    return device, kind


class _Job:
    """One clip, from its plan to its frames."""

    def __init__(
        self,
        models: Models,
        plan: Plan,
        seed: int,
        log: Callable[[str], None],
        canceled: Callable[[], bool],
        preview: Preview | None,
    ) -> None:
        self._models = models
        self._plan = plan
        self._seed = seed
        self._log = log
        self._canceled = canceled
        self._preview = preview
        self._latents: Any = None

    def draw(self) -> NDArray[np.uint8]:
        """Load, draw and decode; where the memory does not do, once more with less of it on the GPU."""
        self._log(f"Using seed: {self._seed}\n")
        while True:
            try:
                frames = self._once()
                break
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # Outside of the handler, where the error and its frames no longer hold what was computed.
            release()
            if not self._models.offload():
                self._fail_for_memory()
            release()
            self._log("There is not enough memory; again, with each part on the GPU only while it works.\n")
        if frames is None:
            dtype = str(self._models.dtype).removeprefix("torch.")
            raise AnimateDiffError(Message("gpu_not_finite", module=self._plan.module.name, dtype=dtype))
        return frames

    def _fail_for_memory(self) -> None:
        plan = self._plan
        size = {"frames": plan.num_frames, "width": plan.width, "height": plan.height}
        raise AnimateDiffError(Message("gpu_out_of_memory", **size))

    def _once(self) -> NDArray[np.uint8] | None:
        plan = self._plan
        half = str(self._models.dtype) != "torch.float32"
        with quiet():
            pipe = self._models.pipeline(plan, Finder(half, self._log, self._canceled), self._log)
            if self._latents is None:
                self._introduce(pipe)
                self._latents = self._sample(pipe)
            return decode(pipe, self._latents, self._log, self._canceled)

    def _introduce(self, pipe: Any) -> None:
        """Say what draws, so that nobody takes one model's clip for another's."""
        plan = self._plan
        self._log(f"Checkpoint: {plan.checkpoint}\n")
        self._log(f"Motion module: {plan.module.name} ({plan.module.weights}), {type(pipe.scheduler).__name__}\n")
        if plan.motion_lora:
            self._log(f"Motion LoRA: {plan.motion_lora}, weight {plan.motion_lora_scale:g}\n")
        if plan.window:
            self._log(f"Drawn in windows of {plan.window} frames (FreeNoise)\n")
        for label, text in (("Prompt", plan.prompt), ("Negative prompt", plan.negative_prompt)):
            tokens = pipe.tokenizer(text).input_ids
            if len(tokens) > _TOKENS:
                rest = pipe.tokenizer.decode(tokens[_TOKENS - 1 : -1])
                self._log(f"{label}, too long, so without effect: {rest}\n")
        if plan.guidance <= 1 and plan.negative_prompt:
            self._log("Negative prompt: without effect, as a guidance scale of 1 looks at the prompt alone\n")

    def _sample(self, pipe: Any) -> Any:
        """Draw the latents, with a bar for each step."""
        import torch
        from tqdm import tqdm

        plan, began = self._plan, time.monotonic()

        def show(done: int) -> None:
            self._log("\r" + tqdm.format_meter(done, plan.steps, time.monotonic() - began))

        def after_step(_pipe: Any, index: int, _time: Any, given: dict[str, Any]) -> dict[str, Any]:
            self._check()
            show(index + 1)
            if self._preview and self._preview.due():
                self._preview.show(sketch(given["latents"]))
            return given

        self._check()
        show(0)
        try:
            with self._watched(pipe.unet):
                latents = pipe(
                    prompt=plan.prompt,
                    negative_prompt=plan.negative_prompt,
                    num_frames=plan.num_frames,
                    height=plan.height,
                    width=plan.width,
                    num_inference_steps=plan.steps,
                    guidance_scale=plan.guidance,
                    generator=torch.Generator("cpu").manual_seed(self._seed),
                    output_type="latent",
                    callback_on_step_end=after_step,
                ).frames
        except BaseException:
            pipe.maybe_free_model_hooks()
            raise
        self._log("\n")
        return latents

    @contextmanager
    def _watched(self, unet: Any) -> Iterator[None]:
        """Look before each block whether the job was canceled: on a slow machine a step takes minutes."""
        blocks = [*unet.down_blocks, unet.mid_block, *unet.up_blocks]
        hooks = [block.register_forward_pre_hook(lambda *_: self._check()) for block in blocks]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _check(self) -> None:
        if self._canceled():
            raise Canceled


def _save(frames: NDArray[np.uint8], plan: Plan) -> Output:
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    if plan.output_format == "mp4":
        data = video.encode_video(images, 1000 / plan.fps)
    else:
        data = encode_images(images, 1000 / plan.fps, "webp", quality=90)
    return Output(data, plan.output_format, MIMES[plan.output_format])
