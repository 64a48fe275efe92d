"""A source whose pictures are pushed: its ticks, states and clocks; time is turned by the tests."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture import Frame, PictureError, SourceClosedError
from tests.capture.pushing import Pushed, jpeg
from tests.capture.watching import check

STEP = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.01, 8.0)),
    st.tuples(st.just("pause"), st.floats(0.01, 30.0)),  # nobody reads
    st.tuples(st.just("push"), st.one_of(st.none(), st.floats(-5.0, 5.0))),
    st.tuples(st.just("late"), st.floats(0.0, 6.0)),
    st.tuples(st.just("jump"), st.floats(0.0, 1e6)),  # another sender's clock
    st.tuples(st.just("bad"), st.just(0.0)),
)


def assert_sums(pushed: Pushed) -> int:
    """Gives what is expected by now."""
    counts = pushed.source.counters()
    assert counts.expected == (
        counts.seen + counts.covered + counts.dropped + counts.gapped + counts.pending
    )
    assert min(counts.seen, counts.covered, counts.dropped, counts.gapped, counts.pending) >= 0
    return counts.expected


@given(
    st.lists(STEP, max_size=60),
    st.sampled_from([0, 40]),
    st.integers(1, 4),
    st.sampled_from([2.0, 20.0]),
)
@settings(deadline=None, max_examples=150)
def test_every_tick_is_accounted_for_whatever_is_pushed(steps, first_tick, queue_frames, stall_s):
    pushed = Pushed(first_tick=first_tick, queue_frames=queue_frames, stall_s=stall_s)
    expected = 0
    for kind, value in steps:
        match kind:
            case "wait":
                pushed.wait(value)
            case "pause":
                pushed.wait(value, read=False)
            case "push":
                pushed.push(None if value is None else pushed.now_s + value)
            case "late":
                pushed.push(late_s=value)
            case "jump":
                pushed.push(value)
            case "bad":
                with pytest.raises(PictureError):
                    pushed.push(coded=jpeg()[:200])
        now = assert_sums(pushed)
        assert now >= expected
        expected = now
    bad = sum(kind == "bad" for kind, _ in steps)
    pushed.finish()
    assert_sums(pushed)
    check(pushed.items, pushed.source, first_tick)
    assert pushed.source.counters().damaged_packets == bad


@given(st.lists(st.floats(0.0, 7.0), min_size=1, max_size=40))
@settings(deadline=None, max_examples=100)
def test_a_tick_holds_its_first_picture(waits):
    pushed = Pushed(stall_s=3.0)
    origin_s = pushed.now_s
    firsts: dict[int, float] = {}
    for wait_s in [0.0, *waits]:
        pushed.wait(wait_s)
        pushed.push()
        firsts.setdefault(int(pushed.now_s - origin_s + 1e-6), pushed.now_s)
    pushed.finish()
    assert {f.tick: f.received_s for f in pushed.frames} == firsts
    assert pushed.source.counters().dropped == 0
    lost = {t for start, end, _ in pushed.gaps for t in range(int(start), int(end))}
    assert not lost & firsts.keys()
    # Whatever is neither seen nor lost was covered by a frame before it.
    for tick in set(range(pushed.source.settled_end())) - lost - firsts.keys():
        assert any(before < tick for before in firsts)


def test_time_begins_with_the_first_picture():
    pushed = Pushed()
    pushed.wait(3600)
    assert pushed.source.status().state == "connecting"  # for as long as it takes
    assert pushed.source.counters().expected == 0
    pushed.push(77.0)
    pushed.read()
    (frame,) = pushed.frames
    assert (frame.tick, frame.t_s) == (0, 0.0)
    assert frame.wall_s == pytest.approx(8_700.0)
    assert pushed.events == [("connecting", "opening"), ("seeing", "frames")]
    status = pushed.source.status()
    assert (status.coded, status.kept, status.codec) == ((32, 24), (32, 24), "mjpeg")


def test_a_recording_that_goes_on_is_blind_until_the_first_picture():
    pushed = Pushed(first_tick=40)
    pushed.wait(5.3)
    assert pushed.gaps == [(40.0, 44.0, "connecting")]
    pushed.push()
    pushed.read()
    assert pushed.gaps == [(40.0, 45.0, "connecting")]
    assert (pushed.frames[0].tick, pushed.frames[0].t_s) == (45, pytest.approx(45.3))
    pushed.finish()
    check(pushed.items, pushed.source, 40)


def test_a_picture_that_was_there_before_the_watch_began_is_its_first():
    pushed = Pushed(first_tick=40, start=False)
    pushed.push(late_s=0.3)
    pushed.source.start()
    pushed.finish()
    assert pushed.ticks == [40]
    assert pushed.events[0] == ("connecting", "opening")


def test_who_stops_sending_leaves_it_stalled_and_gaps_accrue_until_another_sends():
    pushed = Pushed(stall_s=5.0)
    for second in range(3):
        pushed.push(float(second))
        pushed.wait(1.0)
    pushed.wait(9.1)
    assert pushed.source.status().state == "stalled"
    first = pushed.gaps
    pushed.wait(10.0)
    # The picture at 2 s covers for three times the usual second.
    assert first == [(6.0, 11.0, "stalled")]
    assert pushed.gaps == [(6.0, 21.0, "stalled")]
    assert pushed.source.status().since_s == pytest.approx(15.0, abs=0.4)
    pushed.push(1e6)  # another sender, another clock
    pushed.wait(1.0)
    pushed.push(1e6 + 1)
    pushed.read()
    assert pushed.ticks == [0, 1, 2, 22, 23]
    status = pushed.source.status()
    assert (status.state, status.reconnects, status.anchors) == ("seeing", 1, 0)
    assert [state for state, _ in pushed.events] == ["connecting", "seeing", "stalled", "seeing"]
    pushed.finish()
    assert pushed.events[-1] == ("stopped", "closed")
    check(pushed.items, pushed.source)


def test_the_senders_clock_places_pictures_that_come_in_a_burst():
    pushed = Pushed()
    pushed.push(10.0)
    pushed.wait(2.5)
    for t_s in (11.2, 12.3):
        pushed.push(t_s)
    pushed.read()
    assert [round(f.t_s, 3) for f in pushed.frames] == [0.0, 1.2, 2.3]
    assert pushed.source.status().anchors == 0


@pytest.mark.parametrize("jump_s", [2.5, 1e5, -2.5, -50.0])
def test_a_clock_that_parts_is_anchored_anew_and_told(jump_s):
    pushed = Pushed()
    for second in range(60, 70):
        pushed.push(second + (jump_s if second >= 63 else 0.0))
        pushed.wait(1.0)
    pushed.finish()
    assert pushed.source.status().anchors == 1
    assert pushed.events.count(("seeing", "clock")) == 1
    lost = pushed.source.status().late_frames
    assert lost <= 3
    assert len(pushed.frames) >= 10 - 3
    for frame in pushed.frames[-5:]:
        assert frame.t_s == pytest.approx(frame.received_s - 100.0, abs=0.01)
    check(pushed.items, pushed.source)


def test_a_clock_that_stands_still_loses_no_more_than_some_seconds():
    pushed = Pushed()
    for _ in range(40):
        pushed.push(5.0)
        pushed.wait(0.5)
    pushed.finish()
    assert len(pushed.frames) >= 4
    assert pushed.source.status().anchors >= 2


def test_two_senders_at_once_are_told_of_now_and_then():
    pushed = Pushed()
    for second in range(30):
        pushed.push(float(second))
        pushed.push(1_000.0 + second)
        pushed.wait(1.0)
    pushed.finish()
    assert len(pushed.frames) == 30
    assert pushed.source.status().anchors > 30
    assert pushed.events.count(("seeing", "clock")) <= 4


def test_a_frozen_and_a_changed_picture_are_told():
    pushed = Pushed(frozen_s=3.0)
    for _ in range(5):
        pushed.push(coded=jpeg(1))
        pushed.wait(1.0)
    assert pushed.source.status().state == "frozen"
    pushed.push(coded=jpeg(2, width=48, height=48))
    pushed.finish()
    assert ("seeing", "moving") in pushed.events
    assert ("seeing", "resolution") in pushed.events
    assert pushed.source.status().coded == (48, 48)


def test_a_bad_picture_leaves_no_trace_but_its_count():
    pushed = Pushed()
    for coded in (b"", b"\xff\xd8\xff", jpeg()[:300], b"\x89PNG" + bytes(90)):
        with pytest.raises(PictureError):
            pushed.source.push(coded, 5.0, pushed.now_s)
    with pytest.raises(PictureError, match="finite"):
        pushed.push(float("nan"))
    assert pushed.source.status().state == "connecting"
    assert pushed.source.counters().damaged_packets == 4
    pushed.push(9_000.0)  # no clock was anchored by them
    pushed.read()
    assert pushed.ticks == [0]


def test_behind_close_nothing_is_taken_and_all_can_be_read():
    pushed = Pushed()
    pushed.push()
    pushed.wait(1.2, read=False)
    pushed.push()
    pushed.source.close()
    pushed.source.close()
    with pytest.raises(SourceClosedError):
        pushed.push()
    assert not pushed.source.ended
    pushed.read()
    assert pushed.ticks == [0, 1]
    assert pushed.source.ended
    unused = Pushed()
    unused.finish()
    assert unused.source.counters().expected == 0


def test_many_threads_may_push_while_one_reads():
    pushed = Pushed(queue_frames=1024)
    stop = threading.Event()
    read: list[object] = []

    def reader():
        while not (stop.is_set() and pushed.source.ended):
            item = pushed.source.next_item(0.01)
            if item is not None:
                read.append(item)

    def pusher():
        for _ in range(30):
            pushed.now_s += 0.25
            pushed.push()

    threads = [threading.Thread(target=pusher) for _ in range(4)]
    watcher = threading.Thread(target=reader)
    for thread in [watcher, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    pushed.source.close()
    stop.set()
    watcher.join()
    check(read, pushed.source)  # type: ignore[arg-type]
    ticks = [item.tick for item in read if isinstance(item, Frame)]
    assert len(ticks) >= 10
    assert ticks == sorted(set(ticks))
