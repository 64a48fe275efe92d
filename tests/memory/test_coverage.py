from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.coverage import (
    OUTSIDE,
    Coverage,
    Interval,
    clock_text,
    coverage_of,
    coverage_text,
    duration_text,
)
from memory.errors import RangeError
from memory.rows import Counters, FrameTable, GapRow, TickSpan

HOUR_S = 3600


def table(ticks: list[int], previews: list[int] = []) -> FrameTable:  # noqa: B006  # never changed
    rows = sorted([*((t, False) for t in ticks), *((t, True) for t in previews)])
    column = np.array([t for t, _ in rows], np.int64)
    none = np.zeros(len(rows), np.bool_)
    return FrameTable(
        ticks=column,
        t_s=column.astype(np.float64),
        wall_s=np.full(len(rows), np.nan),
        key=none,
        corrupt=none,
        preview=np.array([p for _, p in rows], np.bool_),
    )


def test_a_film_seen_to_its_end_is_whole() -> None:
    found = coverage_of(table(list(range(60))), [], [TickSpan(0, 60)], Counters(60, 60))
    assert (found.start_s, found.end_s, found.seen_s, found.frames) == (0, 60, 60, 60)
    assert found.whole
    assert coverage_text(found) == "seen 1 min of 1 min"


def test_gaps_are_blind_and_say_why() -> None:
    gap = GapRow(842.0, 851.0, "no_signal")
    found = coverage_of(table([0, 852]), [gap], [TickSpan(0, 900)], Counters())
    assert found.seen_s == 891
    assert coverage_text(found) == "seen 14 min 51 s of 15 min; blind 14:02 to 14:11: no signal"


def test_a_range_sees_its_own_part() -> None:
    gap = GapRow(10.0, 30.0, "lost")
    found = coverage_of(
        table([5, 40]), [gap], [TickSpan(0, 60)], Counters(), start_s=20.0, end_s=50.0
    )
    assert (found.seen_s, found.frames, found.length_s) == (20, 1, 30)
    assert found.blind == (GapRow(20.0, 30.0, "lost"),)


def test_a_blind_range_has_nothing_to_answer_from() -> None:
    gap = GapRow(10.0, 30.0, "lost")
    found = coverage_of(
        table([5, 40]), [gap], [TickSpan(0, 60)], Counters(), start_s=12.0, end_s=28.0
    )
    assert found.wholly_blind
    assert found.seen_s == 0


def test_what_lies_behind_the_end_was_not_recorded() -> None:
    found = coverage_of(table([0]), [], [TickSpan(0, 60)], Counters(), start_s=30.0, end_s=100.0)
    assert found.blind == (GapRow(60.0, 100.0, OUTSIDE),)
    assert found.seen_s == 30


def test_an_open_range_ends_with_the_recording() -> None:
    assert coverage_of(table([]), [], [], Counters()).length_s == 0
    found = coverage_of(table([0]), [], [TickSpan(0, 60)], Counters(), start_s=90.0)
    assert (found.length_s, found.seen_s) == (0, 0)


def test_previews_count_a_second_each_of_what_is_still_to_come() -> None:
    counters = Counters(expected=3 * HOUR_S, pending=2 * HOUR_S, seen=HOUR_S)
    found = coverage_of(
        table(list(range(HOUR_S)), list(range(HOUR_S, 3 * HOUR_S, 20))),
        [],
        [TickSpan(0, HOUR_S)],
        counters,
    )
    assert found.pending == (Interval(HOUR_S, 3 * HOUR_S),)
    assert (found.previews, found.seen_s) == (360, HOUR_S + 360)
    assert coverage_text(found) == (
        "seen 1 h 6 min of 3 h; still to watch 1:00:00 to 3:00:00; 360 previews of it used"
    )


def test_only_the_longest_stretches_are_named_in_order() -> None:
    gaps = tuple(GapRow(100.0 * n, 100.0 * n + n, "lost") for n in range(1, 6))
    found = Coverage(0, 600, 585, 5, 0, gaps, ())
    assert coverage_text(found, most=2, clock=lambda t_s: f"{t_s:g}") == (
        "seen 9 min 45 s of 10 min; blind 400 to 404: lost; blind 500 to 505: lost; "
        "blind 3 times more"
    )


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(3.0, 3.0), (4.0, 3.0), (-1.0, 3.0), (0.0, math.inf), (math.nan, 3.0)]
)
def test_a_range_that_cannot_be_is_refused(start_s: float, end_s: float) -> None:
    with pytest.raises(RangeError):
        coverage_of(table([]), [], [], Counters(), start_s=start_s, end_s=end_s)


@settings(deadline=None)
@given(
    seen=st.sets(st.integers(0, 99)),
    gap_ticks=st.lists(st.tuples(st.integers(0, 99), st.integers(1, 20)), max_size=5),
    settled_end=st.integers(0, 100),
    start=st.integers(0, 99),
    length=st.integers(1, 120),
)
def test_each_second_is_seen_or_blind_or_pending(
    seen: set[int],
    gap_ticks: list[tuple[int, int]],
    settled_end: int,
    start: int,
    length: int,
) -> None:
    gaps = [GapRow(float(a), float(a + n), f"reason {a % 2}") for a, n in gap_ticks]
    spans = [TickSpan(0, settled_end)] if settled_end else []
    found = coverage_of(
        table(sorted(t for t in seen if t < settled_end)),
        gaps,
        spans,
        Counters(expected=100, pending=100),
        start_s=float(start),
        end_s=float(start + length),
    )
    asked = set(range(start, start + length))
    recorded_end = 100
    blind = {t for g in gaps for t in range(int(g.start_s), int(g.end_s))}
    blind |= set(range(recorded_end, 1000))
    pending = set(range(settled_end, recorded_end)) - blind
    assert found.seen_s == len(asked - blind - pending)
    told = {t for g in found.blind for t in range(int(g.start_s), int(g.end_s))}
    assert told == blind & asked
    waiting = {t for p in found.pending for t in range(int(p.start_s), int(p.end_s))}
    assert waiting == pending & asked


@pytest.mark.parametrize(
    ("t_s", "text"),
    [(0, "0:00"), (59.9, "0:59"), (842, "14:02"), (3600, "1:00:00"), (90061, "25:01:01")],
)
def test_clock_times(t_s: float, text: str) -> None:
    assert clock_text(t_s) == text


@pytest.mark.parametrize(
    ("length_s", "text"),
    [
        (0, "0 s"),
        (0.04, "0.1 s"),
        (0.5, "0.5 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (10_260, "2 h 51 min"),
        (10_799.9, "2 h 59 min"),
        (3_605, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_are_rounded_down(length_s: float, text: str) -> None:
    assert duration_text(length_s) == text
