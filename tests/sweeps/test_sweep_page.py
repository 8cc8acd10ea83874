"""A sweep as one page: nothing of it can run, nothing is fetched, and everything is in it."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import random
import re

import pytest
from PIL import Image
from sheets import sheet

from animatediff_widget.errors import MissingExtra
from animatediff_widget.media.strips import LARGEST_STRIP, keep_strip, kept_strip, make_strip, strip
from animatediff_widget.sweeps.page import write_page
from animatediff_widget.texts import Message, Texts

AXES = {"steps": (1, 4, 25), "guidance_scale": (1.0, 7.5), "seed": (7, 8)}
HOSTILE = "</script><!--<script>alert(1)</script><img src=x onerror=alert(2)> \u202eevil\u2028 &amp;"


def read(page: bytes) -> tuple[dict, list[dict]]:
    """What the page's code reads, as an HTML parser hands it over: up to the first end of a script."""
    text = page.decode()
    found = re.search(r'<script type="application/json" id="sheet">(.*?)</script', text, re.DOTALL)
    data = json.loads(found[1])
    return data["head"], data["cells"]


def test_every_cell_is_in_the_page_with_its_strip_its_clip_and_its_recipe(tmp_path):
    cells = sheet(tmp_path, AXES)
    head, written = read(b"".join(write_page(AXES, cells)))
    assert head["title"] == "Steps × Guidance scale × Seed"
    assert [axis["values"] for axis in head["axes"]] == [["1", "4", "25"], ["1", "7.5"], ["7", "8"]]
    assert len(written) == 12
    assert written[-1]["name"] == "Steps 25, Guidance scale 7.5, Seed 8"
    for cell, plain in zip(cells, written, strict=True):
        assert base64.b64decode(plain["clip"]["url"].partition(",")[2]) == cell.file.read_bytes()
        picture = Image.open(io.BytesIO(base64.b64decode(plain["strip"]["url"].partition(",")[2])))
        assert picture.size == (plain["strip"]["count"] * 64, 64)
        assert plain["strip"]["seconds"] == pytest.approx(16 * 0.12)
        assert json.loads(plain["json"]) == cell.body.to_json()
        assert ["Time", "1.5 s"] in plain["recipe"]


def test_nothing_that_a_person_or_a_server_wrote_can_become_code(tmp_path):
    axes = {"prompt": ("night", HOSTILE), HOSTILE: (1, 2)}
    cells = sheet(tmp_path, {"prompt": axes["prompt"]}, prompt=HOSTILE)
    cells = [
        dataclasses.replace(cell, settings={**cell.settings, HOSTILE: value}) for cell in cells for value in (1, 2)
    ]
    cells[0] = dataclasses.replace(cells[0], state="failed", file=None, error=HOSTILE)
    page = b"".join(write_page(axes, cells))
    head, written = read(page)
    assert "onerror" in written[0]["error"]
    assert "<img" in head["axes"][0]["values"][1]
    text = page.decode()
    assert text.count("<script") == text.count("</script") == 2
    assert "<img" not in text
    assert "<!--" not in text
    assert "\u202e" not in text
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)[1]
    assert "default-src &#x27;none&#x27;" in policy
    assert "unsafe" not in policy
    assert "http" not in re.sub(r"data:image/webp;base64,[\w+/=]*", "", text).replace("http-equiv", "")


def test_a_cell_without_a_clip_says_why(tmp_path):
    axes = {"seed": (1, 2, 3, 4)}
    cells = sheet(tmp_path, axes)
    cells[0] = dataclasses.replace(cells[0], state="failed", file=None, error="The model failed.")
    cells[1] = dataclasses.replace(cells[1], state="new", file=None)
    cells[2].file.unlink()
    cells[3].file.write_bytes(b"no clip at all")
    _, written = read(b"".join(write_page(axes, cells)))
    assert [cell["says"] for cell in written[:2]] == ["Failed", "Waits"]
    assert written[0]["error"] == "The model failed."
    assert written[2]["says"] == "The file of this animation is gone."
    assert written[3]["says"].startswith("The animation cannot be decoded")
    assert not any("strip" in cell or "clip" in cell for cell in written)


