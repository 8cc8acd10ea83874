"""The panel inside the click: a real kernel, and a page that hears only what Colab's page hears.

Colab shows what is sent between a click and that click's idle, and nothing after. So only messages whose parent is the
click, and that come before its idle, may count.
"""

from __future__ import annotations

import threading
import time
from importlib import metadata
from pathlib import Path

import pytest
from real_kernel import Page, RealKernel

from animatediff_widget import Client, Endpoint
from animatediff_widget.engines import Canceled, Engine, Output
from animatediff_widget.server import LocalServer

FAKE_COLAB = (Path(__file__).parent / "fake_colab.py").read_text()
# Where the kernel's queue cannot be looked into, the panel has no Cancel button inside the click.
HAS_QUEUE = int(metadata.version("ipykernel").partition(".")[0]) == 6


class PacedEngine(Engine):
    """An engine that stops after its first step, until it is told to go on."""

    name = "paced"

    def __init__(self) -> None:
        self.go, self.asked_to_stop = threading.Event(), threading.Event()
        self.stubborn = False

    def run(self, request, *, seed, log, canceled, preview):
        log(f"Using seed: {seed}\n\r 50%|█████     | 1/2 [00:00<00:00, 10.00it/s]")
        while not self.go.wait(0.01):
            if canceled():
                self.asked_to_stop.set()
                if not self.stubborn:
                    raise Canceled
        return Output(b"GIF89a" + bytes(20), "gif", "image/gif")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = RealKernel(tmp_path_factory.mktemp("home"))
    kernel.run(f"{FAKE_COLAB}\ninstall()")
    yield kernel
    kernel.stop()


@pytest.fixture
def engine():
    engine = PacedEngine()
    yield engine
    engine.go.set()


@pytest.fixture
def server(engine):
    with LocalServer(engine) as server:
        yield server


@pytest.fixture
def page(kernel, server):
    """A page with a panel, as the cell that made it left it."""
    page = Page()
    cell = kernel.send(
        "from animatediff_widget import AnimateDiffPanel, Endpoint\n"
        f"panel = AnimateDiffPanel(endpoint=Endpoint.relay({server.base_url!r}), token={server.token!r})\n"
        "panel"
    )
    follow(kernel, page, cell)
    assert page.printed == []
    assert not page.is_disabled("Run")
    return page


def follow(kernel, page, message_id, then=None):
    """Let the page take in what the kernel sends for a message; `then` is called once it shows the first step."""
    for message in kernel.answers(message_id):
        page.take(message)
        if then is not None and "step 1 of 2" in page.text:
            then()
            then = None
    assert then is None, "no progress was shown before the idle"


def jobs(server):
    return Client(Endpoint.relay(server.base_url), server.token).list()


def press_again(kernel, page):
    """Press Run, later than the second press of a double click."""
    time.sleep(0.8)
    return kernel.click(page.find("Run"))


def test_a_page_that_hears_only_the_click_can_draw_the_whole_job(kernel, server, engine, page):
    seen = []
    click = kernel.click(page.find("Run"))
    for message in kernel.answers(click):
        page.take(message)
        text = page.text
        if page.is_disabled("Run") and "Drawing" in text:
            seen.append("start")
        if "step 1 of 2" in text and "processing" in text:
            seen.append("progress")
            engine.go.set()
        if "data:image/gif;base64," in text:
            seen.append("animation")
    assert list(dict.fromkeys(seen)) == ["start", "progress", "animation"]
    (job,) = jobs(server)
    assert job.id in page.text  # the final JSON
    assert "succeeded" in page.text
    assert "Done" in page.text
    assert not page.is_disabled("Run")
    assert page.printed == []


def test_a_later_click_runs_another_job(kernel, server, engine, page):
    engine.go.set()
    for count in (1, 2):
        follow(kernel, page, press_again(kernel, page))
        assert len(jobs(server)) == count
        assert jobs(server)[0].id in page.text
    assert page.printed == []


def test_a_double_click_runs_one_job(kernel, server, engine, page):
    first, second = kernel.click(page.find("Run")), kernel.click(page.find("Run"))
    follow(kernel, page, first, then=engine.go.set)
    follow(kernel, page, second)
    assert len(jobs(server)) == 1
    assert "Done" in page.text
    follow(kernel, page, press_again(kernel, page))
    assert len(jobs(server)) == 2


def test_an_interrupt_cancels_the_job_and_says_so(kernel, server, page):
    follow(kernel, page, kernel.click(page.find("Run")), then=kernel.interrupt)
    (job,) = jobs(server)
    assert job.status == "canceled"
    assert "Canceled" in page.text
    assert not page.is_disabled("Run")
    assert page.printed == []
    assert kernel.run("1 + 1") == "2"


