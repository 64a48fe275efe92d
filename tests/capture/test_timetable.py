from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.timetable import NO_PTS, Indexer, PacketId, Timetable
from tests.capture.untimed import UNTIMED

MS = Fraction(1, 1000)


def index(
    stamps: list[int | None], *, group: int = 10, origin: int | None = 0, **flags: bool
) -> Timetable:
    """A timetable of packets with these times, every ``group``-th one a start point."""
    indexer = Indexer(origin, MS)
    for number, pts in enumerate(stamps):
        is_start = number % group == 0
        indexer.add(
            pts,
            pts,
            100 + number,
            is_key=is_start,
            is_start=is_start,
            is_flagged=flags.get("last_is_flagged", False) and number == len(stamps) - 1,
            is_hidden=False,
        )
    return indexer.timetable()


def test_ticks_and_first_pictures_come_from_the_packets() -> None:
    table = index(list(range(0, 5000, 100)))
    assert table.ticks == 5
    assert table.first_pts.tolist() == [0, 1000, 2000, 3000, 4000]
    assert table.median_interval == 100
    assert table.last_s == 4.9
    assert [segment.start for segment in table.segments] == [
        None,
        *[PacketId(1000 * tick, 100 + 10 * tick) for tick in range(1, 5)],
    ]


def test_a_segment_starts_at_the_nearest_start_point() -> None:
    table = index(list(range(0, 4000, 100)), group=4)
    starts = [segment.start for segment in table.segments[1:]]
    assert [start.pts for start in starts if start] == [800, 2000, 2800]
    assert table.lead_s == 0.2


def test_a_flagged_packet_at_the_end_proves_no_tick() -> None:
    assert index([0, 500, 1000], last_is_flagged=True).ticks == 1
    assert index([0, 500, 1000]).ticks == 2


def test_what_lies_before_the_first_picture_is_left_out() -> None:
    table = index([-1600, -700, 0, 400, 1000], group=1)
    assert table.ticks == 2
    assert table.key_pts.tolist() == [0, 1000]


@pytest.mark.parametrize(
    ("stamps", "why"),
    [
        ([0, None, 200], "lack timestamps"),
        ([0, 4000, 1000], "backwards"),
        ([0, 100, 10**12], "two days"),
        ([], "could be timed"),
    ],
)
def test_times_that_prove_nothing_make_the_timetable_unusable(
    stamps: list[int | None], why: str
) -> None:
    table = index(stamps)
    assert why in table.why_unusable
    assert table.ticks == 0
    assert not table.segments
    assert not len(table.key_pts)


def test_a_picture_stream_without_times_is_unusable() -> None:
    assert "no timestamps" in index([0, 1], origin=None).why_unusable


def test_shuffled_times_are_good_for_key_frames_alone() -> None:
    indexer = Indexer(0, MS, is_shuffled=True)
    for pts in (0, 1000, 2000):
        indexer.add(pts, pts, 9, is_key=True, is_start=True, is_flagged=False, is_hidden=False)
    table = indexer.timetable()
    assert table.why_unusable
    assert table.key_pts.tolist() == [0, 1000, 2000]


@UNTIMED
@given(
    st.lists(st.integers(1, 4000), min_size=1, max_size=60),
    st.integers(1, 12),
    st.integers(-(10**9), 10**9),
)
def test_segments_divide_the_ticks_and_own_their_pictures(
    steps: list[int], group: int, origin: int
) -> None:
    stamps = [origin]
    for step in steps:
        stamps.append(stamps[-1] + step)
    table = index(list(stamps), group=group, origin=origin)
    assert table.ticks == (stamps[-1] - origin) // 1000 + 1
    assert [segment.first_tick for segment in table.segments] == [
        0,
        *[segment.end_tick for segment in table.segments[:-1]],
    ]
    assert table.segments[-1].end_tick == table.ticks
    for tick in range(table.ticks):
        inside = [pts for pts in stamps if (pts - origin) // 1000 == tick]
        assert table.first_pts[tick] == (min(inside) if inside else NO_PTS)
        (segment,) = table.segments_for(tick, tick + 1)
        if inside and segment.start is not None:
            assert segment.start.pts <= min(inside)
        assert table.tick(table.tick_start(tick)) == tick
        assert table.tick(table.tick_start(tick) - 1) == tick - 1


@UNTIMED
@given(st.fractions(Fraction(1, 10**6), Fraction(1)), st.integers(0, 10**6))
def test_a_tick_starts_at_its_first_timestamp(time_base: Fraction, tick: int) -> None:
    table = Indexer(0, time_base).timetable()
    start = table.tick_start(tick)
    assert start * time_base >= tick
    assert (start - 1) * time_base < tick
