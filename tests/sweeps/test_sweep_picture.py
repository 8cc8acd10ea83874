"""A sweep as one animated picture with labels."""

from __future__ import annotations

import dataclasses
import io

import pytest
from PIL import Image, ImageChops
from sheets import clip, sheet

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Animation
from animatediff_widget.media import sheets
from animatediff_widget.sweeps.picture import draw_picture
from animatediff_widget.texts import Texts

AXES = {"steps": (1, 4, 25), "guidance_scale": (1.0, 7.5)}


def shades(frame: Image.Image) -> set[int]:
    """The shades of the clips' backgrounds that are in a picture."""
    return {color[2] for _, color in frame.getcolors(2**20) if color[:2] == (20, 60)}


@pytest.mark.parametrize("suffix", ["webp", "gif", "png", "mp4"])
def test_all_cells_move_in_one_picture_in_every_format(tmp_path, suffix):
    data = draw_picture(AXES, sheet(tmp_path, AXES), suffix)
    made = Animation(data, AnimateDiffRequest())
    assert made.suffix == suffix
    frames = made.frames()
    assert len(frames) == 16
    assert ImageChops.difference(frames[0], frames[8]).getbbox()
    if suffix == "png":
        assert len(shades(frames[0])) == 6
        assert Image.open(io.BytesIO(data)).info["duration"] == pytest.approx(120)


def test_the_first_axis_goes_across_and_the_others_down(tmp_path):
    axes = {**AXES, "seed": (1, 2)}
    frame = Animation(draw_picture(axes, sheet(tmp_path, axes), "png"), AnimateDiffRequest()).frames()[0]
    first, wide = frame.width - 3 * 198, 198  # a cell and the gap beside it
    columns = [
        sorted(shades(frame.crop((left, 0, left + wide, frame.height)))) for left in range(first, frame.width, wide)
    ]
    assert columns == [[number * 12 for number in range(start, start + 4)] for start in (0, 4, 8)]


def test_a_shorter_clip_begins_again_while_the_longest_plays(tmp_path):
    axes = {"seed": (1, 2)}
    cells = sheet(tmp_path, axes)
    cells[1].file.write_bytes(clip(shade=99, milliseconds=60))
    frames = Animation(draw_picture(axes, cells, "png"), AnimateDiffRequest()).frames()
    short, long = [], []
    for frame in frames:
        half = frame.width // 2
        short.append(frame.crop((half, 0, frame.width, frame.height)).tobytes())
        long.append(frame.crop((0, 0, half, frame.height)).tobytes())
    assert short[:8] == short[8:]
    assert len(set(long)) == 16


def test_a_cell_without_a_clip_says_how_it_stands_and_a_file_that_is_gone_leaves_it_empty(tmp_path):
    cells = sheet(tmp_path, AXES)
    whole = Animation(draw_picture(AXES, cells, "png"), AnimateDiffRequest()).frames()[0]
    cells[0] = dataclasses.replace(cells[0], state="failed", file=None)
    cells[1].file.write_bytes(b"nothing")
    frame = Animation(draw_picture(AXES, cells, "png"), AnimateDiffRequest()).frames()[0]
    assert frame.size == whole.size
    assert len(shades(frame)) == 4


def test_labels_that_no_font_can_draw_are_refused_and_words_around_the_values_fall_back_to_english(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(sheets, "_FONTS", ())
    axes = {"seed": (1, 2)}
    assert draw_picture(axes, sheet(tmp_path, axes), "gif", Texts("zh")) == draw_picture(
        axes, sheet(tmp_path, axes), "gif"
    )
    axes = {"prompt": ("夜晚", "黎明")}
    with pytest.raises(AnimateDiffError, match="No font of this machine"):
        draw_picture(axes, sheet(tmp_path, axes), "webp")


def test_too_many_cells_and_an_unknown_format_are_refused_in_a_sentence(tmp_path):
    axes = {"seed": tuple(range(5000))}
    one = sheet(tmp_path, {"seed": (0,)})[0]
    with pytest.raises(AnimateDiffError, match="5000 cells are too many for one picture"):
        draw_picture(axes, [one] * 5000, "webp")
    with pytest.raises(AnimateDiffError, match=r"cannot be saved as \.bmp"):
        draw_picture({"seed": (0,)}, [one], "bmp")
