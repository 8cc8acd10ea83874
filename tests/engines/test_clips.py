"""What a clip is made of: pictures that add up to it, and the same clip on every machine."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import EXAMPLE, painted
from knobs import PROMPTS, sample, trajectory, world

from animatediff_widget.engines import diffusion
from animatediff_widget.engines.clips import COMPOSITIONS, QUALITIES, presence_groups, to_clip
from animatediff_widget.engines.columns import LEVELS
from animatediff_widget.engines.painter import read, shows, without


@pytest.fixture(scope="module")
def drawn():
    return world("1girl, boat on the sea, full moon, stars", 2, "clouds")


def test_as_much_of_everything_as_drawn_is_the_drawn_clip(drawn):
    amounts = np.array([name != "unwanted" for name in drawn.names], dtype=float)
    for way, scene in zip(drawn.ways, drawn.scenes, strict=True):
        np.testing.assert_allclose(to_clip(drawn, amounts @ way[:-1]), painted(scene), atol=0.51 / 255)


def test_what_is_unwanted_can_be_taken_away(drawn):
    some = 0
    amounts = np.array([1.0 if name != "unwanted" else -1.0 for name in drawn.names])
    for way, scene in zip(drawn.ways, drawn.scenes, strict=True):
        some += shows(scene, "clouds")
        expected = painted(without(scene, ["clouds"]))
        np.testing.assert_allclose(to_clip(drawn, amounts @ way[:-1]), expected, atol=0.51 / 255)
    assert some > 0


def test_nothing_of_everything_is_grey(drawn):
    assert (to_clip(drawn, np.zeros(len(drawn.gram))) == 0.5).all()


def test_the_prompted_things_are_in_three_groups_from_front_to_back():
    assert presence_groups(frozenset()) == []
    assert presence_groups(frozenset({"boat"})) == [["boat"]]
    groups = presence_groups(read("night, boat on the sea, 1girl, white hair, rain, mount fuji").tags)
    assert groups == [["rain", "hair:white"], ["girl", "boat", "sea"], ["mountain", "time:night"]]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_column_is_named_and_the_last_one_is_hidden(prompt):
    drawn = world(prompt, 1)
    assert drawn.ways.shape == (COMPOSITIONS, len(drawn.names) + 1, len(drawn.gram))
    assert drawn.names[: len(QUALITIES)] == tuple(QUALITIES)
    assert (drawn.ways[:, -1, : len(drawn.atoms)] == 0).all()


@pytest.mark.parametrize("scale", [1.0, 7.5])
def test_sampling_in_coefficients_is_sampling_in_pixels(drawn, scale):
    hidden = len(drawn.gram) - len(drawn.atoms)
    atoms = drawn.atoms.astype(np.float64) / LEVELS
    x, unseen = drawn.noise.astype(np.float64), drawn.products[-hidden:]
    bars, visits = diffusion.alpha_bars(), diffusion.timesteps(5)
    for step, visit, after in zip(trajectory(drawn, 5, scale), visits, [*bars[visits[1:]], 1.0], strict=True):
        products, a = np.concatenate([atoms @ x, unseen]), bars[visit]
        c, u = (mixture.denoise(products, a).point for mixture in (drawn.conditional, drawn.unconditional))
        x0 = u + scale * (c - u)
        keep = np.sqrt((1 - after) / (1 - a))
        x = keep * x + (np.sqrt(after) - np.sqrt(a) * keep) * (x0[:-hidden] @ atoms)
        unseen = keep * unseen + (np.sqrt(after) - np.sqrt(a) * keep) * x0[-hidden:]
        clip = np.clip(x.reshape(16, 64, 64, 3) + 0.5, 0, 1)
        np.testing.assert_allclose(to_clip(drawn, step.point, step.noise), clip, atol=2e-3)
    assert clip.std() > 0.05


def test_the_pictures_are_whole_numbers_whose_products_are_exact(drawn):
    assert (drawn.atoms == np.rint(drawn.atoms)).all()
    assert np.abs(drawn.atoms).max() <= LEVELS
    rows = drawn.atoms[:9].astype(np.int64)
    np.testing.assert_array_equal(drawn.gram[:9, :9], (rows @ rows.T) / LEVELS**2)


def test_a_negative_word_moves_no_composition():
    plain, spoiled = world("sea", 5), world("sea", 5, "night")
    assert plain.scenes == spoiled.scenes
    assert sample(plain).composition == sample(spoiled).composition


def test_every_composition_has_its_turn():
    assert len({sample(world("", seed), 4).composition for seed in range(9)}) > 3


def test_the_noise_alone_decides_the_composition():
    for seed in (1, 2):
        drawn = world(EXAMPLE, seed)
        chosen = {sample(drawn, steps, scale).composition for steps in (2, 4, 25) for scale in (1, 7.5, 10)}
        assert len(chosen) == 1
