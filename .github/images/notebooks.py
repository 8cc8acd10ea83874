"""Make a picture of each notebook for the README: ``python .github/images/notebooks.py [NAME ...]``."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE.parents[1] / "tests" / folder) for folder in ("browser", "notebooks")]

from course import execute  # noqa: E402
from front_ends import open_browser  # noqa: E402
from nbconvert import HTMLExporter  # noqa: E402
from PIL import Image  # noqa: E402

# Of each notebook: the cell whose output is shown, by a part of its code.
SHOWN = {
    "quickstart": "animation.save(",
    "what-the-knobs-do": "show(forbidden)",
    "how-diffusion-draws": '"guided": [clips.frames(step.x0)',
    "the-api-behind-the-button": "for attempt in (1, 2)",
    "a-small-study": 'plot("Preferred"',
}

with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
    os.environ["ANIMATEDIFF_WIDGET_HOME"] = folder
    for name in sys.argv[1:] or SHOWN:
        notebook = execute(name, Path(folder))
        notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code" and SHOWN[name] in cell.source]
        page = Path(folder, f"{name}.html")
        page.write_text(HTMLExporter(exclude_input=name != "the-api-behind-the-button").from_notebook_node(notebook)[0])
        tab = browser.new_page(viewport={"width": 860, "height": 900})
        tab.goto(page.as_uri())
        picture = Image.open(io.BytesIO(tab.locator(".jp-Cell").screenshot()))
        picture.convert("RGB").quantize(128).save(HERE / f"{name}.png", optimize=True)
        tab.close()
