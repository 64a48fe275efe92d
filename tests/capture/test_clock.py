from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from capture.clock import AHEAD_LIMIT_S, StreamClock
from tests.capture.untimed import UNTIMED

MS = Fraction(1, 1000)


def places(stamps: list[int | None], interval: int = 100) -> list[int]:
    clock = StreamClock(MS, interval=interval)
    return [clock.place(stamp) for stamp in stamps]


def test_plain_times_count_from_the_first() -> None:
    assert places([7300, 7400, 7500]) == [0, 100, 200]


def test_missing_times_follow_by_the_interval_or_their_own_duration() -> None:
    assert places([None, None, None]) == [0, 100, 200]
    clock = StreamClock(MS, interval=40)
    assert [clock.place(None, duration=100) for _ in range(3)] == [0, 100, 200]


def test_a_jump_back_starts_the_clock_anew_and_a_small_one_does_not() -> None:
    assert places([0, 4000, 3900, 0, 100]) == [0, 4000, 3900, 4100, 4200]


def test_a_hole_is_kept_and_a_leap_of_days_is_not() -> None:
    assert places([0, 10_000]) == [0, 10_000]
    assert places([0, AHEAD_LIMIT_S * 1000 + 1]) == [0, 100]


@UNTIMED
@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), max_size=50))
def test_no_stamps_make_time_run_away(stamps: list[int | None]) -> None:
    placed = places(stamps)
    newest = 0
    for at in placed:
        assert at >= 0
        assert newest - 2000 <= at <= newest + AHEAD_LIMIT_S * 1000
        newest = max(newest, at)
