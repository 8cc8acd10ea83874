"""What the panel runs on where a test decides how long a job takes."""

from __future__ import annotations

import io
import threading

from PIL import Image, ImageDraw

from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.media.formats import convert


class TalkingEngine(Engine):
    """An engine that writes a line of its log every now and then, until it is canceled or has said enough.

    Or it fails at once.
    """

    name = "talking"

    def __init__(self) -> None:
        self.enough = threading.Event()
        self.fails = False

    def run(self, request, *, seed, log, canceled, preview):
        if self.fails:
            raise ValueError("no more boats")
        log("a line\n" * 80)
        step = 0
        while not self.enough.wait(0.3):
            if canceled():
                raise Canceled
            log(f"{(step := step + 1)} of many\n")
        return Output(moving_square("gif"), "square.gif", "image/gif")


class HeldEngine(PocketEngine):
    """The pocket model, which stops after its fourth step until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def run(self, request, *, seed, log, canceled, preview):
        def log_and_stop(text):
            log(text)
            while " 4/" in text and not self.go.wait(0.05):
                if canceled():
                    raise Canceled

        return super().run(request, seed=seed, log=log_and_stop, canceled=canceled, preview=preview)


def panel_on(server) -> str:
    """The code of a cell with a panel that runs on this server."""
    return (
        "from animatediff_widget import AnimateDiffPanel, Endpoint\n"
        f"panel = AnimateDiffPanel(endpoint=Endpoint.relay({server.base_url!r}), token={server.token!r})\npanel"
    )


def moving_square(suffix: str) -> bytes:
    frames = []
    for index in range(16):
        frames.append(Image.new("RGB", (64, 64), "navy"))
        ImageDraw.Draw(frames[-1]).rectangle((index * 3, 20, index * 3 + 12, 40), fill="gold")
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:], duration=125)
    return convert(file.getvalue(), "png", suffix)