def test_a_second_interrupt_does_not_wait_for_the_end_and_the_panel_can_be_used_again(kernel, server, engine, page):
    engine.stubborn = True

    def interrupt_twice():
        kernel.interrupt()
        assert engine.asked_to_stop.wait(60)
        kernel.interrupt()

    follow(kernel, page, kernel.click(page.find("Run")), then=interrupt_twice)
    assert jobs(server)[0].status == "processing"
    assert "no longer waited for" in page.text
    assert page.printed == []
    assert kernel.run("1 + 1") == "2"
    engine.go.set()
    follow(kernel, page, press_again(kernel, page))
    assert [job.status for job in jobs(server)] == ["succeeded", "canceled"]
    assert "Done" in page.text


@pytest.mark.parametrize("start", ["click", "cell"])
def test_cancel_works_while_the_job_runs_or_is_not_offered(kernel, server, page, start):
    assert (page.find("Cancel") is not None) == HAS_QUEUE
    assert "Ctrl+M I" in page.text
    stop = (lambda: kernel.click(page.find("Cancel"))) if HAS_QUEUE else kernel.interrupt
    message = kernel.click(page.find("Run")) if start == "click" else kernel.send("panel.run();")
    follow(kernel, page, message, then=stop)
    (job,) = jobs(server)
    assert job.status == "canceled"
    assert "Canceled" in page.text
    assert not page.is_disabled("Run")
    assert page.printed == []


@pytest.mark.parametrize("ends", ["by itself", "by Cancel"])
def test_a_comparison_is_drawn_inside_the_click_and_cancel_works(kernel, server, engine, page, ends):
    follow(kernel, page, kernel.edit(page.find("Compare"), value=True))
    follow(kernel, page, kernel.edit(page.find("Values"), value="3, 4"))
    assert "Jobs to post: 2" in page.text
    seen = []
    for message in kernel.answers(press_again(kernel, page)):
        page.take(message)
        if "0 of 2 done" in page.text and "Processing" in page.text and not seen:
            seen.append("running")
            if ends == "by itself":
                engine.go.set()
            elif HAS_QUEUE:
                kernel.click(page.find("Cancel"))
            else:
                kernel.interrupt()
        if "2 of 2 done" in page.text:
            seen.append("ended")
    assert seen[0] == "running"
    assert seen[-1] == "ended"
    assert {job.status for job in jobs(server)} == {"succeeded" if ends == "by itself" else "canceled"}
    assert not page.is_disabled("Run")
    assert page.printed == []
    follow(kernel, page, kernel.edit(page.find("Compare"), value=False))


def test_what_else_is_sent_while_the_job_runs_is_handled_afterwards_and_in_order(kernel, server, engine, page):
    sent = []

    def send_and_stop():
        prompt = page.find("Prompt")
        sent.append(kernel.send("prompts = [panel.request.prompt]"))
        sent.append(kernel.edit(prompt, value="snow"))
        sent.append(kernel.send("prompts.append(panel.request.prompt)"))
        if HAS_QUEUE:
            sent.append(kernel.click(page.find("Cancel")))
        else:
            kernel.interrupt()
        sent.append(kernel.edit(prompt, value="rain"))
        sent.append(kernel.send("prompts.append(panel.request.prompt)"))

    kernel.run("panel.request.prompt = 'sun'")
    run = kernel.click(page.find("Run"))
    follow(kernel, page, run, then=send_and_stop)
    assert kernel.order_of(run, *sent) == [run, *sent]
    assert kernel.run("prompts") == "['sun', 'snow', 'rain']"
    assert [job.status for job in jobs(server)] == ["canceled"]


def test_a_cancel_that_was_meant_for_one_job_does_not_touch_the_next(kernel, server, engine, page):
    again = []

    def stop_and_run_again():
        again.append(kernel.send("panel.run();"))
        kernel.click(page.find("Cancel")) if HAS_QUEUE else kernel.interrupt()

    follow(kernel, page, kernel.click(page.find("Run")), then=stop_and_run_again)
    follow(kernel, page, again[0], then=engine.go.set)
    assert [job.status for job in jobs(server)] == ["succeeded", "canceled"]


def test_a_click_with_a_forged_signature_is_not_heeded(kernel, page):
    kernel.run("from animatediff_widget.panel.waiting import WaitingMessages")
    assert kernel.run("WaitingMessages.here() is not None") == str(HAS_QUEUE)
    look = (
        "waiting, clicks = WaitingMessages.here(), []\nwhile waiting and not clicks: clicks = waiting.newly_clicked()"
    )
    cell = kernel.send(f"{look}\nclicks")
    key, kernel.client.session.key = kernel.client.session.key, b"forged"
    kernel.click(page.find("Run"))
    kernel.client.session.key = key
    kernel.click(page.find("Use this seed"))
    (result,) = [message for message in kernel.answers(cell) if message["msg_type"] == "execute_result"]
    assert result["content"]["data"]["text/plain"] == str([page.find("Use this seed")] if HAS_QUEUE else [])
