from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from capture import Frame, Gap, SourceEvent
from capture.live_queue import MAX_WAITING, LiveQueue

PIXELS = np.zeros((2, 2, 3), np.uint8)


def frame(tick: int) -> Frame:
    return Frame(PIXELS, t_s=tick + 0.25, tick=tick, kind="tick", received_s=0.0, wall_s=0.0)


def event(number: int = 0) -> SourceEvent:
    return SourceEvent(float(number), 0.0, "seeing", "clock")


def drained(queue: LiveQueue) -> list:
    return list(iter(queue.take, None))


def test_the_oldest_frame_goes_and_its_tick_is_told_in_its_place() -> None:
    queue = LiveQueue(0, 2)
    for tick in range(4):
        assert queue.put_frame(frame(tick), limit_s=2.0)
    got = drained(queue)
    assert got[:1] == [Gap(0.0, 1.0, "dropped")] or got[:2] == [
        Gap(0.0, 1.0, "dropped"),
        Gap(1.0, 2.0, "dropped"),
    ]
    assert [item.tick for item in got if isinstance(item, Frame)] == [2, 3]
    assert queue.counters(4).dropped == 2


def test_a_frame_that_comes_late_is_refused_and_counted() -> None:
    queue = LiveQueue(0, 4)
    queue.put_until(5, "stalled")
    assert not queue.put_frame(frame(4), limit_s=2.0)
    assert queue.late_frames == 1
    assert queue.put_frame(frame(5), limit_s=2.0)


def test_what_was_not_taken_is_not_settled() -> None:
    queue = LiveQueue(10, 4)
    queue.put_until(12, "connecting")
    queue.put_frame(frame(12), limit_s=2.0)
    assert queue.settled_end == 10
    assert queue.counters(14).pending == 4
    assert isinstance(queue.take(), Gap)
    assert queue.settled_end == 12
    assert isinstance(queue.take(), Frame)
    assert queue.settled_end == 13


def test_a_reader_that_never_comes_costs_bounded_memory() -> None:
    queue = LiveQueue(0, 3)
    for n in range(4 * MAX_WAITING):
        queue.put_event(event(n))
        queue.put_until(3 * n + 1, "stalled" if n % 2 else "no signal")
        queue.put_frame(frame(3 * n + 1), limit_s=2.0)
    assert len(queue) <= MAX_WAITING + 3
    check(queue, drained(queue), 0)


operations = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), st.integers(0, 4)),
        st.tuples(st.just("stalled"), st.integers(0, 5)),
        st.tuples(st.just("no signal"), st.integers(0, 5)),
        st.tuples(st.just("event"), st.integers(0, 5)),
        st.tuples(st.just("take"), st.integers(1, 6)),
    ),
    max_size=80,
)


@given(first=st.integers(0, 50), limit=st.integers(1, 4), operations=operations)
def test_whatever_happens_each_tick_is_told_once_in_order(first, limit, operations) -> None:
    queue = LiveQueue(first, limit)
    got: list = []
    events = 0
    for what, number in operations:
        if what == "frame":
            queue.put_frame(frame(queue.planned_end + number), limit_s=2.0)
        elif what == "event":
            queue.put_event(event())
            events += 1
        elif what == "take":
            got += [item for _ in range(number) if (item := queue.take()) is not None]
        else:
            queue.put_until(queue.planned_end + number, what)
        assert queue.frames <= limit
        counts = queue.counters(queue.planned_end)
        assert counts.expected == (
            counts.seen + counts.covered + counts.dropped + counts.gapped + counts.pending
        )
    got += drained(queue)
    check(queue, got, first)
    assert sum(isinstance(item, SourceEvent) for item in got) == events


def check(queue: LiveQueue, got: list, first: int) -> None:
    next_tick, dropped, gapped, seen = first, 0, 0, 0
    for item in got:
        if isinstance(item, Frame):
            assert item.tick >= next_tick
            next_tick, seen = item.tick + 1, seen + 1
        elif isinstance(item, Gap):
            assert item.start_s >= next_tick
            next_tick = int(item.end_s)
            ticks = int(item.end_s - item.start_s)
            dropped += ticks if item.reason == "dropped" else 0
            gapped += ticks if item.reason != "dropped" else 0
    counts = queue.counters(0)
    assert (counts.seen, counts.dropped, counts.gapped) == (seen, dropped, gapped)
    assert counts.pending == 0
    assert queue.settled_end == queue.planned_end
