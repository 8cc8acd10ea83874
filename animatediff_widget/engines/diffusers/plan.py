"""What a request asks of the engine, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from animatediff_widget.engines import declared
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .catalog import Module, Weights, find_checkpoint, find_lora, find_module

__all__ = ["INPUTS", "Plan", "check_length", "make_plan", "problems"]

INPUTS = declared.INPUTS["gpu"]
"""What the engine takes in ``extra_input``."""

_INPUTS = Inputs(INPUTS, closed=True)
_BLOCK = 8  # pixels a side that the VAE makes one value of


@dataclass(frozen=True)
class Plan:
    """One clip: the weights, the settings, and the file."""

    prompt: str
    negative_prompt: str
    checkpoint: Weights
    module: Module
    steps: int
    guidance: float
    num_frames: int
    width: int
    height: int
    fps: int
    motion_lora: Weights | None
    motion_lora_scale: float
    context_length: int | None
    output_format: str

    @property
    def window(self) -> int | None:
        """How many frames are drawn together; None where it is the whole clip."""
        return self.context_length if self.context_length and self.num_frames > self.context_length else None


def make_plan(request: AnimateDiffRequest) -> Plan:
    """Read a request; `InvalidRequest` where it asks for what the engine, or the motion module, cannot do."""
    _INPUTS.check(request.extra_input)
    given = _INPUTS.values(request.extra_input)
    for side in ("width", "height"):
        if given[side] % _BLOCK:
            raise InvalidRequest(side, Message("not_a_multiple", name=side, block=_BLOCK, value=given[side]))
    lora = str(given["motion_lora"] or "").strip()
    plan = Plan(
        prompt=request.prompt,
        negative_prompt=request.n_prompt,
        checkpoint=find_checkpoint(request.path),
        module=find_module(request.motion_module),
        steps=int(request.steps),
        guidance=float(request.guidance_scale),
        num_frames=int(given["num_frames"]),
        width=int(given["width"]),
        height=int(given["height"]),
        fps=int(given["fps"]),
        motion_lora=find_lora(lora) if lora else None,
        motion_lora_scale=float(given["motion_lora_scale"]),
        context_length=given["context_length"],
        output_format=given["output_format"],
    )
    _check_module(plan)
    return plan


def problems(given: Mapping[str, Any]) -> Iterator[InvalidRequest]:
    """Yield why a body's input, each value of which is possible, cannot be drawn all the same."""
    try:
        make_plan(AnimateDiffRequest.from_body({"input": dict(given)}))
    except InvalidRequest as error:
        yield error


def check_length(plan: Plan, positions: int) -> None:
    """Refuse a clip that is longer than the module's table of positions, unless it is drawn in windows."""
    limits = {"module": plan.module.name, "positions": positions}
    if plan.context_length and plan.context_length > positions:
        raise InvalidRequest("context_length", Message("window_too_long", value=plan.context_length, **limits))
    if plan.num_frames > positions and not plan.context_length:
        raise InvalidRequest("num_frames", Message("clip_too_long", value=plan.num_frames, **limits))


def _check_module(plan: Plan) -> None:
    """Refuse settings that the motion module was not made for: it would draw noise, or another thing in silence."""
    module = plan.module
    wanted = {"steps": (plan.steps, module.steps), "guidance_scale": (plan.guidance, module.guidance)}
    wrong = [name for name, (value, (low, high)) in wanted.items() if not low <= value <= high]
    if wrong:
        bounds = {name: f"{low:g}" if low == high else f"{low:g}-{high:g}" for name, (_, (low, high)) in wanted.items()}
        given = {f"given_{name}": f"{value:g}" for name, (value, _) in wanted.items()}
        raise InvalidRequest(wrong[0], Message("module_wants", module=module.name, **bounds, **given))
    if plan.motion_lora and not module.motion_loras:
        raise InvalidRequest("motion_lora", Message("module_without_loras", module=module.name))
    if module.positions:
        check_length(plan, module.positions)
