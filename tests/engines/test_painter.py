"""The painter: the words it knows, and what its pictures show."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import EXAMPLE, painted
from knobs import PROMPTS

from animatediff_widget.engines.painter import (
    LEXICON,
    MOTIONS,
    STYLES,
    Workshop,
    compose,
    paint,
    read,
    shows,
    without,
)
from animatediff_widget.engines.painter.catalog import THINGS

# What the catalogue lists; each moves in a way of its own.
CATALOGUE = {thing.name for thing in THINGS}


def test_at_least_thirty_words_are_known_in_both_languages():
    english = {LEXICON[word] for word in LEXICON if word.isascii()}
    chinese = {LEXICON[word] for word in LEXICON if not word.isascii()}
    assert len(english & chinese) >= 30
    assert english == chinese


def test_every_word_is_read_as_what_it_means():
    for word, tag in LEXICON.items():
        assert (word, read(word).tags, read(word).unknown) == (word, {tag}, ())
        assert read(f"({word.upper()}:1.3)").tags == {tag}


@pytest.mark.parametrize("tag", sorted(set(LEXICON.values())))
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_word_shows_in_the_picture(tag, seed):
    scene = compose({tag}, (seed,))
    bare = without(scene, [tag])
    assert shows(scene, tag)
    assert not shows(bare, tag)
    clip = painted(scene)
    change = np.abs(clip - painted(bare)).max(axis=-1) > 0.08
    # At the least an iris: a dozen pixels in most of the frames, or as much of something else.
    assert change.sum() >= 60
    # What it changes loops without a seam.
    steps = np.abs(clip - np.roll(clip, 1, axis=0))[:, change.any(axis=0)].mean(axis=(1, 2))
    assert steps[0] <= 1.5 * steps[1:].max()
    if tag in CATALOGUE:
        assert steps.max() > 0


def test_every_visual_word_of_the_example_is_known():
    reading = read(EXAMPLE)
    assert reading.unknown == ()
    assert reading.praise == ("masterpiece", "best quality")
    figure = compose(reading.tags, (1,)).figure
    assert (figure.kind, figure.hair, figure.eyes) == ("girl", "white", "black")
    assert {"cherry", "plum", "wisteria", "flowers", "petals", "hills"} <= compose(reading.tags, (1,)).things


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("A boat on the sea, under the moon!", {"boat", "sea", "moon"}),
        ("(white hair:1.2), ((smile)), [cherry_blossoms]", {"hair:white", "smile", "cherry"}),
        ("月亮下的海上有一条小船", {"moon", "sea", "boat"}),
        ("樱花,白色的头发,黑眼睛,一个女孩", {"cherry", "hair:white", "eyes:black", "girl"}),
        ("a girl with long white hair", {"girl", "hair:white", "hair:long"}),
        ("黑色长发的少女", {"girl", "hair:black", "hair:long"}),
        ("a red dragon and a white horse before the castle", {"dragon:red", "horse:white", "castle"}),
        ("An old man with glasses near a house", {"old", "glasses", "house"}),
        ("老人, 眼镜, 王冠", {"old", "glasses", "crown"}),
        ("火箭前的宇航员和机器人", {"astronaut", "robot", "rocket"}),
        ("a fox and two pandas under the milky way", {"fox", "panda", "galaxy"}),
        ("a red car in the street, shooting stars", {"car:red", "street", "meteor"}),
        ("沙漠里的火车和仙人掌", {"desert", "train", "cactus"}),
        ("月下的女巫,猫耳,围巾,一杯茶", {"moon", "witch", "cat_ears", "scarf", "cup"}),
        ("SUNSET over Mountains", {"time:sunset", "mountain"}),
    ],
)
def test_prompts_are_read_in_many_forms(prompt, tags):
    reading = read(prompt)
    assert reading.tags == tags
    assert reading.unknown == ()


# Pictures


def test_the_five_checkpoints_look_different():
    scene = compose(read(EXAMPLE).tags, (3,))
    clips = {name: painted(scene, name) for name in STYLES}
    assert len(clips) == 5
    names = list(clips)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            assert np.abs(clips[one] - clips[other]).mean() > 0.04, (one, other)
            # Not the palette alone: with equal means and spreads they still differ.
            equal = [(clips[n] - clips[n].mean((0, 1, 2))) / clips[n].std((0, 1, 2)) for n in (one, other)]
            assert np.abs(equal[0] - equal[1]).mean() > 0.1, (one, other)


@pytest.mark.parametrize("seeds", [1, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_three_motion_modules_move_differently(prompt, seeds):
    rows = []
    for seed in range(seeds):
        scene = compose(read(prompt).tags, (seed, 0, 0))
        clips = [painted(scene, motion=name) for name in MOTIONS]
        # The backdrop: still, carried sideways, or magnified.
        still, *moves = (float(np.abs(np.diff(clip, axis=0)).mean()) for clip in clips)
        apart = min(float(np.abs(clips[k] - clips[k - 1]).mean()) for k in range(3))
        rows.append(min(moves) > 1.2 * still > 0 and apart > 0.015)
    assert len(clips) == 3
    assert sum(rows) / len(rows) >= 0.95


@pytest.mark.parametrize("motion", sorted(MOTIONS))
@pytest.mark.parametrize(
    "prompt", [EXAMPLE, "sea, boat, moon, fireworks", "snow, house, night", "rain, city", "leaves"]
)
def test_a_clip_loops_without_a_seam(prompt, motion):
    clip = painted(compose(read(prompt).tags, (4,)), motion=motion)
    steps = np.abs(clip - np.roll(clip, 1, axis=0)).mean(axis=(1, 2, 3))
    assert steps[1:].min() > 0
    assert steps[0] <= 1.5 * steps[1:].max()


def test_night_is_darker_than_day():
    for prompt in ("sea", "hills", "city, 1girl"):
        day, night = (painted(compose(read(f"{prompt}, {hour}").tags, (2,))).mean() for hour in ("day", "night"))
        assert night < 0.7 * day


def test_sprites_from_the_shelf_change_no_picture():
    warm = Workshop(STYLES["rcnzCartoon3d_v10"], MOTIONS["mm_sd_v15"])
    everything = sorted(set(LEXICON.values()))
    first, second = (
        [compose(tags, (seed, k)) for k, tags in enumerate(np.array_split(rng.permutation(everything), 30))]
        for seed, rng in ((seed, np.random.default_rng(seed)) for seed in (1, 2))
    )
    for scene in first:
        paint(scene, warm)
    for scene in second:
        np.testing.assert_array_equal(paint(scene, warm), paint(scene, Workshop(warm.style, warm.motion)))
