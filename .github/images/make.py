"""Make the README's pictures, the panel in JupyterLab and the animation in it: ``python .github/images/make.py``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE.parents[1] / "tests" / "browser")]

from driving import run  # noqa: E402
from front_ends import FRONT_ENDS, Site, open_browser  # noqa: E402

with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
    site = Site(Path(folder))
    try:
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
            [
                str(site.home),
                "/home/ada/.local/share/animatediff-widget",
            ],
        )
        panel.screenshot(path=HERE / "panel.png")
        [made] = (site.home / "animations").glob("*.webp")
        shutil.copyfile(made, HERE / "animation.webp")
        visit.close()
    finally:
        site.stop()
