from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.errors import RangeError
from memory.merging import POLICIES
from memory.rows import Chunk, GapRow, HalfArray
from memory.view import RollingView, View, range_view

SHAPE = (2, 3)


def frames(count: int, *, seed: int = 0) -> tuple[np.ndarray, HalfArray]:
    tokens = np.random.default_rng(seed).normal(size=(count, *SHAPE)).astype(np.float16)
    return np.arange(count, dtype=np.float64), tokens


def chunks(t_s: np.ndarray, tokens: HalfArray, borders: list[int]) -> list[Chunk]:
    edges = [0, *sorted(borders), len(t_s)]
    return [
        Chunk(t_s[a:b].astype(np.int64), t_s[a:b], tokens[a:b])
        for a, b in itertools.pairwise(edges)
    ]


policies = st.sampled_from(sorted(POLICIES))
gap_lists = st.lists(
    st.integers(0, 150).map(lambda t: GapRow(t + 0.2, t + 0.8, "lost")), max_size=60
)


@settings(deadline=None, max_examples=30)
@given(
    count=st.integers(0, 150),
    capacity=st.integers(4, 40),
    policy=policies,
    gaps=gap_lists,
    borders=st.lists(st.integers(0, 150), max_size=10),
)
def test_frame_by_frame_equals_all_at_once(
    count: int, capacity: int, policy: str, gaps: list[GapRow], borders: list[int]
) -> None:
    t_s, tokens = frames(count)
    one = RollingView(capacity * 2, SHAPE, policy=policy)
    for index in range(count):
        one.append(t_s[index : index + 1], tokens[index : index + 1], gaps)
    many = RollingView(capacity * 2, SHAPE, policy=policy)
    for chunk in chunks(t_s, tokens, [b for b in borders if b <= count]):
        many.append(chunk.t_s, chunk.values, gaps)
    whole = RollingView(capacity * 2, SHAPE, policy=policy)
    whole.append(t_s, tokens, gaps)
    assert one.view().digest == many.view().digest == whole.view().digest
    assert one.epoch == many.epoch == whole.epoch


def check_bounds(view: View, count: int, max_tokens: int, gaps: list[GapRow]) -> None:
    assert view.flat_tokens.shape[0] <= max_tokens
    assert view.frames + view.evicted_frames == count
    assert (view.weights >= 1).all()
    assert (view.last_t_s[:-1] < view.first_t_s[1:]).all()
    for first, last in zip(view.first_t_s, view.last_t_s, strict=True):
        assert not any(g.start_s < last and g.end_s > first for g in gaps)


@settings(deadline=None, max_examples=30)
@given(count=st.integers(0, 150), capacity=st.integers(4, 40), policy=policies, gaps=gap_lists)
def test_a_rolling_view_keeps_order_bound_and_frames(
    count: int, capacity: int, policy: str, gaps: list[GapRow]
) -> None:
    t_s, tokens = frames(count)
    rolling = RollingView(capacity * 2 + 1, SHAPE, policy=policy)
    previous = rolling.view()
    epoch = 0
    for index in range(count):
        rolling.append(t_s[index : index + 1], tokens[index : index + 1], gaps)
        view = rolling.view()
        check_bounds(view, index + 1, capacity * 2 + 1, gaps)
        np.testing.assert_array_equal(view.tokens[-1], tokens[index].astype(np.float32))
        if rolling.epoch == epoch:  # tokens were only appended
            np.testing.assert_array_equal(view.tokens[:-1], previous.tokens)
            np.testing.assert_array_equal(
                rolling.tokens_from(len(previous.weights)), view.tokens[-1:]
            )
        else:
            assert len(view.weights) <= capacity * 3 // 4 + 1
            assert (view.weights[rolling.settled :] == 1).all()
            assert len(view.weights) - rolling.settled == rolling.newest_frames + 1
        previous, epoch = view, rolling.epoch


