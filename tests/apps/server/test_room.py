"""The room and its sources without any socket, on real files with the tiny model."""

from __future__ import annotations

import queue
import threading

import pytest

from apps.server.file_source import FileOpener
from apps.server.protocol import ProtocolError, SourceGap, SourceStatus
from apps.server.room import Room
from streamvid.answer import TimeRange
from streamvid.session import Session
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

EVERYTHING = TimeRange()


@pytest.fixture
def told():
    return queue.SimpleQueue()


@pytest.fixture
def session(tmp_path):
    with Session(tmp_path / "home", TinyModel) as opened:
        yield opened


@pytest.fixture
def room(session, told):
    made = Room(session, (FileOpener(session),), most_sources=3, notify=told.put)
    yield made
    assert made.close(within_s=30)


def watched(told, source):
    """All that was told until ``source`` is watched to its end."""
    heard = []
    while True:
        heard.append(told.get(timeout=60))
        last = heard[-1]
        if isinstance(last, SourceStatus) and last.source == source:
            assert last.state != "refused", last.detail
            if last.state == "ended":
                return heard


def code_of(call, *arguments, **more):
    with pytest.raises(ProtocolError) as raised:
        call(*arguments, **more)
    return raised.value.code


def test_a_file_is_watched_and_its_states_and_gaps_are_told(room, told, tmp_path):
    room.add("a", str(film(tmp_path / "a.mp4", 20, gaps=[(8, 14)])))
    heard = watched(told, "a")
    states = [one.state for one in heard if isinstance(one, SourceStatus)]
    assert states[-1] == "ended"
    assert set(states) <= {"connecting", "seeing", "ended"}
    (gap,) = [one for one in heard if isinstance(one, SourceGap)]
    (on_the_line,) = room.timeline("a").gaps
    assert (gap.start, gap.end, gap.reason) == (
        on_the_line.start_s, on_the_line.end_s, on_the_line.reason,
    )  # fmt: skip
    ticks = room.status("a").ticks
    assert (
        ticks.expected
        == 20
        == (ticks.seen + ticks.covered + ticks.dropped + ticks.gapped + ticks.pending)
    )
    assert room.still("a", 12.0).t_s == 7.0


def test_questions_go_to_their_source(room, told, tmp_path):
    for name, seconds in (("a", 6), ("b", 11)):
        room.add(name, str(film(tmp_path / f"{name}.mp4", seconds)))
        watched(told, name)
    for name, seconds in (("a", 6), ("b", 11)):
        with room.ask(
            name, "red", within=EVERYTHING, cancelled=lambda: False, deadline_s=None
        ) as stream:
            assert stream.result().coverage.end_s == seconds


def test_names_bounds_and_owners_of_sources(room, told, tmp_path):
    path = str(film(tmp_path / "a.mp4", 5))
    room.add("a", path)
    assert code_of(room.add, "a", path) == "source_exists"
    assert code_of(room.add, "x", "rtsp://user:secret@cam/1") == "cannot_open"
    assert code_of(room.add, "x", str(tmp_path / "missing.mp4")) == "cannot_open"
    room.add("b", path, by_client=True)
    room.add("c", path, by_client=True)
    assert code_of(room.add, "d", path) == "too_many_sources"
    assert code_of(room.remove, "a") == "not_yours"
    room.remove("b")
    assert code_of(room.remove, "b") == "no_source"
    assert code_of(room.status, "b") == "no_source"
    assert room.names() == ("a", "c")
    room.add("d", path)


def test_a_source_that_will_not_open_takes_no_place(room, tmp_path):
    for _ in range(5):
        assert code_of(room.add, "x", str(tmp_path / "missing.mp4")) == "cannot_open"
    assert room.names() == ()


def test_what_is_refused_is_a_state_and_names_no_folder(room, told, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    room.add("bad", str(tmp_path / "bad.mp4"))
    status = told.get(timeout=60)
    while status.state == "connecting":
        status = told.get(timeout=60)
    assert status.state == "refused"
    assert status.reason == "failed"
    assert "bad.mp4" in status.detail
    assert str(tmp_path) not in status.detail
    assert code_of(room.timeline, "bad") == "not_remembered"


def test_stopping_keeps_what_was_watched(session, told, tmp_path):
    reached, go_on = threading.Event(), threading.Event()

    def hold(frames):
        reached.set()
        go_on.wait(60)

    with Session(tmp_path / "held", lambda: TinyModel(on_encode=hold)) as held:
        room = Room(held, (FileOpener(held),), most_sources=1, notify=told.put)
        room.add("a", str(film(tmp_path / "a.mp4", 100)))
        assert reached.wait(60)
        room.stop()
        assert code_of(room.add, "b", str(tmp_path / "a.mp4")) == "going_away"
        go_on.set()
        assert room.close(within_s=30)
        assert room.status("a").state == "stopped"
    line = Session(tmp_path / "held", TinyModel).find(tmp_path / "a.mp4")
    assert not line.complete


def test_pictures_are_for_pushed_sources_alone(room, told, tmp_path):
    room.add("a", str(film(tmp_path / "a.mp4", 5)))
    assert code_of(room.push, "a", b"\xff\xd8\xff", t_s=None, received_s=0.0) == "not_pushed"


def test_the_same_file_under_two_names_is_watched_once(room, told, tmp_path):
    path = str(film(tmp_path / "a.mp4", 30))
    room.add("a", path)
    room.add("b", path)
    ended = set()
    while ended != {"a", "b"}:
        status = told.get(timeout=60)
        if isinstance(status, SourceStatus) and status.state == "ended":
            ended.add(status.source)
    assert room.status("a").recording_id == room.status("b").recording_id
