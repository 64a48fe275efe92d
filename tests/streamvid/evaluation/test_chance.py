from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.evaluation import chance, scoring


def test_the_majority_is_taken_per_source_and_type():
    pairs = [(("coco", "colour"), a) for a in ("red", "Red", "blue")]
    pairs += [(("daquar", "colour"), a) for a in ("white", "black")]
    majority = chance.majority_answers(pairs)
    assert majority == {("coco", "colour"): "red", ("daquar", "colour"): "black"}
    assert chance.majority_accuracy(["red", "reds", "blue", "red, blue"], "red") == 0.5
    assert chance.majority_accuracy([], "red") is None


def test_the_best_constant_reply_is_found():
    accepts = [["red"], ["red", "pink"], ["blue"], ["pink"]]
    assert chance.constant_reply_accuracy(accepts) == 0.5
    assert chance.constant_reply_accuracy([]) is None


def test_yes_no_chance_is_the_commoner_side():
    assert chance.yesno_majority([True, False, False]) == pytest.approx(2 / 3)
    assert chance.yesno_majority([]) is None


def test_random_ranks():
    assert chance.rank_chance(5, 1000) == 0.005
    assert chance.rank_chance(5, 3) == 1.0
    assert chance.rank_chance(1, 0) == 0.0


@given(
    st.integers(1, 9),
    st.floats(0, 8, allow_nan=False),
    st.floats(0, 3, allow_nan=False),
    st.integers(1, 4),
)
def test_random_moments_are_exact(ticks, t0_s, length_s, draws):
    moments = [float(tick) for tick in range(ticks)]
    drawn = list(combinations(moments, min(draws, ticks)))
    hits = sum(
        any(scoring.moment_hits(moment, t0_s, t0_s + length_s) for moment in some) for some in drawn
    )
    found = chance.random_moment_chance(moments, t0_s, t0_s + length_s, draws=draws)
    assert found == pytest.approx(hits / len(drawn))


def test_no_moments_hit_nothing():
    assert chance.random_moment_chance([], 0, 1, draws=3) == 0.0


def test_the_commonest_subject_of_training_captions():
    dogs = ["A dog.", "A dog runs.", "Two dogs."]
    men = ["A man.", "A boy.", "A woman."]
    assert chance.commonest_subject([dogs, men, men]) == "person"
    assert chance.commonest_subject([]) is None
