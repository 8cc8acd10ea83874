"""What steps, guidance, the negative prompt and words of praise do to a clip: the same as in the large model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawing import ask, run
from knobs import PROMPTS, gap, sample, world

from animatediff_widget.engines.pocket import world_of

GUIDANCE = (1, 2, 4, 7.5, 10)
STEPS = (1, 2, 4, 8, 16, 25, 50)
MANY = pytest.param(100, marks=pytest.mark.slow)


def share(rising: list[bool]) -> float:
    return sum(rising) / len(rising)


def rises(values: list[float]) -> bool:
    return all(after > before for before, after in itertools.pairwise(values))


@pytest.mark.parametrize("seeds", [3, MANY])
def test_guidance_makes_it_stronger_and_less_varied(seeds):
    spreads = []
    for prompt in PROMPTS:
        rows = [
            [sample(drawn, scale=scale) for scale in GUIDANCE] for drawn in (world(prompt, k) for k in range(seeds))
        ]
        for what in ("saturation", "contrast", "presence"):
            assert share([rises([getattr(made, what) for made in row]) for row in rows]) >= 0.95, (prompt, what)
        gaps = [[gap(one, other) for one, other in itertools.pairwise(row)] for row in rows]
        assert np.mean(gaps, axis=0).min() >= 6, prompt
        # At 10 more of the picture is burnt out than at 4.
        assert share([row[4].burnt > row[2].burnt for row in rows]) >= 0.95, prompt
        amounts = np.array([[list(made.amounts.values()) for made in row] for row in rows])
        spreads.append(amounts.std(axis=0).mean(axis=1))
    assert (np.diff(np.mean(spreads, axis=0)) < 0).all()


@pytest.mark.parametrize("seeds", [3, MANY])
def test_the_usual_guidance_and_steps_give_the_clip_as_drawn(seeds):
    for prompt in PROMPTS[1:]:  # the first one has words of praise
        made = [sample(world(prompt, seed)) for seed in range(seeds)]
        amounts = np.array([list(one.amounts.values()) for one in made]).mean(axis=0)
        np.testing.assert_allclose(amounts, 1, atol=0.1 if seeds > 10 else 0.4)


@pytest.mark.parametrize("seeds", [3, MANY])
def test_steps_come_ever_nearer_to_the_clip_of_200_steps(seeds):
    for prompt in PROMPTS:
        falling, crisper, few, some, usual, beyond = [], [], [], [], [], []
        for seed in range(seeds):
            drawn = world(prompt, seed)
            made = [sample(drawn, steps) for steps in STEPS]
            last = sample(drawn, 200)
            falling.append(rises([-gap(one, last) for one in made]))
            crisper.append(rises([one.sharpness for one in made[1:6]]))
            few.append(gap(made[2], made[3]))
            some.append(gap(made[3], made[5]))
            usual.append(gap(made[5], made[6]))
            beyond.append(gap(made[6], last))
        assert share(falling) >= 0.95, prompt
        assert share(crisper) >= 0.95, prompt
        assert np.mean(few) > 8
        assert np.mean(some) > 4
        assert np.mean(usual) < 3
        assert np.mean(beyond) < 2


@pytest.mark.parametrize("seeds", [4, MANY])
def test_another_seed_is_another_picture_and_the_same_seed_the_same(seeds):
    prompt = PROMPTS[1]
    made = [sample(world(prompt, seed), 8) for seed in range(seeds)]
    # The same world has 8 compositions, and chance takes all of them.
    taken = np.bincount([one.composition for one in made], minlength=8)
    assert (taken > 0).sum() > min(seeds // 2, 7)
    assert np.mean([gap(one, other) > 5 for one, other in itertools.pairwise(made)]) >= 0.95
    for seed in range(0, seeds, 3):
        assert gap(made[seed], sample(world(prompt, seed), 8)) == 0


def test_one_step_is_grey():
    assert sample(world(PROMPTS[0], 1), 1).clip.std() < 0.05


@pytest.mark.parametrize(
    ("prompt", "negative", "seeds"),
    [
        ("sea", "night", range(8, 11)),
        ("1girl", "flowers", range(6)),
        pytest.param("sea", "night", range(100), marks=pytest.mark.slow),
        pytest.param("1girl", "flowers", range(100), marks=pytest.mark.slow),
        pytest.param("hills", "clouds, 蝴蝶", range(100), marks=pytest.mark.slow),
    ],
)
def test_a_negative_word_s_thing_gets_rarer_with_guidance(prompt, negative, seeds):
    rows = []
    for seed in seeds:
        drawn = world(prompt, seed, negative)
        made = [sample(drawn, scale=scale) for scale in GUIDANCE]
        # Where the composition that came out has nothing of it, there is nothing to take away.
        if "unwanted" in drawn.names and drawn.ways[made[0].composition, drawn.names.index("unwanted")].any():
            rows.append([one.amounts["unwanted"] for one in made])
    assert len(rows) >= len(seeds) / 10
    assert share([rises([-amount for amount in row]) for row in rows]) >= 0.95
    plain, *_, usual, _ = np.mean(rows, axis=0)
    assert plain > -0.4
    assert usual < -0.6


@pytest.mark.parametrize(
    ("better", "worse"),
    [("masterpiece, best quality", ""), ("杰作, 最佳质量", ""), ("", "worst quality, blurry"), ("", "最差质量, 模糊")],
)
def test_praise_and_blame_have_their_small_effect(better, worse):
    """The same words in the negative prompt do the opposite."""
    none = sample(world("boat, sea", 1))
    made = sample(world(f"boat, sea, {better}{worse}", 1)), sample(world("boat, sea", 1, better + worse))
    stronger, weaker = made if better else made[::-1]
    assert weaker.presence < none.presence < stronger.presence
    assert weaker.saturation < none.saturation < stronger.saturation
    assert 0.5 < gap(none, stronger) < 12


def test_the_composition_does_not_depend_on_the_checkpoint():
    names = ("toonyou_beta3.safetensors", "realisticVisionV40_v20Novae.safetensors")
    drawn = [world_of(ask("a house on a hill", path=name), 1) for name in names]
    one, other = (sample(each) for each in drawn)
    assert drawn[0].scenes == drawn[1].scenes
    assert one.composition == other.composition
    assert gap(one, other) > 5


def test_a_negative_word_without_effect_is_said():
    _, log = run(ask("a boat on the sea, at night", "night, cat, 小船, lowres", steps=2))
    assert "Negative prompt, without effect because the prompt asks for it: night, 小船\n" in log
    assert "Negative prompt, without effect because it is not in this composition anyway: cat\n" in log
    assert "Negative prompt, blame, so a little more of everything but light: lowres\n" in log
