"""What our engines take beside the request's own fields, by their names: known before an engine is loaded."""

from __future__ import annotations

from animatediff_widget.model.inputs import Input

__all__ = ["INPUTS"]

INPUTS: dict[str, tuple[Input, ...]] = {
    "pocket": (
        Input("output_format", default="webp", choices=("webp", "gif")),
        Input("step_seconds", "number", 0.0, 0.0, 5.0),
    ),
    "gpu": (
        Input("num_frames", "integer", 16, 2, 128),
        Input("width", "integer", 512, 64, 1024, step=8),
        Input("height", "integer", 512, 64, 1024, step=8),
        Input("fps", "integer", 8, 1, 60),
        Input("motion_lora", default=""),
        Input("motion_lora_scale", "number", 1.0, 0.0, 2.0),
        Input("context_length", "integer", None, 8, 32),
        Input("output_format", default="mp4", choices=("mp4", "webp")),
    ),
}
