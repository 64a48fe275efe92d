"""Recordings without an end: runs, gaps between them, counters that add up."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import (
    DROPPED,
    Anchor,
    Batch,
    CommitRefusedError,
    Counters,
    DiskFullError,
    EventRow,
    GapRow,
    Home,
    ModelIdentity,
    Recording,
    Source,
    TickSpan,
    blind_seconds,
    coverage_text,
    describe_live,
)
from memory.live_state import MOST_ANCHORS, MOST_EVENTS
from tests.memory.frames import GEOMETRY, RAM_FOLDER, batch_of, frame_at

START_S = 1_700_000_000.0


@pytest.fixture
def camera(home: Home, model: ModelIdentity) -> Recording:
    source = describe_live("rtsp://me:secret@cam/one?token=secret", name="front")
    return home.ensure(source, model, created_wall_s=START_S - 5)


def first_batch(ticks: int) -> Batch:
    return batch_of(0, ticks, anchors=(Anchor(0.0, START_S, run=True),))


def test_a_live_recording_is_found_by_name_address_and_beginning(
    home: Home, camera: Recording, model: ModelIdentity
) -> None:
    for source in ("front", "fron", "rtsp://other:pw@CAM/one?x=2", "rtsp://cam/one"):
        assert home.find(source).id == "front"
    again = home.ensure(describe_live("rtsp://cam/one", name="front"), model, created_wall_s=9.0)
    assert again.info == camera.info
    assert home.list()[0].address == "rtsp://cam/one"


def test_nothing_secret_is_on_the_disk_or_in_an_error(
    home: Home, camera: Recording, model: ModelIdentity
) -> None:
    with camera.writer(model) as writer:
        writer.begin_run(START_S, address="rtsp://me:secret@cam/two")
        writer.commit(first_batch(3))
    assert home.find("rtsp://cam/two").id == "front"
    for path in home.path.rglob("*"):
        assert "secret" not in path.name
        assert path.is_dir() or b"secret" not in path.read_bytes()
    with pytest.raises(LookupError) as caught:
        home.find("rtsp://me:secret@elsewhere/x?secret")
    assert "secret" not in str(caught.value)


def test_between_two_runs_nobody_watched(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        assert writer.begin_run(START_S) is None
        writer.commit(first_batch(10))
    with camera.writer(model) as writer:
        start = writer.begin_run(START_S + 100.5)
        assert start is not None
        assert (start.first_tick, start.anchor.t_s) == (100, 100.5)
        with camera.snapshot() as now:  # on the disk before the camera gave a picture
            assert now.settled() == [TickSpan(0, 100)]
        writer.commit(batch_of(100, 110))
    with camera.snapshot() as now:
        assert now.counters() == Counters(expected=110, seen=20, gapped=90)
        assert now.gaps() == [GapRow(10.0, 100.0, "off")]
        assert coverage_text(now.coverage()) == ("seen 20 s of 1 min 50 s; blind 0:10 to 1:40: off")
        assert now.live().runs == 2
        assert [a.wall_s - START_S for a in now.anchors()] == [0.0, 100.5]
        timeline = now.timeline()
        assert timeline is not None
        assert timeline.to_stream_time(START_S + 105) == 105
        assert timeline.to_stream_time(START_S + 1e6) == 110
        assert timeline.to_wall_time(105) == START_S + 105
        assert now.newest_frame() == (109.25, None)
        assert not now.complete


def test_a_wall_clock_that_went_back_is_an_event(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        writer.commit(first_batch(10))
    with camera.writer(model) as writer:
        start = writer.begin_run(START_S - 3_600)
        assert start is not None
        assert (start.first_tick, start.gap) == (10, None)
        writer.commit(batch_of(10, 12))
    with camera.snapshot() as now:
        assert [e.kind for e in now.events()] == ["wall_clock_back"]
        assert now.settled() == [TickSpan(0, 12)]


def test_a_gap_is_on_the_disk_while_it_lasts(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        writer.commit(first_batch(10))
        for tick in range(10, 100, 5):
            gap = GapRow(float(tick), tick + 5.0, "stalled")
            writer.commit(Batch(TickSpan(tick, tick + 5), gaps=(gap,)))
            with camera.snapshot() as now:
                assert now.gaps() == [GapRow(10.0, tick + 5.0, "stalled")]
                assert now.counters().gapped == tick + 5 - 10
        late = GapRow(101.0, 102.0, DROPPED)
        writer.commit(Batch(TickSpan(100, 103), (frame_at(100), frame_at(102)), (late,)))
    with camera.snapshot() as now:
        assert now.counters() == Counters(expected=103, seen=12, gapped=90, dropped=1)
        assert blind_seconds(now.gaps()) == {"stalled": 90.0, "dropped": 1.0}


@pytest.mark.parametrize(
    ("batch", "why"),
    [
        (batch_of(64, 66), "leave a hole in a live recording; go on at 10"),
        (batch_of(10, 12, complete=True), "never complete"),
        (batch_of(10, 12, gaps=(GapRow(12.0, 15.0, "lost"),)), "outside the batch's ticks 10"),
        (batch_of(10, 12, counters=Counters(2, 2)), "settle 2 ticks, the recording has 12"),
        (batch_of(10, 12, anchors=(Anchor(-1.0, 3.0),)), "anchor at -1 s"),
        (batch_of(10, 12, anchors=(Anchor(11.0, float("nan")),)), "give both times"),
    ],
)
def test_what_would_not_append_or_add_up_is_refused(
    camera: Recording, model: ModelIdentity, batch: Batch, why: str
) -> None:
    with camera.writer(model) as writer:
        writer.commit(first_batch(10))
        with pytest.raises(CommitRefusedError, match=why):
            writer.commit(batch)
        writer.commit(batch_of(10, 12, counters=Counters(13, 12, pending=1)))


def test_a_file_has_no_runs_and_forgets_nothing(recording: Recording, model: ModelIdentity) -> None:
    with recording.writer(model) as writer:
        with pytest.raises(CommitRefusedError, match="is a file's recording"):
            writer.begin_run(START_S)
        with pytest.raises(CommitRefusedError, match="is a file's recording"):
            writer.drop_oldest(1)


def test_of_many_events_the_newest_are_kept(camera: Recording, model: ModelIdentity) -> None:
    events = tuple(EventRow(float(i), "lost", "x" * 900) for i in range(MOST_EVENTS + 7))
    with camera.writer(model) as writer:
        writer.commit(batch_of(0, 2, events=events[:100]))
        writer.commit(batch_of(2, 4, events=events[100:]))
    with camera.snapshot() as now:
        kept = now.events()
        assert [e.t_s for e in kept] == [e.t_s for e in events[7:]]
        assert len(kept[0].detail) == 500
        assert now.live().forgotten_events == 7


def test_events_of_one_moment_stand_in_the_order_in_which_they_came(
    camera: Recording, model: ModelIdentity
) -> None:
    stalled, again = EventRow(7.0, "stalled"), EventRow(7.0, "reconnecting", "stalled")
    earlier = EventRow(3.0, "wall_clock_set")
    with camera.writer(model) as writer:
        writer.commit(batch_of(0, 8, events=(stalled, again)))
        writer.commit(batch_of(8, 9, events=(earlier,)))
    with camera.snapshot() as now:
        assert now.events() == [earlier, stalled, again]


def test_the_list_tells_a_live_recordings_life(
    home: Home, camera: Recording, model: ModelIdentity
) -> None:
    with camera.writer(model) as writer:
        writer.commit(first_batch(10))
        writer.begin_run(START_S + 70)
        writer.commit(batch_of(70, 80))
    (line,) = home.list()
    assert (line.kind, line.runs, line.since_wall_s) == ("live", 2, START_S)
    assert (line.newest_t_s, line.length_s, line.first_kept_tick) == (79.25, 80.0, 0)
    assert home.list() == (line,)


@st.composite
def commits(draw: st.DrawFn) -> list[Batch | float]:
    """Batches as a camera that comes and goes gives them; a number is time away."""
    tick, steps = 0, list[Batch | float]()
    for _ in range(draw(st.integers(1, 8))):
        if steps and draw(st.booleans()):
            away_s = draw(st.integers(0, 200))
            steps.append(float(away_s))
            tick += away_s
        end = tick + draw(st.integers(1, 90))
        blind = draw(st.integers(tick, end))
        reason = draw(st.sampled_from(["stalled", DROPPED]))
        gaps = (GapRow(float(blind), float(end), reason),) if blind < end else ()
        ticks = [t for t in range(tick, blind) if draw(st.booleans())]
        steps.append(Batch(TickSpan(tick, end), tuple(map(frame_at, ticks)), gaps))
        tick = end
    return steps


@settings(deadline=None, max_examples=60)
@given(commits())
def test_ticks_add_up_whatever_comes(steps: list[Batch | float]) -> None:
    model = ModelIdentity("m", GEOMETRY)
    with tempfile.TemporaryDirectory(dir=RAM_FOLDER) as folder:
        source = Source("cam", "live", "cam")
        recording = Home(Path(folder)).create(source, model, created_wall_s=START_S)
        writer = recording.writer(model)
        for step in steps:
            if isinstance(step, float):
                end_tick = writer.settled()[-1].end_tick
                writer.close()
                writer = recording.writer(model)
                writer.begin_run(START_S + end_tick + step)
            else:
                writer.commit(step)
        writer.close()
        with recording.snapshot() as now:
            counters, (span,) = now.counters(), now.settled()
            assert counters.balanced
            assert counters.expected == span.end_tick
            assert counters.seen == now.frame_count()
            seconds = blind_seconds(now.gaps())
            assert counters.dropped == seconds.pop(DROPPED, 0.0)
            assert counters.gapped == sum(seconds.values())


def test_who_watches_tells_where_it_listens(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        assert camera.socket_of_holder() is None
        writer.publish_socket(Path("/run/user/1000/streamvid/front.sock"))
        assert camera.socket_of_holder() == Path("/run/user/1000/streamvid/front.sock")
        writer.publish_socket(None)
        assert camera.socket_of_holder() is None
        writer.publish_socket("/run/x")
    assert camera.socket_of_holder() is None


def test_of_many_anchors_the_first_and_the_newest_are_kept(
    camera: Recording, model: ModelIdentity
) -> None:
    anchors = tuple(Anchor(float(i), START_S + 3.0 * i) for i in range(MOST_ANCHORS + 9))
    with camera.writer(model) as writer:
        writer.commit(batch_of(0, 2, anchors=anchors))
    with camera.snapshot() as now:
        assert now.anchors() == (anchors[0], *anchors[10:])


def test_without_an_anchor_a_run_goes_by_the_newest_frames_wall_time(
    camera: Recording, model: ModelIdentity
) -> None:
    late = dataclasses.replace(frame_at(5), wall_s=START_S + 5.25)
    with camera.writer(model) as writer:
        writer.commit(Batch(TickSpan(0, 6), (late,)))
        start = writer.begin_run(START_S + 50)
        assert start is not None
        assert start.first_tick == 50
    with camera.snapshot() as now:
        assert now.anchors() == (Anchor(0.0, START_S, run=True), start.anchor)
        assert now.live().runs == 2


def test_a_refused_commit_of_a_live_recording_leaves_no_trace(
    camera: Recording, model: ModelIdentity
) -> None:
    with camera.writer(model) as writer:
        writer.commit(first_batch(10))
        with camera.snapshot() as now:
            before = now.digest()
        # SQLite's own limit gives the same error as a full disk, in the middle of the transaction
        writer._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(DiskFullError):
            writer.commit(batch_of(10, 400, anchors=(Anchor(10.0, START_S + 99),)))
        with camera.snapshot() as now:
            assert now.digest() == before
