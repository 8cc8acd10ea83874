"""The pictures that are taken of a run: how often, and how large."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from animatediff_widget.engines.previews import MAX_BYTES, SECONDS, Preview

FRAME = np.zeros((8, 8, 3), np.uint8)


def test_pictures_are_sent_four_times_a_second_at_most():
    sent, due, times = [], [], [0.0]
    preview = Preview(sent.append, clock=lambda: times[-1])
    for seconds in np.arange(0, 1, SECONDS / 5):
        times.append(seconds)
        due.append(preview.due())
        preview.show(FRAME)
    assert due == [True, False, False, False, False] * 4
    assert len(sent) == 4


@pytest.mark.parametrize("size", [(1, 1), (512, 512), (511, 1023), (4096, 7)])
def test_a_picture_has_its_frame_s_shape_and_is_small_whatever_it_shows(size):
    sent = []
    Preview(sent.append).show(np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8))
    [data] = sent
    assert len(data) <= MAX_BYTES
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert max(picture.size) <= 512
        assert picture.width / picture.height == pytest.approx(size[1] / size[0], rel=0.2)


def test_blocks_of_eight_pixels_stay_sharp():
    colours = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    sent = []
    Preview(sent.append).show(colours.repeat(8, axis=0).repeat(8, axis=1))
    [data] = sent
    seen = np.asarray(Image.open(io.BytesIO(data)), np.int16)
    assert abs(seen[4::8, 4::8] - colours).max() < 12
