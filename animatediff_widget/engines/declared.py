"""What our engines take beside the request's own fields, by their names: known before an engine is loaded."""

from __future__ import annotations

from animatediff_widget.model.inputs import Input

__all__ = ["INPUTS"]

INPUTS: dict[str, tuple[Input, ...]] = {
    "pocket": (Input("output_format", default="webp", choices=("webp", "gif")),),
}
