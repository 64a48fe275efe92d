from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.live_clock import LiveClock, Rhythm


def test_times_are_the_streams_own_from_the_first_arrival_on() -> None:
    clock = LiveClock()
    assert clock.place(5000.0, 100.0).at_s == 100.0
    assert clock.place(5000.5, 100.9).at_s == pytest.approx(100.5)  # late, and not believed late
    assert clock.lag_s == pytest.approx(0.4)


@pytest.mark.parametrize("jump_s", [5.0, 95443.7, -3.5, -95443.7])
def test_a_jump_of_the_streams_clock_anchors_it_anew(jump_s) -> None:
    clock = LiveClock()
    clock.place(100_000.0, 50.0)
    placed = clock.place(100_001.0 + jump_s, 51.0)
    assert placed.is_anchor
    assert placed.at_s == 51.0
    follows = clock.place(100_002.0 + jump_s, 52.1)
    assert not follows.is_anchor
    assert follows.at_s == pytest.approx(52.0)


def test_without_times_arrival_counts() -> None:
    clock = LiveClock()
    assert clock.place(None, 7.0).at_s == 7.0
    assert clock.place(0.0, 7.1).at_s == 7.1
    assert clock.place(None, 8.0).at_s == 8.0
    made_up = LiveClock(by_arrival=True)
    assert [made_up.place(n / 25, 10.0 + n).at_s for n in range(3)] == [10.0, 11.0, 12.0]


def test_a_burst_after_a_pause_is_not_behind_but_a_lag_that_stays_is() -> None:
    clock = LiveClock()
    clock.place(0.0, 0.0)
    clock.place(1.0, 6.0)  # 5 s late
    assert not clock.is_behind(6.0, 3.0)
    for n in range(50):  # all at once
        clock.place(1.1 + n / 10, 6.1)
    assert not clock.is_behind(6.1, 3.0)
    clock.place(6.2, 11.0)
    assert not clock.is_behind(11.0, 3.0)
    clock.place(7.2, 12.0)
    assert not clock.is_behind(12.0, 3.0)
    clock.place(8.2, 13.5)
    assert clock.is_behind(13.5, 3.0)


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.floats(-1e6, 1e6)), st.floats(0, 5, allow_nan=False)),
        min_size=1,
    )
)
def test_no_stream_can_put_a_picture_more_than_two_seconds_ahead(steps) -> None:
    clock, arrival_s = LiveClock(), 1000.0
    for pts_s, step_s in steps:
        arrival_s += step_s
        assert clock.place(pts_s, arrival_s).at_s <= arrival_s + 2.0 + 1e-6


def test_the_median_interval_ignores_a_pause() -> None:
    rhythm = Rhythm()
    assert rhythm.median_s() == 0.0
    for at_s in (0.0, 0.1, 0.2, 9.0, 9.1, 9.1, 9.2):
        rhythm.add(at_s)
    assert rhythm.median_s() == pytest.approx(0.1)
