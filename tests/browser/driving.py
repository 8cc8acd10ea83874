"""What a person does with the panel, the same in every front end."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator

# A button that is switched off while it has the focus keeps it, and is off by aria-disabled alone.
RUN_IS_ON = "button.ad-run:not([disabled], [aria-disabled=true])"
RUN_IS_OFF = "button.ad-run:is([disabled], [aria-disabled=true])"


def button(panel, name: str):
    return panel.get_by_role("button", name=re.compile(rf"\b{name}$"))  # its icon is a character in its name too


def status(panel) -> str:
    return panel.locator(".ad-status").inner_text()


def wait_for_status(panel, pattern: str) -> None:
    panel.locator(".ad-status", has_text=re.compile(pattern)).wait_for(timeout=60_000)


def picture(panel):
    """The animation, decoded; of the job that ran last."""
    image = panel.locator(".ad-stage img:not(.ad-preview)")
    image.wait_for(timeout=60_000)
    image.evaluate("image => image.decode()")
    return image


@contextlib.contextmanager
def another_picture(panel) -> Iterator[None]:
    """What is pressed inside starts a job: wait for its end, with a picture that is another than the one before."""
    old = panel.locator(".ad-stage img")
    if old.count():
        old.evaluate("image => image.dataset.old = 'yes'")
    yield
    panel.locator(".ad-stage img:not([data-old], .ad-preview)").wait_for(timeout=60_000)
    wait_for_status(panel, "^Done")
    panel.locator(RUN_IS_ON).wait_for()


def run(panel):
    """Press Run, wait for the end, and give the picture."""
    panel.page.wait_for_timeout(750)  # this is not the second press of a double click
    with another_picture(panel):
        button(panel, "Run").click()
    return picture(panel)


@contextlib.contextmanager
def watching(panel) -> Iterator[list[int]]:
    """Collect the numbers of the steps that the status shows meanwhile; they are there in the end."""
    panel.evaluate(
        """panel => {
            window.seen = [];
            const look = () => seen.push(panel.querySelector('.ad-status')?.textContent ?? '');
            window.watcher = new MutationObserver(look);
            watcher.observe(panel, {childList: true, subtree: true, characterData: true});
        }"""
    )
    steps: list[int] = []
    yield steps
    texts = panel.evaluate("() => { watcher.disconnect(); return seen; }")
    steps += [int(step) for text in texts for step in re.findall(r"step (\d+) of", text)]


@contextlib.contextmanager
def watching_previews(panel) -> Iterator[list[tuple[str, int]]]:
    """Collect the pictures that stand in the stage meanwhile, and how high they are; they are there in the end."""
    panel.evaluate(
        """panel => {
            window.pictures = [];
            const look = () => panel.querySelectorAll('img.ad-preview').forEach(
                image => pictures.push([image.src, image.clientHeight]));
            window.watcher = new MutationObserver(look);
            watcher.observe(panel, {childList: true, subtree: true});
        }"""
    )
    pictures: list[tuple[str, int]] = []
    yield pictures
    pictures += {tuple(each) for each in panel.evaluate("() => { watcher.disconnect(); return pictures; }")}


def soon(page, look: Callable[[], object], expected: object) -> None:
    """Look until what is seen is what is expected; a page draws when it has the time to."""
    end = time.monotonic() + 20
    while (seen := look()) != expected and time.monotonic() < end:
        page.wait_for_timeout(100)
    assert seen == expected


def moves(element) -> bool:
    """Whether what an element shows changes within about two seconds."""
    first = element.screenshot()
    for _ in range(12):
        element.page.wait_for_timeout(150)
        if element.screenshot() != first:
            return True
    return False


def set_number(panel, label: str, value) -> None:
    field = panel.locator(".ad-number").get_by_label(label)
    field.fill(str(value))
    field.press("Enter")


def choose_relay(panel, server) -> None:
    panel.get_by_label("Run on").select_option("A relay")
    url = panel.get_by_label("Base url")
    url.fill(server.base_url)
    url.press("Enter")
    key = panel.get_by_label("Key", exact=True)
    key.fill(server.token)
    key.press("Enter")
    panel.get_by_text("kept in memory").wait_for()


def tab(panel, name: str) -> None:
    """Choose a tab, and wait until something is on it: the history comes from the kernel."""
    panel.get_by_role("tab", name=name).click()
    shown = panel.locator(".ad-results :is(.ad-stage, .ad-json, .ad-scroll, .ad-tile, .ad-empty):visible")
    shown.first.wait_for()
