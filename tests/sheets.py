"""Small clips, and cells of a sheet that hold them."""

from __future__ import annotations

import io
import itertools
import threading

from PIL import Image

from animatediff_widget import AnimateDiffRequest
from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.model.body import Body
from animatediff_widget.sweeps.page import SheetCell


def clip(shade: int = 200, frames: int = 16, side: int = 64, milliseconds: int = 120) -> bytes:
    """A WebP in which a bright square goes to the right, over a background of that shade."""
    images = []
    for index in range(frames):
        image = Image.new("RGB", (side, side), (20, 60, shade))
        image.paste((250, 220, 40), (index * side // 20, 20, index * side // 20 + side // 5, 40))
        images.append(image)
    file = io.BytesIO()
    images[0].save(file, "WEBP", save_all=True, append_images=images[1:], duration=milliseconds, lossless=True)
    return file.getvalue()


def sheet(folder, axes, prompt="a boat", **of_a_cell) -> list[SheetCell]:
    """Cells over axes, in order, each with a clip of its own shade."""
    cells = []
    for number, values in enumerate(itertools.product(*axes.values())):
        settings = dict(zip(axes, values, strict=True))
        file = folder / f"{number}.webp"
        file.write_bytes(clip(shade=number * 12 % 256))
        body = Body.of(AnimateDiffRequest(**{"prompt": prompt, "seed": 3, **settings}))
        cells.append(SheetCell(settings, body, "succeeded", file, 1.5, **of_a_cell))
    return cells


class ClipEngine(Engine):
    """Draws a clip at once, another shade for each number of steps; `fails` names steps that fail."""

    name = "clips"

    def __init__(self) -> None:
        self.fails: set[int] = set()
        self.go = threading.Event()
        self.go.set()

    def run(self, request, *, seed, log, canceled, preview):
        log(f"Using seed: {seed}\n")
        while not self.go.wait(0.01):
            if canceled():
                raise Canceled
        if request.steps in self.fails:
            raise ValueError("no more boats")
        return Output(clip(shade=request.steps * 7 % 256), "webp", "image/webp")
