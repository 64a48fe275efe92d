from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.answer.fusion_set import choose, nearest_counts

tick_sets = st.sets(st.integers(0, 500), min_size=1, max_size=120)
weightings = st.sampled_from(["span", "focus"])


def array(ticks: set[int]) -> np.ndarray:
    return np.asarray(sorted(ticks), np.int64)


@settings(deadline=None)
@given(tick_sets, st.lists(st.integers(0, 500)), st.integers(1, 40), weightings)
def test_the_set_is_of_the_range_without_repeats_in_order_and_bounded(
    ticks: set[int], retrieved: list[int], limit: int, weighting: str
) -> None:
    chosen = choose(array(ticks), retrieved, limit, weighting=weighting)
    assert set(chosen.ticks) <= ticks
    assert list(chosen.ticks) == sorted(set(chosen.ticks))
    assert 1 <= len(chosen.ticks) <= limit
    assert len(chosen.weights) == len(chosen.ticks)
    assert min(chosen.weights) > 0
    assert max(ticks) in chosen.ticks
    assert chosen.complete == (len(ticks) <= limit)


@settings(deadline=None)
@given(tick_sets, st.lists(st.integers(0, 500)), st.integers(1, 40))
def test_span_uses_the_whole_limit_and_counts_each_frame_once(
    ticks: set[int], retrieved: list[int], limit: int
) -> None:
    chosen = choose(array(ticks), retrieved, limit)
    assert len(chosen.ticks) == min(limit, len(ticks))
    assert sum(chosen.weights) == len(ticks)


@settings(deadline=None)
@given(tick_sets, st.lists(st.integers(0, 500)), weightings)
def test_all_frames_count_alike_so_that_bounded_equals_full(
    ticks: set[int], retrieved: list[int], weighting: str
) -> None:
    chosen = choose(array(ticks), retrieved, len(ticks), weighting=weighting)
    assert chosen.complete
    assert set(chosen.weights) == {1.0}
    assert set(chosen.ticks) == ticks


@settings(deadline=None)
@given(tick_sets, st.integers(3, 40), weightings)
def test_the_best_retrieved_frame_is_always_in(ticks: set[int], limit: int, weighting: str) -> None:
    best = min(ticks)
    assert best in choose(array(ticks), [best], limit, weighting=weighting).ticks


@settings(deadline=None)
@given(tick_sets, st.data())
def test_counts_are_those_of_brute_force(ticks: set[int], data: st.DataObject) -> None:
    chosen = tuple(sorted(data.draw(st.sets(st.sampled_from(sorted(ticks)), min_size=1))))
    brute = [0] * len(chosen)
    for tick in sorted(ticks):
        distances = [abs(tick - centre) for centre in chosen]
        brute[distances.index(min(distances))] += 1
    assert list(nearest_counts(array(ticks), chosen)) == brute


def test_frames_are_spread_over_the_whole_range() -> None:
    chosen = choose(np.arange(1000, dtype=np.int64), [], 11)
    assert max(np.diff([0, *chosen.ticks])) <= 110


@pytest.mark.parametrize(("ticks", "limit"), [([], 3), ([1], 0)])
def test_nothing_to_choose_is_refused(ticks: list[int], limit: int) -> None:
    with pytest.raises(ValueError, match="pass at least one of each"):
        choose(np.asarray(ticks, np.int64), [], limit)
