"""What is loaded: a checkpoint's parts, a motion module, and the pipeline of both. Only what changed is loaded anew."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from animatediff_widget.errors import AnimateDiffError, MissingExtra
from animatediff_widget.texts import Message

from .catalog import BASE, Sampler, Weights
from .files import weights_of
from .hub import Finder
from .memory import is_out_of_memory, release
from .plan import Plan, check_length
from .reading import Parts, named, read_adapter, read_parts

__all__ = ["Models", "make_scheduler"]

# As the hosted model was trained and is sampled; the modules for few steps were distilled from it.
_SCHEDULE: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear", "steps_offset": 1}
_STRIDE = 4  # frames from one window to the next


def make_scheduler(sampler: Sampler) -> Any:
    """Make the scheduler that a motion module was made for."""
    import diffusers

    if sampler == "euler":
        return diffusers.EulerDiscreteScheduler(**_SCHEDULE, timestep_spacing="trailing")
    if sampler == "lcm":
        return diffusers.LCMScheduler(**_SCHEDULE, clip_sample=False, set_alpha_to_one=False)
    return diffusers.DDIMScheduler(**_SCHEDULE, clip_sample=False, timestep_spacing="leading")


class Models:
    """Keeps one checkpoint, one motion module and their pipeline on a device. Used by one thread at a time."""

    def __init__(self, device: str, dtype: Any) -> None:
        self.device = device
        self.dtype = dtype
        self.offloaded = False
        self._checkpoint: tuple[Weights, Parts] | None = None
        self._adapter: tuple[Weights, Any] | None = None
        self._pipe: Any = None
        self._window: int | None = None
        self._loras: tuple[Weights, ...] = ()

    def free(self) -> None:
        """Let go of everything."""
        self._checkpoint = self._adapter = None
        self._drop()

    def offload(self) -> bool:
        """Keep only what is computed at the moment on the GPU; False where that is so already, or cannot be."""
        can = self.device.startswith(("cuda", "xpu")) and importlib.util.find_spec("accelerate") is not None
        if self._pipe is None or self.offloaded or not can:  # None: there was not even enough to load it
            return False
        self._pipe.enable_model_cpu_offload(device=self.device)
        self.offloaded = True
        return True

    def pipeline(self, plan: Plan, finder: Finder, log: Callable[[str], None]) -> Any:
        """Give the pipeline for a plan: as it is, changed, or made anew."""
        files = self._find(plan, finder)
        try:
            if self._load(plan, files, log) or (self._window and not plan.window):
                self._build(plan, log)
            self._dress(plan, files)
        except BaseException:
            self._drop()  # half made
            raise
        self._pipe.scheduler = make_scheduler(plan.module.sampler)
        return self._pipe

    def _find(self, plan: Plan, finder: Finder) -> dict[Weights, Path]:
        """Find all files, before anything that is loaded is let go."""
        files: dict[Weights, Path] = {}
        if not self._has(self._checkpoint, plan.checkpoint):
            files[plan.checkpoint] = finder.find(plan.checkpoint, "pipeline")
            if files[plan.checkpoint].is_file():
                files[BASE] = finder.find(BASE, "config")
        if not self._has(self._adapter, plan.module.weights):
            files[plan.module.weights] = finder.find(plan.module.weights, "adapter")
        for lora in _loras(plan):
            if importlib.util.find_spec("peft") is None:
                raise MissingExtra(Message("gpu_missing", package="peft"))
            files[lora] = finder.find(lora, "lora")
        return files

    @staticmethod
    def _has(loaded: tuple[Weights, Any] | None, weights: Weights) -> bool:
        return loaded is not None and loaded[0] == weights

    def _load(self, plan: Plan, files: dict[Weights, Path], log: Callable[[str], None]) -> bool:
        """Load what is not loaded, the old one let go first; say whether there was anything, or is no pipeline."""
        changed = self._pipe is None
        for weights in files:
            if weights in (plan.checkpoint, plan.module.weights):
                log(f"Loading {weights}\n")
        if plan.checkpoint in files:
            self._checkpoint = None
            self._drop()
            with named(plan.checkpoint):
                self._checkpoint = plan.checkpoint, read_parts(files[plan.checkpoint], files.get(BASE), self.dtype)
            changed = True
        if plan.module.weights in files:
            self._adapter = None
            self._drop()
            with named(plan.module.weights):
                self._adapter = plan.module.weights, read_adapter(files[plan.module.weights], self.dtype)
            changed = True
        assert self._adapter
        check_length(plan, self._adapter[1].config["motion_max_seq_length"])
        return changed

    def _build(self, plan: Plan, log: Callable[[str], None]) -> None:
        """Put the motion module into the checkpoint."""
        import diffusers

        self._drop()
        assert self._checkpoint
        assert self._adapter
        parts, adapter = self._checkpoint[1], self._adapter[1]
        try:
            unet = diffusers.UNetMotionModel.from_unet2d(parts.unet, adapter).to(self.dtype)
        except (ValueError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise
            params = {"module": plan.module.name, "checkpoint": plan.checkpoint, "why": error}
            raise AnimateDiffError(Message("module_does_not_fit", **params)) from error
        self._pipe = diffusers.AnimateDiffPipeline(
            vae=parts.vae,
            text_encoder=parts.text_encoder,
            tokenizer=parts.tokenizer,
            unet=unet,
            motion_adapter=None,  # it is in the UNet; on the GPU it would lie once more
            scheduler=make_scheduler(plan.module.sampler),
        )
        self._pipe.set_progress_bar_config(disable=True)
        try:
            self._pipe.to(self.device)
        except Exception as error:
            if not (is_out_of_memory(error) and self.offload()):
                raise
            log("There is not enough memory for all parts at once: each is on the GPU only while it works.\n")

    def _dress(self, plan: Plan, files: dict[Weights, Path]) -> None:
        """Draw in windows or not, with the LoRAs that are wanted."""
        loras = _loras(plan)
        if (plan.window, loras) != (self._window, self._loras):
            if self._loras:
                self._pipe.unload_lora_weights()
            if plan.window and plan.window != self._window:
                assert self._adapter
                self._pipe.motion_adapter = self._adapter[1]  # only its configuration is looked at
                self._pipe.enable_free_noise(context_length=plan.window, context_stride=_STRIDE)
                self._pipe.motion_adapter = None
                self._pipe.unet.to(self.dtype)  # the new blocks have the VAE's, which may be another
            self._window, self._loras = plan.window, loras
            for lora in loras:
                path = files[lora]
                if path.is_dir():
                    path /= weights_of([each.name for each in path.iterdir()], "", half=True) or ""
                with named(lora):
                    self._pipe.load_lora_weights(
                        str(path.parent), weight_name=path.name, adapter_name=_adapter(lora, plan)
                    )
        if loras:
            scales = {plan.motion_lora: plan.motion_lora_scale, plan.module.lora: plan.module.lora_scale}
            self._pipe.set_adapters([_adapter(lora, plan) for lora in loras], [scales[lora] for lora in loras])

    def _drop(self) -> None:
        """Let go of the pipeline; the parts that it was made of stay."""
        pipe, self._pipe, self._window, self._loras = self._pipe, None, None, ()
        if pipe is None:
            return
        if self.offloaded:
            pipe.remove_all_hooks()
            self.offloaded = False
        del pipe
        release()


def _loras(plan: Plan) -> tuple[Weights, ...]:
    return tuple(lora for lora in (plan.module.lora, plan.motion_lora) if lora)


def _adapter(lora: Weights, plan: Plan) -> str:
    """Name a LoRA for peft."""
    return "module" if lora == plan.module.lora else "motion"
