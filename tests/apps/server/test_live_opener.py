"""Which recording a live source of the server fills: the one that ``watch --name`` fills too."""

from __future__ import annotations

import time

import pytest

from apps.server.live_source import LiveOpener, LiveWatched
from apps.server.room import Room
from capture import Address, LiveSettings
from streamvid.live.keeping import Keep
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel

PICTURE = "lavfi:testsrc2=size=96x64:rate=10"


@pytest.fixture
def session(tmp_path):
    with Session(tmp_path / "home", TinyModel, settings=Settings(commit_s=0.05)) as opened:
        yield opened


@pytest.fixture
def room(session):
    opener = LiveOpener(session, LiveSettings(), keep=lambda room: Keep(10**9))
    made = Room(session, [opener], most_sources=4, notify=lambda message: None)
    yield made
    assert made.close(within_s=30)


def remember(session: Session, name: str | None) -> None:
    """As ``streamvid watch --name`` does, until a frame is on the disk."""
    watch = session.watch(Address.parse(PICTURE), name=name, keep=lambda room: Keep(10**9))
    deadline_s = time.monotonic() + 20
    while not watch.remembered:
        assert time.monotonic() < deadline_s, watch.status()
        time.sleep(0.01)
    watch.stop()
    assert watch.join(20)


def filled(room: Room, name: str, *, by_client: bool = False) -> tuple[str, bool]:
    """The recording that a source of this name fills, and whether something was in it."""
    source = room.add(name, PICTURE, by_client=by_client)
    assert isinstance(source, LiveWatched)
    return source.watch.recording_id, source.recording_id is not None


def test_a_source_of_the_command_line_fills_the_recording_of_its_name(room):
    assert filled(room, "front") == ("front", False)


def test_it_goes_on_with_the_recording_that_was_watched_under_that_name(session, room):
    remember(session, None)
    remember(session, "front")
    assert filled(room, "front") == ("front", True)


def test_it_goes_on_with_the_address_where_nothing_has_the_name(session, room):
    remember(session, None)
    remember(session, "other")
    assert filled(room, "front") == (PICTURE, True)


def test_a_client_fills_no_recording_that_somebody_named(session, room):
    remember(session, "front")
    assert filled(room, "front", by_client=True) == (PICTURE, False)
