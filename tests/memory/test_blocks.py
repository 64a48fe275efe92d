from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.blocks import (
    add_span,
    block_of,
    cuts_before,
    join_gaps,
    missing_spans,
    plan_range,
    round_to_segments,
    settled_until,
)
from memory.rows import GapRow, Segment, TickSpan

ticks_sets = st.sets(st.integers(0, 300), max_size=120).map(sorted)
spans = st.tuples(st.integers(0, 300), st.integers(1, 80)).map(lambda p: TickSpan(p[0], sum(p)))
gap_lists = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 40), st.sampled_from(["lost", "black"])).map(
        lambda p: GapRow(p[0] / 2, (p[0] + p[1]) / 2, p[2])
    ),
    max_size=8,
)


def segments_of(ticks: list[int], starts: set[int]) -> list[Segment]:
    """Cut ``ticks`` at blocks and before each of ``starts``."""
    groups: list[list[int]] = []
    for tick in ticks:
        if not groups or tick // 64 != groups[-1][-1] // 64 or tick in starts:
            groups.append([])
        groups[-1].append(tick)
    return [Segment(g[0], g[-1], float(g[0]), float(g[-1]), len(g)) for g in groups]


@pytest.mark.parametrize(("tick", "first"), [(0, 0), (63, 0), (64, 64), (1000, 960)])
def test_blocks_are_64_ticks(tick: int, first: int) -> None:
    assert block_of(tick) == TickSpan(first, first + 64)


@settings(deadline=None)
@given(ticks=ticks_sets, starts=st.sets(st.integers(0, 300)), span=spans)
def test_a_plan_counts_each_frame_of_the_range_once(
    ticks: list[int], starts: set[int], span: TickSpan
) -> None:
    segments = segments_of(ticks, starts)
    inside = [t for t in ticks if span.first_tick <= t < span.end_tick]
    plan = plan_range(segments, inside, span)
    by_first = {s.first_tick: s for s in segments}
    summed = [t for first in plan.whole for t in ticks if first <= t <= by_first[first].last_tick]
    assert sorted([*summed, *plan.edge_ticks]) == inside
    assert len({t // 64 for t in plan.edge_ticks}) <= 2


@settings(deadline=None)
@given(ticks=ticks_sets, starts=st.sets(st.integers(0, 300)), span=spans)
def test_a_rounded_range_has_no_edges(ticks: list[int], starts: set[int], span: TickSpan) -> None:
    segments = segments_of(ticks, starts)
    rounded = round_to_segments(segments, span)
    inside = [t for t in ticks if rounded.first_tick <= t < rounded.end_tick]
    assert rounded.first_tick <= span.first_tick
    assert rounded.end_tick >= span.end_tick
    assert plan_range(segments, inside, rounded).edge_ticks == ()


@settings(deadline=None)
@given(ticks=ticks_sets, gaps=gap_lists, previous=st.booleans())
def test_cuts_are_where_a_gap_lies_between_two_frames(
    ticks: list[int], gaps: list[GapRow], previous: bool
) -> None:
    t_s = np.array(ticks, np.float64) / 2
    first = t_s[0] - 3.25 if previous and len(t_s) else None
    cuts = cuts_before(t_s, gaps, previous_t_s=first)
    before = [first, *t_s[:-1]]
    assert cuts.tolist() == [
        b is not None and any(g.start_s < t and g.end_s > b for g in gaps)
        for b, t in zip(before, t_s, strict=False)
    ]


@settings(deadline=None)
@given(given=st.lists(spans, max_size=10))
def test_joined_spans_hold_the_same_ticks_and_stay_apart(given: list[TickSpan]) -> None:
    joined: list[TickSpan] = []
    for span in given:
        joined = add_span(joined, span)
    ticks = {t for s in given for t in range(s.first_tick, s.end_tick)}
    assert {t for s in joined for t in range(s.first_tick, s.end_tick)} == ticks
    assert all(a.end_tick < b.first_tick for a, b in itertools.pairwise(joined))
    missing = missing_spans(joined, TickSpan(0, 400))
    assert {t for s in missing for t in range(s.first_tick, s.end_tick)} == set(range(400)) - ticks
    for tick in (0, 17, 64):
        end = settled_until(joined, tick)
        assert set(range(tick, end)) <= ticks
        assert end not in ticks


@settings(deadline=None)
@given(gaps=gap_lists)
def test_joined_gaps_are_the_union_of_each_reason(gaps: list[GapRow]) -> None:
    joined = join_gaps(gaps)
    assert join_gaps([*reversed(gaps), *joined]) == joined
    for reason in ("lost", "black"):
        halves = {h for g in gaps if g.reason == reason for h in range_of(g)}
        mine = [g for g in joined if g.reason == reason]
        assert [h for g in mine for h in range_of(g)] == sorted(halves)
        assert all(a.end_s < b.start_s for a, b in itertools.pairwise(mine))


def range_of(gap: GapRow) -> range:
    return range(int(gap.start_s * 2), int(gap.end_s * 2))
