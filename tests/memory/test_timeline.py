from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from memory import OFF, Anchor, GapRow, Timeline, clock_step, resume
from memory.timeline import CLOCK_STEP_S

NOON_S = 1_700_000_000.0


@st.composite
def lives(draw: st.DrawFn) -> tuple[Timeline, list[tuple[float, float]]]:
    """Some runs, as ``resume`` puts them: the timeline, and each run's (start_s, end_s)."""
    anchors = [Anchor(0.0, NOON_S, run=True)]
    end_tick = draw(st.integers(1, 5_000))
    runs = [(0.0, float(end_tick))]
    for _ in range(draw(st.integers(0, 5))):
        timeline = Timeline(tuple(anchors))
        away_s = draw(st.floats(-4_000, 10_000))
        start = resume(timeline, end_tick, timeline.to_wall_time(end_tick) + away_s)
        if start.anchor.t_s == anchors[-1].t_s:
            anchors.pop()
            runs.pop()
        anchors.append(start.anchor)
        end_tick = start.first_tick + draw(st.integers(1, 5_000))
        runs.append((start.anchor.t_s, float(end_tick)))
    return Timeline(tuple(anchors), float(end_tick)), runs


@given(lives(), st.data())
def test_the_recordings_time_never_falls_as_wall_time_grows(
    life: tuple[Timeline, list[tuple[float, float]]], data: st.DataObject
) -> None:
    timeline, _ = life
    walls = st.floats(NOON_S - 10_000, NOON_S + 100_000)
    earlier, later = sorted((data.draw(walls), data.draw(walls)))
    assert timeline.to_stream_time(earlier) <= timeline.to_stream_time(later)


@given(lives(), st.data())
def test_a_moment_inside_a_run_is_found_by_its_wall_time(
    life: tuple[Timeline, list[tuple[float, float]]], data: st.DataObject
) -> None:
    timeline, runs = life
    start_s, end_s = data.draw(st.sampled_from(runs))
    t_s = data.draw(st.floats(start_s, end_s, exclude_max=True))
    wall_s = timeline.to_wall_time(t_s)
    # what the clock showed again later means the later moment
    assume(all(wall_s < a.wall_s for a in timeline.anchors if a.t_s > t_s))
    assert timeline.to_stream_time(wall_s) == pytest.approx(t_s, abs=1e-5)


@given(lives())
def test_what_lies_outside_is_moved_to_the_nearer_end(
    life: tuple[Timeline, list[tuple[float, float]]],
) -> None:
    timeline, _ = life
    last_wall_s = max(timeline.to_wall_time(timeline.end_s), *(a.wall_s for a in timeline.anchors))
    assert timeline.to_stream_time(min(a.wall_s for a in timeline.anchors) - 1) == 0.0
    assert timeline.to_stream_time(last_wall_s + 1e6) == timeline.end_s
    assert timeline.to_wall_time(-5.0) == timeline.anchors[0].wall_s
    assert timeline.to_wall_time(timeline.end_s + 5) == timeline.to_wall_time(timeline.end_s)


@given(lives(), st.floats(-4_000, 4_000))
def test_runs_follow_each_other_without_a_hole(
    life: tuple[Timeline, list[tuple[float, float]]], away_s: float
) -> None:
    timeline, runs = life
    assert all(a.t_s < b.t_s for a, b in itertools.pairwise(timeline.anchors))
    end_tick = int(runs[-1][1])
    start = resume(timeline, end_tick, timeline.to_wall_time(end_tick) + away_s)
    assert start.first_tick >= end_tick
    assert start.first_tick - end_tick == int(max(away_s, 0.0) + 1e-6) or (
        # a wall time of ten digits holds microseconds
        abs(away_s - round(away_s)) < 1e-5
    )
    gap = GapRow(float(end_tick), float(start.first_tick), OFF)
    assert start.gap == (gap if start.first_tick > end_tick else None)
    assert (start.event is not None) == (away_s < -CLOCK_STEP_S) or abs(away_s + 2) < 1e-5


def test_a_run_goes_on_where_the_wall_clock_says() -> None:
    timeline = Timeline((Anchor(0.0, NOON_S, run=True),))
    start = resume(timeline, 100, NOON_S + 160.5)
    assert start.first_tick == 160
    assert start.anchor == Anchor(160.5, NOON_S + 160.5, run=True)
    assert start.gap == GapRow(100.0, 160.0, "off")


def test_a_restart_within_the_settled_second_leaves_no_gap() -> None:
    timeline = Timeline((Anchor(0.0, NOON_S, run=True),))
    start = resume(timeline, 100, NOON_S + 99.4)
    assert (start.first_tick, start.gap, start.event) == (100, None, None)
    assert start.anchor.t_s == pytest.approx(99.4)


def test_a_clock_that_went_back_is_told_and_no_time_has_passed() -> None:
    timeline = Timeline((Anchor(0.0, NOON_S, run=True),))
    start = resume(timeline, 100, NOON_S - 3_500)
    assert (start.first_tick, start.gap) == (100, None)
    assert start.anchor == Anchor(100.0, NOON_S - 3_500, run=True)
    assert start.event is not None
    assert (start.event.kind, start.event.t_s) == ("wall_clock_back", 100.0)
    assert start.event.detail == "the wall clock was set back by 3600 s"
    after = Timeline((*timeline.anchors, start.anchor), 200.0)
    assert after.to_stream_time(NOON_S - 3_450) == 150.0
    assert after.to_stream_time(NOON_S + 50) == 200.0  # shown twice: the later


@pytest.mark.parametrize(
    ("wall_s", "kind"),
    [(50.0, None), (51.9, None), (60.0, "wall_clock_set"), (5.0, "wall_clock_back")],
)
def test_a_clock_that_is_set_while_watching_is_an_anchor(wall_s: float, kind: str | None) -> None:
    timeline = Timeline((Anchor(0.0, NOON_S, run=True),))
    step = clock_step(timeline, 50.0, NOON_S + wall_s)
    if kind is None:
        assert step is None
        return
    assert step is not None
    assert step[0] == Anchor(50.0, NOON_S + wall_s)
    assert step[1].kind == kind
