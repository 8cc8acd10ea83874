"""Make the README's moving pictures, of the panel and of a sheet: ``python .github/images/make.py [panel] [sheet]``."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageSequence

HERE = Path(__file__).parent
sys.path += [str(HERE.parents[1] / "tests" / "browser")]

from driving import run  # noqa: E402
from front_ends import FRONT_ENDS, Site, open_browser  # noqa: E402

SHEET = """
from animatediff_widget import AnimateDiffRequest, ContactSheet, Endpoint, Sweep
request = AnimateDiffRequest(prompt="a boat on the sea, full moon, stars", seed=7)
sweep = Sweep(request, Endpoint.builtin(), steps=[1, 4, 12, 25], guidance_scale=[1, 4, 7.5])
ContactSheet(sweep.start())
"""


def picture_panel(browser, site: Site) -> None:
    """Run a job in the panel, and picture it at each moment of what it made."""
    visit = FRONT_ENDS["lab"](browser, site, width=1320)
    panel = visit.open_panel()
    panel.get_by_role("button", name="Random").click()
    seed = panel.get_by_label("Seed", exact=True)
    seed.fill("20251122")
    seed.press("Enter")
    run(panel)
    visit.page.mouse.move(0, 0)
    panel.get_by_text("Kept at").evaluate(
        "(line, [ours, theirs]) => line.innerHTML = line.innerHTML.replace(ours, theirs)",
        [str(site.home), "/home/ada/.local/share/animatediff-widget"],
    )
    picture = Image.open(io.BytesIO(panel.screenshot())).convert("RGB")
    outer, inner = panel.bounding_box(), panel.get_by_role("img").first.bounding_box()
    [made] = (site.home / "animations").glob("*.webp")
    frames = []
    for frame in ImageSequence.Iterator(Image.open(made)):
        frames.append(picture.copy())
        place = round(inner["x"] - outer["x"]), round(inner["y"] - outer["y"])
        frames[-1].paste(frame.convert("RGB").resize((round(inner["width"]), round(inner["height"]))), place)
    save(frames, "panel.webp")
    visit.close()


def picture_sheet(browser, site: Site) -> None:
    """Run a sweep, and picture its sheet at each of the 16 moments of its loops."""
    visit = FRONT_ENDS["lab"](browser, site, site.write("sheet.ipynb", SHEET))
    visit.run_cell(0)
    grid = visit.page.locator(".ad-sheet")
    grid.locator(".ad-strip").nth(11).wait_for(timeout=120_000)
    visit.page.mouse.move(0, 0)
    outer, last = grid.bounding_box(), grid.locator(".ad-cell").last.bounding_box()
    wide, frames = last["x"] + last["width"] - outer["x"] + 3, []
    for moment in range(16):
        grid.evaluate(
            "(grid, part) => grid.getAnimations({subtree: true}).forEach(loop => { loop.pause();"
            " loop.currentTime = part * loop.effect.getTiming().duration; })",
            (moment + 0.5) / 16,
        )
        picture = Image.open(io.BytesIO(grid.screenshot())).convert("RGB")
        frames.append(picture.crop((0, 0, round(wide), picture.height)))
    save(frames, "sheet.webp")
    visit.close()


def save(frames: list[Image.Image], name: str) -> None:
    """Write a moving picture beside this file."""
    frames[0].save(HERE / name, save_all=True, append_images=frames[1:], duration=125, loop=0, quality=70, method=6)


with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
    site = Site(Path(folder))
    try:
        for name in sys.argv[1:] or ("panel", "sheet"):
            {"panel": picture_panel, "sheet": picture_sheet}[name](browser, site)
    finally:
        site.stop()
