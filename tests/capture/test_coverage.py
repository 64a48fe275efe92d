from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from capture.counters import Ledger
from capture.coverage import Coverage, cover_limit_s
from capture.frame import Gap
from tests.capture.untimed import UNTIMED


def settle(
    times_s: list[float], first: int, end: int, limit_s: float, last_t_s: float | None = None
) -> tuple[Ledger, list[Gap]]:
    ledger = Ledger(end)
    coverage = Coverage(
        ledger,
        first_tick=first,
        limit_s=limit_s,
        last_t_s=last_t_s,
        is_undecodable=lambda tick: tick % 5 == 0,
    )
    gaps: list[Gap] = []
    for t_s in times_s:
        gaps += coverage.see(int(t_s), t_s)
    gaps += coverage.settle_until(end)
    return ledger, gaps


def test_the_limit_is_two_seconds_or_three_intervals() -> None:
    assert cover_limit_s(0.04) == 2.0
    assert cover_limit_s(5.0) == 15.0


def test_coverage_counts_from_the_frame_not_from_its_tick() -> None:
    ledger, gaps = settle([0.0, 1.9], 0, 6, 2.0)
    counters = ledger.counters()
    assert (counters.seen, counters.covered, counters.gapped) == (2, 2, 2)
    assert gaps == [Gap(4.0, 5.0, "no frames"), Gap(5.0, 6.0, "undecodable")]


@st.composite
def sparse_frames(draw: st.DrawFn) -> tuple[list[float], int]:
    ticks = sorted(draw(st.sets(st.integers(0, 60), max_size=20)))
    times_s = [tick + draw(st.sampled_from([0.0, 0.25, 0.9])) for tick in ticks]
    return times_s, draw(st.integers((ticks[-1] + 1) if ticks else 1, 80))


@UNTIMED
@given(sparse_frames(), st.sampled_from([2.0, 3.3, 15.0]))
def test_every_tick_is_settled_once(frames: tuple[list[float], int], limit_s: float) -> None:
    times_s, end = frames
    ledger, gaps = settle(times_s, 0, end, limit_s)
    counters = ledger.counters()
    assert counters.pending == 0
    assert counters.expected == end == counters.seen + counters.covered + counters.gapped
    assert counters.seen == len(times_s)
    gapped = {tick for gap in gaps for tick in range(int(gap.start_s), int(gap.end_s))}
    assert len(gapped) == counters.gapped
    for tick in range(end):
        before = [t_s for t_s in times_s if int(t_s) <= tick]
        is_near = bool(before) and (int(before[-1]) == tick or tick - before[-1] <= limit_s)
        assert (tick in gapped) != is_near
    assert all(left.end_s <= right.start_s for left, right in pairwise(gaps))


@UNTIMED
@given(sparse_frames(), st.integers(0, 80), st.sampled_from([2.0, 15.0]))
def test_two_halves_settle_like_the_whole(
    frames: tuple[list[float], int], cut: int, limit_s: float
) -> None:
    times_s, end = frames
    cut = min(cut, end)
    whole, _ = settle(times_s, 0, end, limit_s)
    before = [t_s for t_s in times_s if t_s < cut]
    left, _ = settle(before, 0, cut, limit_s)
    last_t_s = before[-1] if before else None
    right, _ = settle([t_s for t_s in times_s if t_s >= cut], cut, end, limit_s, last_t_s)
    assert left.counters() + right.counters(cut) == whole.counters()