@settings(deadline=None, max_examples=30)
@given(
    count=st.integers(0, 150),
    capacity=st.integers(4, 100),
    policy=policies,
    gaps=gap_lists,
    borders=st.lists(st.integers(0, 150), max_size=5),
)
def test_a_ranges_view_is_unmerged_whenever_it_fits(
    count: int, capacity: int, policy: str, gaps: list[GapRow], borders: list[int]
) -> None:
    t_s, tokens = frames(count)
    parts = chunks(t_s, tokens, [b for b in borders if b <= count])
    view = range_view(parts, capacity * 2, SHAPE, gaps=gaps, policy=policy)
    check_bounds(view, count, capacity * 2, gaps)
    assert view.merged == (count > capacity)
    if count <= capacity:
        np.testing.assert_array_equal(view.tokens, tokens.astype(np.float32))
    again = range_view(chunks(t_s, tokens, []), capacity * 2, SHAPE, gaps=gaps, policy=policy)
    assert again.digest == view.digest


def test_a_long_range_is_joined_piecewise_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memory.view.WORKING_BYTES", 0)
    t_s, tokens = frames(5_000)
    view = range_view(chunks(t_s, tokens, []), 100 * 2, SHAPE, policy="uniform")
    check_bounds(view, 5_000, 200, [])
    assert len(view.weights) == 100


def test_digests_tell_views_apart() -> None:
    t_s, tokens = frames(40)
    seen = set()
    for policy in POLICIES:
        for count in (10, 30, 40):
            seen.add(
                range_view(
                    chunks(t_s[:count], tokens[:count], []), 20 * 2, SHAPE, policy=policy
                ).digest
            )
    assert len(seen) == 5  # ten frames fit: one view whatever the policy


def test_where_runs_are_more_than_room_the_oldest_leave_and_are_counted() -> None:
    t_s, tokens = frames(100)
    gaps = [GapRow(t + 0.2, t + 0.8, "lost") for t in range(100)]
    rolling = RollingView(20 * 2, SHAPE)
    rolling.append(t_s, tokens, gaps)
    view = rolling.view()
    assert view.evicted_frames > 0
    assert view.merged
    assert view.last_t_s[-1] == 99
    check_bounds(view, 100, 40, gaps)


@settings(deadline=None, max_examples=30)
@given(
    count=st.integers(0, 150),
    capacity=st.integers(4, 40),
    before_s=st.integers(0, 160),
    more=st.integers(0, 60),
)
def test_entries_before_a_time_leave_and_the_rest_stays(
    count: int, capacity: int, before_s: int, more: int
) -> None:
    t_s, tokens = frames(count + more)
    rolling = RollingView(capacity * 2, SHAPE, policy="uniform")
    rolling.append(t_s[:count], tokens[:count])
    before = rolling.view()
    dropped = rolling.drop_before(float(before_s))
    view = rolling.view()
    stay = before.last_t_s >= before_s
    np.testing.assert_array_equal(view.tokens, before.tokens[stay])
    np.testing.assert_array_equal(view.weights, before.weights[stay])
    assert dropped == before.frames - view.frames
    assert rolling.merged == view.merged
    assert 0 <= rolling.settled <= len(rolling)
    rolling.append(t_s[count:], tokens[count:])  # it goes on as any other
    assert rolling.view().frames == view.frames + more
    assert len(rolling) <= capacity


@pytest.mark.parametrize("max_tokens", [0, 7, -3])
def test_a_view_holds_four_frames(max_tokens: int) -> None:
    with pytest.raises(RangeError, match="give it 8 or more"):
        RollingView(max_tokens, SHAPE)
    with pytest.raises(RangeError):
        range_view([], max_tokens, SHAPE)


def test_an_unknown_policy_and_a_window_too_large_are_refused() -> None:
    with pytest.raises(RangeError, match="use merge-similar or uniform"):
        RollingView(100, SHAPE, policy="random")
    with pytest.raises(RangeError, match="keep at most half"):
        RollingView(100, SHAPE, newest_frames=26)


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_the_cost_of_a_frame_does_not_grow_with_the_film(policy: str) -> None:
    """Counted, not timed: entries that compactions touched, per frame."""
    t_s, tokens = frames(20_000)
    rolling = RollingView(256 * 2, SHAPE, policy=policy)
    touched: list[int] = []
    for start in range(0, len(t_s), 1000):
        before = rolling.epoch
        rolling.append(t_s[start : start + 1000], tokens[start : start + 1000])
        touched.append((rolling.epoch - before) * rolling.capacity)
    # each compaction goes over the view once and makes room for a quarter of it: four a frame
    assert max(touched) <= 1000 * 4 + rolling.capacity
    assert min(touched[1:]) >= 1000 * 4 * 0.8  # room made is room used: it does not over-merge
