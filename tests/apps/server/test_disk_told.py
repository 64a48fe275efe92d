"""What clients are told of a recording's disk: what it forgot, and that nothing more fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import memory
from apps.server.file_source import RecordedSource
from apps.server.live_source import LiveWatched
from apps.server.protocol import SourceStatus, text_of
from memory import Home, describe_live
from streamvid.engine import Engine
from streamvid.live import Keep, Watch, WatchPlan
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.live.scripted_feed import ScriptedFeed, picture
from tests.streamvid.live.test_watch import PATIENCE_S, FullDisk, until
from tests.streamvid.tiny_model import TinyModel


class Camera:
    """A watched camera, its feed, and the statuses that clients were sent."""

    def __init__(self, folder: Path, engine: Engine, keep: Keep | None = None) -> None:
        self.feed = ScriptedFeed()
        self.told: list[SourceStatus] = []
        plan = WatchPlan(describe_live("rtsp://cam/1", name="front"), lambda first: self.feed, keep)

        def begin(tell) -> Watch:
            watch = Watch(Home(folder), engine, Settings(commit_s=0.05), plan, tell=tell)
            watch.start()
            return watch

        self.watched = LiveWatched("front", "front", self._heard, begin)

    def _heard(self, message: object) -> None:
        if isinstance(message, SourceStatus):
            self.told.append(message)

    def end(self) -> None:
        self.feed.finish()
        assert self.watched.watch.join(PATIENCE_S)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(TinyModel) as engine:
        yield engine


def test_what_was_forgotten_is_told_at_once_and_from_then_on(tmp_path, engine):
    camera = Camera(tmp_path, engine, Keep(memory.BESIDE_BYTES + 400_000))
    assert camera.watched.status().forgotten_before_s is None
    assert "forgotten_before_s" not in text_of(camera.watched.status())
    for start in range(0, 1280, 64):
        camera.feed.put(*(picture(tick) for tick in range(start, start + 64)))
    camera.end()
    told = [status.forgotten_before_s for status in camera.told if status.forgotten_before_s]
    assert told
    assert told == sorted(set(told))  # each time that something goes, and nothing twice
    assert camera.watched.status().forgotten_before_s == told[-1]
    with Session(tmp_path, TinyModel) as session:
        beside = RecordedSource(session, "beside", "front", "front")
        assert beside.status().forgotten_before_s == told[-1]


def test_a_disk_that_takes_nothing_is_told_until_it_takes_on(tmp_path, engine, monkeypatch):
    disk = FullDisk(monkeypatch)
    camera = Camera(tmp_path, engine)
    camera.feed.put(picture(0))
    until(lambda: camera.watched.watch.remembered)
    assert camera.watched.status().disk is None
    disk.full.set()
    camera.feed.put(picture(1))
    until(lambda: camera.told != [])
    (full,) = camera.told
    assert full.disk == "full"
    assert full.state == "seeing"  # it is watched all the same
    disk.full.clear()
    until(lambda: len(camera.told) == 2)
    assert camera.told[1].disk is None
    camera.end()
