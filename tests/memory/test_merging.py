from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import merging
from memory.merging import POLICIES, Entries, join, merge, merge_similar, uniform


def entries_of(
    values: list[float],
    *,
    weights: list[int] | None = None,
    cuts: set[int] = frozenset(),  # type: ignore[assignment]  # read only
) -> Entries:
    count = len(values)
    t_s = np.arange(count, dtype=np.float64)
    return Entries(
        tokens=np.array(values, np.float32).reshape(count, 1, 1) * np.ones((1, 2, 3), np.float32),
        weights=np.array(weights or [1] * count, np.int64),
        first_t_s=t_s,
        last_t_s=t_s + 0.5,
        cuts=np.isin(np.arange(count), list(cuts)),
    )


@st.composite
def some_entries(draw: st.DrawFn) -> Entries:
    values = draw(st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=60))
    count = len(values)
    weights = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    return entries_of(values, weights=weights, cuts=draw(st.sets(st.integers(0, count - 1))))


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@settings(deadline=None)
@given(entries=some_entries(), target=st.integers(1, 60))
def test_policies_join_neighbours_within_runs_to_the_target(
    policy: object, entries: Entries, target: int
) -> None:
    labels = policy(entries, target)  # type: ignore[operator]  # a Policy
    steps = np.diff(labels)
    assert np.isin(steps, (0, 1)).all()
    assert not (entries.cuts[1:] & (steps == 0)).any()
    runs = 1 + int(entries.cuts[1:].sum())
    assert labels[-1] - labels[0] + 1 <= max(target, runs)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@settings(deadline=None)
@given(entries=some_entries(), target=st.integers(1, 60))
def test_a_merge_keeps_frames_order_and_sums(policy: object, entries: Entries, target: int) -> None:
    merged = merge(entries, target, policy)  # type: ignore[arg-type]  # a Policy
    assert merged.weights.sum() == entries.weights.sum()
    assert (np.diff(merged.first_t_s) > 0).all()
    assert (merged.last_t_s > merged.first_t_s).all()
    weighted = (entries.tokens * entries.weights[:, None, None]).sum(axis=0)
    joined = (merged.tokens * merged.weights[:, None, None]).sum(axis=0)
    np.testing.assert_allclose(joined, weighted, atol=1e-2)
    if len(entries) <= target:
        assert merged is entries


def test_uniform_groups_differ_by_a_frame_at_most() -> None:
    for count, target in ((100, 7), (1000, 64), (64, 64), (65, 64), (10_800, 1024)):
        sizes = np.bincount(uniform(entries_of([0.0] * count), target))
        assert len(sizes) == target
        assert sizes.max() - sizes.min() <= 1


def test_uniform_keeps_the_target_whatever_gaps_there_are() -> None:
    labels = uniform(entries_of([0.0] * 100, cuts={3, 50, 51}), 10)
    assert labels[-1] == 9
    assert labels[3] > labels[2]
    assert labels[51] > labels[50] > labels[49]


def test_similar_neighbours_are_joined_first() -> None:
    labels = merge_similar(entries_of([0, 5, 5, 9, 9, -3]), 4)
    assert labels.tolist() == [0, 1, 1, 2, 2, 3]


def test_of_equally_similar_neighbours_the_older_are_joined() -> None:
    assert merge_similar(entries_of([0, 1, 5, 6]), 3).tolist() == [0, 0, 1, 2]


def test_a_heavy_entry_is_dearer_to_join() -> None:
    labels = merge_similar(entries_of([0, 1, 5, 6], weights=[50, 50, 1, 1]), 3)
    assert labels.tolist() == [0, 1, 2, 2]


def test_scenes_survive_merging() -> None:
    scenes = np.repeat([0.0, 7.0, -5.0, 3.0], [300, 5, 80, 15])
    merged = merge(entries_of(scenes.tolist()), 4, merge_similar)
    assert merged.tokens[:, 0, 0].tolist() == [0.0, 7.0, -5.0, 3.0]
    assert merged.weights.tolist() == [300, 5, 80, 15]


def test_an_entry_alone_keeps_its_bits() -> None:
    entries = entries_of([0.1, 0.2, 0.3], weights=[3, 1, 1])
    joined = join(entries, np.array([0, 1, 1]))
    assert joined.tokens[0].tobytes() == entries.tokens[0].tobytes()
    np.testing.assert_allclose(joined.tokens[1], 0.25, rtol=1e-6)
    assert joined.last_t_s.tolist() == [0.5, 2.5]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@settings(deadline=None)
@given(entries=some_entries(), target=st.integers(1, 60), frames_alone=st.booleans())
def test_a_merge_is_each_groups_mean_to_the_bit_in_half_precision_too(
    policy: object, entries: Entries, target: int, frames_alone: bool
) -> None:
    noise = np.random.default_rng(len(entries)).normal(size=entries.tokens.shape)
    weights = np.ones_like(entries.weights) if frames_alone else entries.weights
    stored = replace(entries, tokens=noise.astype(np.float16), weights=weights)
    wide = replace(stored, tokens=stored.tokens.astype(np.float32))
    labels = policy(wide, target)  # type: ignore[operator]  # a Policy
    np.testing.assert_array_equal(policy(stored, target), labels)  # type: ignore[operator]
    merged = join(stored, labels)
    for group, label in enumerate(np.unique(labels)):
        rows = np.flatnonzero(labels == label)
        total = wide.tokens[rows[0]] * np.float32(weights[rows[0]])
        for row in rows[1:]:
            total = total + wide.tokens[row] * np.float32(weights[row])
        expected = (
            total / np.float32(weights[rows].sum()) if len(rows) > 1 else wide.tokens[rows[0]]
        )
        np.testing.assert_array_equal(merged.tokens[group], expected)


@given(entries=some_entries(), target=st.integers(1, 60), block=st.integers(1, 20))
def test_likeness_is_the_same_whatever_is_worked_on_at_a_time(
    entries: Entries, target: int, block: int
) -> None:
    noise = np.random.default_rng(len(entries)).normal(size=entries.tokens.shape)
    entries = replace(entries, tokens=noise.astype(np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "_BLOCK", 1000)
        expected = merge_similar(entries, target)
        patch.setattr(merging, "_BLOCK", block)
        np.testing.assert_array_equal(merge_similar(entries, target), expected)