def test_a_page_speaks_the_language_that_it_is_written_in(tmp_path):
    axes = {"steps": (1, 2)}
    page = b"".join(write_page(axes, sheet(tmp_path, axes), texts=Texts("zh"))).decode()
    assert '<html lang="zh-CN">' in page
    assert read(page.encode())[0]["axes"][0]["label"] == "步数"


def test_many_clips_share_the_room_that_a_page_has(tmp_path, monkeypatch):
    monkeypatch.setattr("animatediff_widget.sweeps.page._ORIGINALS", 1)
    monkeypatch.setattr("animatediff_widget.sweeps.page._STRIPS", 6 * 4_000)
    axes = {"seed": tuple(range(6))}
    cells = sheet(tmp_path, axes)
    for cell in cells:
        cell.file.write_bytes(noise())
    _, written = read(b"".join(write_page(axes, cells)))
    assert not any("clip" in cell for cell in written)
    assert all(len(cell["strip"]["url"]) * 3 / 4 < 4_100 for cell in written)


def test_a_video_is_in_the_page_also_where_it_cannot_be_taken_apart(tmp_path, monkeypatch):
    axes = {"seed": (1,)}
    [cell] = sheet(tmp_path, axes)
    cell.file.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(40))
    monkeypatch.setattr("animatediff_widget.media.video.find_ffmpeg", _no_ffmpeg)
    _, [written] = read(b"".join(write_page(axes, [cell])))
    assert "needs ffmpeg" in written["says"]
    assert written["clip"]["video"]


def _no_ffmpeg():
    raise MissingExtra(Message("ffmpeg_missing"))


def test_a_strip_that_is_kept_is_not_made_again(tmp_path):
    axes = {"seed": (1,)}
    [cell] = sheet(tmp_path, axes)
    kept = strip(cell.file, "a-key", tmp_path / "kept")
    cell.file.write_bytes(b"RIFF0000WEBPVP8X")  # which nothing can be made of
    _, [written] = read(b"".join(write_page(axes, [dataclasses.replace(cell, key="a-key")], tmp_path / "kept")))
    assert base64.b64decode(written["strip"]["url"].partition(",")[2]) == kept.data


def test_strips_that_a_page_needs_are_kept_and_made_smaller_for_a_page_of_very_many(tmp_path):
    axes, folder = {"seed": (1,)}, tmp_path / "kept"
    [cell] = sheet(tmp_path, axes, key="a-key")
    b"".join(write_page(axes, [cell], folder))
    kept = kept_strip("a-key", folder)
    assert kept.count == 16
    cell.file.unlink()
    smaller = keep_strip(cell.file, "a-key", folder, len(kept.data) - 1)
    assert len(smaller.data) < len(kept.data)
    assert (smaller.count, smaller.seconds) == (16, kept.seconds)
    assert kept_strip("a-key", folder) == kept


def noise() -> bytes:
    """A clip that compresses badly."""
    chance = random.Random(4)
    frames = [Image.frombytes("RGB", (128, 128), chance.randbytes(3 * 128 * 128)) for _ in range(20)]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=50, quality=90)
    return file.getvalue()


def test_a_strip_is_small_and_is_made_once(tmp_path):
    path = tmp_path / "noise.webp"
    path.write_bytes(noise())
    made = strip(path, "key", tmp_path / "kept")
    assert len(made.data) <= LARGEST_STRIP
    assert (made.count, made.seconds) == (16, pytest.approx(1.0))
    path.unlink()
    assert kept_strip("key", tmp_path / "kept") == strip(path, "key", tmp_path / "kept") == made
    assert strip(path, "another", tmp_path / "kept") is None
    (tmp_path / "kept" / "key-strip.webp").write_bytes(b"RIFF")
    assert kept_strip("key", tmp_path / "kept") is None


def test_a_strip_of_a_still_picture_has_one_frame():
    file = io.BytesIO()
    Image.new("RGB", (300, 100)).save(file, "PNG")
    made = make_strip(file.getvalue())
    assert (made.count, made.size) == (1, (128, 43))
