from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.training.features import VIEWS
from streamvid.training.mixture import Mixture, MixtureSettings
from streamvid.training.turns import Example, TurnMaker

SETTINGS = MixtureSettings(pictures=4, picture_turns=3, films=2, film_turns=3, scenes=5)


def example(number, *, sided=False):
    captions = (
        f"A {'red' if number % 2 else 'black'} dog runs on the grass.",
        "Two men play with a ball on the left." if sided else "A man sits on a bench.",
    )
    return Example(f"images/{number}.jpg", captions, (), "made", squashed=False)


@pytest.fixture(scope="module")
def mixture():
    examples = [example(number, sided=number % 3 == 0) for number in range(10)]
    return Mixture(
        examples, [100 + i for i in range(10)], TurnMaker(examples, seed=0), SETTINGS, seed=3
    )


def test_every_picture_comes_up_once_before_any_comes_again(mixture):
    seen = [
        frame.picture
        for step in range(5)
        for row in mixture.rows(step, films=False)
        for frame in row.frames
    ]
    assert sorted(seen[:10]) == list(range(100, 110))
    assert sorted(seen[10:]) == list(range(100, 110))


def test_a_step_is_the_same_at_every_call(mixture):
    for step in range(8):
        assert mixture.rows(step, films=True) == mixture.rows(step, films=True)


def test_pictures_that_name_a_side_are_never_mirrored(mixture):
    for step in range(30):
        for row in mixture.rows(step, films=True):
            for frame in row.frames:
                if (frame.picture - 100) % 3 == 0:
                    assert frame.view % 2 == 0


@given(seed=st.integers(0, 9999), length_s=st.sampled_from([5, 24, 300]))
def test_a_film_keeps_its_order_and_its_length(mixture, seed, length_s):
    rng = random.Random(seed)
    row = mixture.film_or_scene(rng, length_s)
    assert 1 <= len(row.order) <= max(length_s, len(row.frames))
    assert list(row.order) == sorted(row.order)
    assert all(0 <= frame.view < VIEWS for frame in row.frames)
    assert len(row.prefix_weights) == len(row.question_weights) == len(row.frames)
    assert all(weight > 0 for weight in row.question_weights)
    # Views of one picture stand together: a scene does not come back.
    pictures = [frame.picture for frame in row.frames]
    runs = sum(1 for a, b in pairwise(pictures) if a != b) + 1
    assert runs == len(set(pictures))
    assert row.turns


def test_films_are_drawn_about_as_often_as_set(mixture):
    films = sum(
        any(len(row.order) > 1 for row in mixture.rows(step, films=True)) for step in range(200)
    )
    assert 35 <= films <= 85


def test_a_yes_weighs_as_much_as_set_and_nothing_else_does(mixture):
    leaning = Mixture(
        mixture.examples,
        mixture.numbers,
        mixture.maker,
        replace(SETTINGS, yes_weight=1.5),
        seed=mixture.seed,
    )
    seen = set()
    for step in range(20):
        plain = [turn for row in mixture.rows(step, films=True) for turn in row.turns]
        weighed = [turn for row in leaning.rows(step, films=True) for turn in row.turns]
        assert [replace(turn, weight=1.0) for turn in weighed] == plain
        for turn in weighed:
            is_yes = turn.kind == "yesno" and turn.answer.startswith("Yes")
            assert turn.weight == (1.5 if is_yes else 1.0)
            seen.add((turn.kind, is_yes))
    assert {("yesno", True), ("yesno", False)} <= seen
