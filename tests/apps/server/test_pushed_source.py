"""A pushed source in the room, without sockets: its recording's name, and how it goes on."""

from __future__ import annotations

import time

import pytest

from apps.server.protocol import ProtocolError
from apps.server.pushed_source import PushedOpener
from apps.server.room import Room
from apps.server.sources import PushedSource
from capture import LiveSettings
from streamvid.live import Keep
from streamvid.session import Session
from streamvid.settings import Settings
from tests.capture.pushing import jpeg
from tests.streamvid.tiny_model import TinyModel


@pytest.fixture
def open_room(tmp_path):
    rooms = []

    def make() -> Room:
        session = Session(tmp_path / "home", TinyModel, settings=Settings(commit_s=0.05))
        opener = PushedOpener(session, LiveSettings(), keep=lambda room: Keep(10**9))
        rooms.append(Room(session, [opener], most_sources=4, notify=lambda message: None))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close(within_s=10)


def push(room: Room, name: str, number: int, t_s: float | None = None) -> None:
    room.push(name, jpeg(number), t_s=t_s, received_s=time.monotonic())


def remembered(room: Room, name: str) -> str:
    """The recording's id once a frame is on the disk."""
    deadline_s = time.monotonic() + 10
    while (found := room.source(name).recording_id) is None:
        assert time.monotonic() < deadline_s, room.status(name)
        time.sleep(0.01)
    return found


def test_the_recording_has_the_sources_name_or_its_own(open_room):
    room = open_room()
    for name, address in (("phone", "push:"), ("door", "push:Hall")):
        source = room.add(name, address)
        assert isinstance(source, PushedSource)
        assert (source.kind, source.recording_id) == ("pushed", None)
        push(room, name, 1)
    assert remembered(room, "phone") == "push:phone"
    assert remembered(room, "door") == "push:Hall"
    assert room.still("door") is not None
    with pytest.raises(ProtocolError) as refused:
        room.add("second", "push:Hall")
    assert refused.value.code == "cannot_open"
    for address in ("push:a b", "push:../x", "push:.x", "push:" + 65 * "x"):
        with pytest.raises(ProtocolError) as refused:
            room.add("bad", address)
        assert refused.value.code == "cannot_open"
    assert room.names() == ("phone", "door")


def test_it_goes_on_behind_what_was_remembered(open_room):
    room = open_room()
    room.add("phone", "push:")
    push(room, "phone", 1, t_s=900.0)
    remembered(room, "phone")
    assert room.close(within_s=10)
    again = open_room()
    source = again.add("phone", "push:")
    status = source.status()
    assert source.recording_id == "push:phone"
    assert status.state == "connecting"
    push(again, "phone", 2, t_s=3.0)
    assert again.close(within_s=10)
    ticks = source.status().ticks
    assert ticks is not None
    assert ticks.pending == 0
    assert ticks.expected == ticks.seen + ticks.covered + ticks.dropped + ticks.gapped
    assert ticks.seen == 2
    with pytest.raises(ProtocolError) as refused:
        push(again, "phone", 3)
    assert refused.value.code == "not_pushed"


def test_a_removed_source_can_be_added_again(open_room):
    room = open_room()
    for _ in range(3):
        source = room.add("phone", "push:", by_client=True)
        push(room, "phone", 1)
        room.remove("phone")
        assert source.close(within_s=10)
        assert source.status().state == "stopped"
