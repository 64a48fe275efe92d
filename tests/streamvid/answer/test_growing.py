"""The incremental view against appending all frames anew, and the rule that ends epochs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import Chunk, FrameTable, GapRow, RollingView, TickSpan
from streamvid.answer.epochs import Standing, drift_of, epoch_end
from streamvid.answer.growing import GrowingView

SHAPE = (2, 3)
TOKENS = np.random.default_rng(0).normal(size=(400, *SHAPE)).astype(np.float16)


def table(ticks: list[int]) -> FrameTable:
    flags = np.zeros(len(ticks), np.bool_)
    at = np.array(ticks, np.int64)
    return FrameTable(at, at + 0.25, at * np.nan, flags, flags, flags)


class Store:
    """Frames by tick, read as a snapshot gives them; it notes how many were read."""

    def __init__(self, ticks: list[int], *, chunk_frames: int = 16) -> None:
        self.ticks = ticks
        self.chunk_frames = chunk_frames
        self.read_frames = 0

    def read(self, span: TickSpan) -> Iterator[Chunk]:
        ticks = np.array([t for t in self.ticks if span.first_tick <= t < span.end_tick], np.int64)
        for start in range(0, len(ticks), self.chunk_frames):
            some = ticks[start : start + self.chunk_frames]
            self.read_frames += len(some)
            yield Chunk(some, some + 0.25, TOKENS[some])


def anew(ticks: list[int], gaps: list[GapRow], capacity: int, policy: str) -> RollingView:
    view = RollingView(capacity * 2, SHAPE, policy=policy)
    at = np.array(ticks, np.int64)
    view.append(at + 0.25, TOKENS[at], gaps)
    return view


policies = st.sampled_from(["uniform", "merge-similar"])


@settings(deadline=None, max_examples=60)
@given(
    skipped=st.sets(st.integers(0, 199), max_size=60),
    gap_at=st.lists(st.integers(1, 198), max_size=8),
    looks=st.lists(st.integers(1, 200), min_size=1, max_size=12),
    capacity=st.integers(4, 50),
    policy=policies,
)
def test_a_view_that_followed_is_one_that_is_made_anew(
    skipped: set[int], gap_at: list[int], looks: list[int], capacity: int, policy: str
) -> None:
    gaps = [GapRow(t + 0.3, t + 0.9, "lost") for t in sorted(set(gap_at))]
    ticks = [tick for tick in range(200) if tick not in skipped]
    store = Store(ticks)
    view = GrowingView(capacity * 2, SHAPE, policy=policy)
    furthest = 0
    for end in looks:  # one that comes with an earlier moment changes nothing
        seen = [tick for tick in ticks if tick < end]
        if not seen:
            continue
        view.catch_up(table(seen), [gap for gap in gaps if gap.start_s < end], store.read)
        furthest = max(furthest, len(seen))
        expected = anew(ticks[:furthest], gaps, capacity, policy)
        np.testing.assert_array_equal(view.tokens_from(0), expected.view().flat_tokens)
        assert view.standing == Standing(0, expected.epoch, furthest)
        assert view.merged == expected.view().merged
    assert store.read_frames == furthest
    assert not view.stale


@settings(deadline=None, max_examples=40)
@given(
    steps=st.lists(st.integers(1, 30), min_size=1, max_size=15),
    kept_frames=st.integers(1, 60),
    capacity=st.integers(4, 40),
)
def test_frames_that_the_recording_dropped_leave_at_the_next_compaction(
    steps: list[int], kept_frames: int, capacity: int
) -> None:
    view = GrowingView(capacity * 2, SHAPE, policy="uniform")
    end = 0
    for step in steps:
        before, length = view.standing, view.entries
        old = view.tokens_from(0)
        end = min(end + step, len(TOKENS))
        ticks = list(range(max(0, end - kept_frames), end))
        overlap = not before.frames or ticks[0] < end - step
        view.catch_up(table(ticks), [], Store(ticks).read)
        now = view.standing
        if not overlap:  # nothing of what was held is left
            assert now.rebuilds == before.rebuilds + 1
        elif now.compactions == before.compactions:  # only appended
            np.testing.assert_array_equal(view.tokens_from(0)[: length * 2], old)
        else:
            held = view._view.view()
            assert held.last_t_s[0] >= ticks[0] + 0.25
            # an entry may stand for a frame that is gone and one that is not
            assert view.stale == (held.first_t_s[0] < ticks[0] + 0.25)
        np.testing.assert_array_equal(
            view.tokens_from(view.entries - 1), TOKENS[end - 1].astype(np.float32)
        )


@pytest.mark.parametrize("changed", [[*range(5), *range(6, 40)], [*range(40, 80)]])
def test_where_frames_changed_it_begins_again(changed: list[int]) -> None:
    view = GrowingView(20 * 2, SHAPE, policy="uniform")
    first = [*range(3), *range(4, 30)]
    view.catch_up(table(first), [], Store(first).read)
    view.catch_up(table(changed), [], Store(changed).read)
    assert view.standing.rebuilds == 1
    expected = anew(changed, [], 20, "uniform")
    np.testing.assert_array_equal(view.tokens_from(0), expected.view().flat_tokens)


def test_a_read_that_fails_leaves_nothing_half_appended() -> None:
    ticks = list(range(60))
    view = GrowingView(20 * 2, SHAPE, policy="uniform")

    def fail(span: TickSpan) -> Iterator[Chunk]:
        yield next(Store(ticks).read(span))
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        view.catch_up(table(ticks), [], fail)
    view.catch_up(table(ticks), [], Store(ticks).read)
    np.testing.assert_array_equal(
        view.tokens_from(0), anew(ticks, [], 20, "uniform").view().flat_tokens
    )


standings = st.builds(Standing, st.integers(0, 2), st.integers(0, 3), st.integers(0, 500))


shares = st.floats(0, 1)
counts = st.integers(1, 100)


@given(standings, standings, shares, shares, counts, counts)
def test_an_epoch_ends_where_tokens_changed_or_the_mean_moved_too_far(
    began: Standing, now: Standing, drift: float, bound: float, quarter: int, room: int
) -> None:
    end = epoch_end(began, now, drift, bound=bound, quarter_frames=quarter, room_frames=room)
    same_tokens = (began.rebuilds, began.compactions) == (now.rebuilds, now.compactions)
    assert (end in ("compaction", "rebuilt")) == (not same_tokens)
    if end == "drift":
        assert drift > bound
        assert now.compactions == 0 or min(now.frames - began.frames, room) >= quarter
    if same_tokens and drift > bound and now.compactions == 0:
        assert end == "drift"


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 15), st.integers(0, 60), st.floats(0, 10))
def test_after_the_first_full_view_epochs_last_a_quarter_of_it(
    quarter: int, more: int, drift: float
) -> None:
    """However the mean moves: one full prefill per quarter of the view at most."""
    view = GrowingView(4 * quarter * 2, SHAPE, policy="uniform")
    store = Store(list(range(4 * quarter + more)))
    began, ends = Standing(0, 0, 0), []
    for tick in store.ticks:
        view.catch_up(table(store.ticks[: tick + 1]), [], store.read)
        ended = epoch_end(
            began, view.standing, drift, bound=0.05,
            quarter_frames=view.quarter_frames, room_frames=view.room_frames,
        )  # fmt: skip
        if ended:
            began = view.standing
            ends.append(tick)
    late = [tick for tick in ends if tick >= 4 * quarter]
    assert all(after - before >= quarter for before, after in itertools.pairwise(late))
    if more:
        assert late[0] == 4 * quarter


def test_drift_is_a_share_of_the_frozen_means_length() -> None:
    frozen = np.array([[3.0, 4.0]], np.float32)
    assert drift_of(frozen, frozen) == 0
    assert drift_of(frozen, frozen + np.array([[0.5, 0]], np.float32)) == pytest.approx(0.1)
    assert drift_of(np.zeros((1, 2), np.float32), frozen) == 1
