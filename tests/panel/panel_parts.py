"""What the panel's tests share: engines that do as they are told, and short ways to a panel's parts."""

from __future__ import annotations

import threading
import time

from ipywidgets import Widget

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Journal
from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.model.body import Body

RELAY = Endpoint.relay("https://relay.example")


class StepwiseEngine(Engine):
    """An engine that waits to be told, so that tests decide what happens when."""

    name = "stepwise"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.fail = ""

    def run(self, request, *, seed, log, canceled, preview):
        log(f"Using seed: {seed}\n\r 50%|█████     | 1/2 [00:00<00:00, 10.00it/s]")
        while not self.go.wait(0.01):
            if canceled():
                raise Canceled
        if self.fail:
            raise ValueError(self.fail)
        return Output(b"GIF89a" + bytes(20), "gif", "image/gif")


class QuickEngine(Engine):
    name = "quick"

    def run(self, request, *, seed, log, canceled, preview):
        return Output(b"GIF89a" + bytes(20), "gif", "image/gif")


def wait_until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def all_children(box) -> list[Widget]:
    """Everything that is in a box."""
    children = list(getattr(box, "children", ()))
    return children + [inner for child in children for inner in all_children(child)]


def created(panel, server) -> int:
    """How many jobs the server has."""
    return len(Client(panel.endpoint, server.token).list())


def control(panel, name):
    return panel._form.controls[name]


def animation_tab(panel):
    return panel._results.animation_tab


def all_widgets() -> list[Widget]:
    from ipywidgets.widgets import widget

    registry = widget._instances if hasattr(widget, "_instances") else Widget.widgets
    return list(registry.values())


def run_to_the_end(panel):
    """Run the panel's job, and wait until the panel shows its end."""
    job = panel.run()
    animation = job.result(60)
    wait_until(lambda: not panel.run_button.disabled)
    return animation


def record(state: str, endpoint=RELAY, prediction=None, error=None, **fields) -> str:
    """Write a job into the journal, as an earlier session did; give its key."""
    journal = Journal()
    key = journal.begin(Body.of(AnimateDiffRequest(**{"seed": 1, **fields})), endpoint)
    journal.record(key, state, prediction=prediction, error=error)
    return key
