"""Keys stay out of every file, and nothing that a server or a person wrote runs in the page."""

from __future__ import annotations

import json

from driving import RUN_IS_ON, button, choose_relay, run, set_number, tab, wait_for_status
from front_ends import Lab

from animatediff_widget.engines import Engine, Output
from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.server import LocalServer

KEY = "r8_a_very_secret_key_0123456789"
ATTACKS = (
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    '"><svg onload="window.pwned = 1">',
    "</textarea></pre></div><script>window.pwned = 1</script>",
    "<a href='javascript:window.pwned = 1'>click</a>",
    "\u202eright to left\u202c",
)


def test_a_typed_key_is_in_no_saved_notebook_and_in_no_journal(visit, site):
    with LocalServer(PocketEngine(), token=KEY) as server:
        here: Lab = visit("lab", notebook="quickstart.ipynb")  # a page of its own, for it goes on saving them
        panel = here.open_panel()
        choose_relay(panel, server)
        set_number(panel, "Steps", 3)
        run(panel)
        tab(panel, "Request")
        here.do("@jupyter-widgets/jupyterlab-manager:saveWidgetState")
        here.save()
    saved = (site.work / here.notebook).read_text()
    state = json.loads(saved)["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert any(model["model_name"] == "PasswordModel" for model in state.values())
    assert KEY not in saved
    written = [path for path in site.home.rglob("*") if path.is_file()]
    assert any(path.name == "journal.sqlite3" for path in written)
    assert not [path for path in written if KEY.encode() in path.read_bytes()]


class HostileEngine(Engine):
    """An engine whose log, error and output are attacks."""

    name = "hostile"

    def __init__(self, error: str = "", log: str = "", data: bytes = b"") -> None:
        self.error, self.log, self.data = error, log, data

    def run(self, request, *, seed, log, canceled, preview):
        log(self.log)
        if self.error:
            raise ValueError(self.error)
        return Output(self.data, "<img src=x onerror=window.pwned=1>.webp", "image/webp")


def test_nothing_that_a_server_or_a_person_wrote_runs(visit):
    attack = "\n".join(ATTACKS)
    with LocalServer(HostileEngine(error=attack, log=attack * 3), token=KEY) as server:
        here = visit("lab")
        panel = here.open_panel()
        panel.get_by_label("Prompt", exact=True).fill(attack)
        choose_relay(panel, server)
        button(panel, "Run").click()
        wait_for_status(panel, "^Failed")
        for name in ("JSON", "Logs", "Request", "History", "Animation"):
            tab(panel, name)
        here.page.wait_for_timeout(500)
        assert here.page.evaluate("window.pwned") is None
        assert panel.locator("a[href^='javascript:'], svg[onload], img[onerror]").count() == 0
        panel.locator(RUN_IS_ON).wait_for()


def test_what_is_no_media_is_kept_but_not_rendered(visit):
    with LocalServer(HostileEngine(data=b"<html><script>window.pwned = 1</script>"), token=KEY) as server:
        here = visit("lab")
        panel = here.open_panel()
        choose_relay(panel, server)
        button(panel, "Run").click()
        wait_for_status(panel, "^Done")
        panel.get_by_text("no image or video").wait_for()
        assert here.page.evaluate("window.pwned") is None
        assert panel.locator(".ad-stage img, .ad-stage iframe, .ad-stage object").count() == 0


def test_ten_megabytes_leave_the_page_usable_and_its_messages_small(visit):
    received = [0]
    with LocalServer(HostileEngine(error="x" * 3_000_000, log="<b>log</b>\n" * 600_000), token=KEY) as server:
        here = visit("lab")
        panel = here.open_panel()
        choose_relay(panel, server)
        session = here.context.new_cdp_session(here.page)
        session.send("Network.enable")
        session.on(
            "Network.webSocketFrameReceived",
            lambda event: received.__setitem__(0, received[0] + len(event["response"]["payloadData"])),
        )
        button(panel, "Run").click()
        wait_for_status(panel, "^Failed")
        tab(panel, "JSON")
        panel.get_by_text("too much to copy").wait_for()
        tab(panel, "Logs")
        panel.locator(RUN_IS_ON).wait_for()
        session.detach()
    assert 0 < received[0] < 2_000_000
