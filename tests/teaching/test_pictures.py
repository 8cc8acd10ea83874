"""Pictures: sound SVG that shows itself, with its words, in the environment's language."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from animatediff_widget.teaching import (
    Plane,
    amounts_over_steps,
    beside,
    film_strip,
    noise_levels,
    timesteps,
    weights_over_steps,
)

SVG = "{http://www.w3.org/2000/svg}"
STEPS = Plane().trajectory([0.4, -0.3], steps=6, guidance_scale=2.0)
FRAME = np.full((4, 5, 3), 0.5)


def parsed(picture) -> ElementTree.Element:
    root = ElementTree.fromstring(picture.svg)
    assert (root.get("width"), root.get("height")) == (str(picture.width), str(picture.height))
    return root


def words(picture) -> str:
    return " ".join(text.text or "" for text in parsed(picture).iter(f"{SVG}text"))


PICTURES = {
    "plane": lambda: Plane().picture(
        t=300, field=True, points=[[9, 9]], paths=[[[0, 0], [1, 1]]], arrows={"c": [[0, 0], [1, 2]]}, title="t = 300"
    ),
    "plane alone": lambda: Plane().picture(general=False),
    "strip": lambda: film_strip({"x": [FRAME, np.stack([FRAME, FRAME])], "clip": np.stack([FRAME, FRAME])}, ["1", 2]),
    "levels": lambda: noise_levels(timesteps(5)),
    "weights": lambda: weights_over_steps(STEPS),
    "amounts": lambda: amounts_over_steps(STEPS),
    "both": lambda: beside(noise_levels(), Plane().picture()),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_a_sound_drawing_that_shows_itself_and_says_what_it_is(name):
    picture = PICTURES[name]()
    parsed(picture)
    bundle = picture._repr_mimebundle_()
    assert base64.b64decode(re.search('base64,([^"]+)"', bundle["text/html"])[1]).decode() == picture.svg
    assert f'alt="{picture.alt}"' in bundle["text/html"]
    assert picture.alt in bundle["text/plain"] == repr(picture)
    assert "NaN" not in picture.svg
    assert "nan" not in re.sub('"data:[^"]*"', "", picture.svg)


def test_a_persons_words_are_text_in_a_picture_and_nothing_else():
    picture = film_strip({"<b onload='x'>": [FRAME]}, ["</svg><script>"])
    assert "<b" not in picture.svg
    assert "<script" not in picture.svg
    assert "</svg><script>" in words(picture)
    html = Plane().picture(title='"><script>')._repr_mimebundle_()["text/html"]
    assert "<script" not in html


def test_the_words_are_in_the_environments_language(monkeypatch):
    assert "timestep t" in words(weights_over_steps(STEPS))
    monkeypatch.setenv("LANGUAGE", "zh")
    assert "时间步 t" in words(weights_over_steps(STEPS))
    for name in ("levels", "weights", "amounts"):
        assert re.search("[a-z]{3}", words(PICTURES[name]())) is None, name
        assert re.search("[\u4e00-\u9fff]", PICTURES[name]().alt)


def test_what_is_in_a_clip_is_named_in_the_environments_language(clips, monkeypatch):
    steps = clips.trajectory(clips.start, steps=2)
    assert "light colour tone shape detail" in re.sub(" t = 501 1| [0-9]", "", words(amounts_over_steps(steps)))
    monkeypatch.setenv("LANGUAGE", "zh")
    picture = amounts_over_steps(steps)
    assert "船" in words(picture)
    assert re.search("[a-z]{3}", words(picture) + picture.alt) is None


def test_a_column_of_weights_is_as_high_as_the_weights_are_large():
    rectangles = [each for each in parsed(weights_over_steps(STEPS)).iter(f"{SVG}rect") if each.get("rx") is None]
    bars = rectangles[:-2]  # the last two are the legend
    columns = {}
    for bar in bars:
        columns.setdefault(bar.get("x"), []).append(float(bar.get("height")))
    assert len(columns) == len(STEPS)
    for heights, step in zip(columns.values(), STEPS, strict=True):
        shares = np.array(heights) / sum(heights)
        np.testing.assert_allclose(shares, [weight for weight in step.weights if weight > 1e-3], atol=3e-3)


def test_pixels_are_drawn_as_they_are():
    import io

    from PIL import Image

    frame = np.array([[[0.0, 0.5, 2.0], [1.0, -1.0, 0.2]]])
    (image,) = parsed(film_strip({"": [frame]})).iter(f"{SVG}image")
    data = base64.b64decode(image.get("href").partition(",")[2])
    assert np.asarray(Image.open(io.BytesIO(data))).tolist() == [[[0, 128, 255], [255, 0, 51]]]


def test_what_leaves_the_plane_is_drawn_at_its_edge():
    picture = Plane().picture(points=[[100, 0]])
    dot = list(parsed(picture).iter(f"{SVG}circle"))[-1]
    assert 0 < float(dot.get("cx")) <= picture.width
