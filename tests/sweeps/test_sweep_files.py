"""A real sweep, written as a page and as a picture."""

from __future__ import annotations

import json
import re

import pytest
from sheets import ClipEngine

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Animation, Client, Endpoint, Sweep
from animatediff_widget.server import LocalServer


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    from animatediff_widget import Journal

    with LocalServer(ClipEngine()) as server:
        client = Client(Endpoint.relay(server.base_url), server.token)
        journal = Journal(tmp_path_factory.mktemp("journal"))
        request = AnimateDiffRequest(prompt="a boat", seed=7)
        yield Sweep(request, client, journal=journal, steps=[1, 4], guidance_scale=[1, 7.5]).run()


def test_a_page_has_every_cell_under_its_own_recipe(sweep, tmp_path):
    path = sweep.to_html(tmp_path / "deep" / "sheet")
    assert path.suffix == ".html"
    text = re.search(r'id="sheet">(.*?)</script>', path.read_text("utf-8"))[1]
    for cell, written in zip(sweep.cells, json.loads(text)["cells"], strict=True):
        assert json.loads(written["json"]) == cell.body.to_json()
        assert written["clip"]["url"].startswith("data:image/webp")


@pytest.mark.parametrize("suffix", ["", ".gif"])
def test_a_picture_has_every_cell(sweep, tmp_path, suffix):
    path = sweep.save(tmp_path / f"sheet{suffix}")
    assert Animation(path.read_bytes(), AnimateDiffRequest()).suffix == (suffix or ".webp")[1:]


def test_a_place_that_cannot_be_written_is_named_and_a_wrong_name_refused(sweep, tmp_path):
    (tmp_path / "file").write_text("")
    for write in (sweep.to_html, sweep.save):
        with pytest.raises(AnimateDiffError, match="could not be written"):
            write(tmp_path / "file" / "sheet.webp")
        with pytest.raises(AnimateDiffError, match="path must be the name of a file"):
            write(7)
