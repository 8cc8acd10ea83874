"""What readers see who open a saved notebook in VS Code, as it comes and without a kernel."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from driving import moves
from front_ends import ARTIFACTS
from vs_code import VSCode, install

pytestmark = pytest.mark.slow  # it installs VS Code

PROMPT = "the last boat on the sea, full moon"
CELLS = (
    "from animatediff_widget import Animation, AnimateDiffPanel, AnimateDiffRequest, animate\n"
    "animation = animate('snow, mountain', steps=3, seed=7)\n"
    "animation",
    f"panel = AnimateDiffPanel(AnimateDiffRequest(prompt={PROMPT!r}, steps=3, seed=7))\npanel",
    "_ = panel.run().result(timeout=60)",
    "Animation(animation.save('snow.mp4').read_bytes(), animation.request)",
)


@pytest.fixture(scope="module")
def vs_code(site):
    # A folder that does not outlive the tests: an installed VS Code is large.
    with tempfile.TemporaryDirectory() as folder:
        vs_code = VSCode(install(Path(folder)), Path(folder, "one"))
        try:
            shutil.copy(site.execute(site.write("read.ipynb", *CELLS)), vs_code.work)
            yield vs_code
        finally:
            vs_code.stop()


def test_the_animations_move_and_the_panels_cell_has_its_recipe(browser, vs_code):
    with vs_code.visit(browser, "read.ipynb", trusted=True) as (page, outputs):
        outputs.locator("video").wait_for()
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "vs_code.png")
        for image in shown(outputs, 2):
            assert moves(image)
            assert image.get_attribute("alt").startswith(("snow, mountain\n", f"{PROMPT}\n"))
        assert moves(outputs.locator("video"))
        assert not outputs.locator("video").evaluate("video => video.paused")
        outputs.get_by_text(PROMPT, exact=True).wait_for()
        outputs.get_by_text("JSON", exact=True).click()
        outputs.locator("pre:visible", has_text='"status": "succeeded"').wait_for()
        # It has nothing to draw the panel itself with, and does not complain.
        assert not re.search("No renderer|AnimateDiffPanel", outputs.locator("body").inner_text())


def test_in_a_folder_that_is_not_trusted_the_images_move_too(browser, vs_code):
    with vs_code.visit(browser, "read.ipynb", trusted=False) as (page, outputs):
        page.get_by_text("Restricted Mode is intended").wait_for()
        for image in shown(outputs, 2):
            assert moves(image)
        # VS Code shows no HTML there, so this is all.
        assert outputs.locator("video").count() == outputs.get_by_text(PROMPT, exact=True).count() == 0


def shown(outputs, count: int) -> list:
    """The images among the outputs, decoded."""
    outputs.locator("img").nth(count - 1).wait_for()
    images = outputs.locator("img").all()
    assert len(images) == count
    for image in images:
        image.evaluate("image => image.decode()")
        assert image.evaluate("image => image.naturalWidth") > 0
    return images
