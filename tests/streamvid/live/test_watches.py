"""Several watches in one process: begun, flushed by recording, ended together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.keeping import default_keep
from memory import BESIDE_BYTES, Home, Recording, describe_live
from streamvid.engine import Engine
from streamvid.errors import RecordingBusyError
from streamvid.live import DiskRoom, Keep, KeepRule, Watch, Watches, WatchEvent, WatchPlan
from streamvid.settings import Settings
from tests.streamvid.live.scripted_feed import ScriptedFeed, picture
from tests.streamvid.tiny_model import TinyModel

PATIENCE_S = 10.0
SELDOM = Settings(commit_s=3600.0)
"""Nothing is committed but a first frame, by ``flush`` and at the end."""


class Bench:
    """Watches of cameras by name, each with its own feed."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.home = Home(folder)
        self.grown: list[str] = []
        self.events: list[WatchEvent] = []
        self.watches = Watches(self.home, engine, SELDOM, grown=self._note)

    def begin(self, name: str, keep: KeepRule | None = None) -> tuple[Watch, ScriptedFeed]:
        made: list[ScriptedFeed] = []

        def make(first_tick: int) -> ScriptedFeed:
            made.append(ScriptedFeed(first_tick))
            return made[-1]

        plan = WatchPlan(describe_live(f"rtsp://{name}/1", name=name), make)
        watch = self.watches.begin(plan, keep=keep, tell=self.events.append)
        return watch, made[-1]

    def frames(self, name: str) -> int:
        with self.home.get(name).snapshot() as snapshot:
            return snapshot.frame_count()

    def _note(self, recording: Recording) -> None:
        self.grown.append(recording.id)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Engine(TinyModel) as engine:
        engine.facts()  # loaded: a flush waits for no model
        opened = Bench(tmp_path, engine)
        yield opened
        opened.watches.stop()


def until(condition: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if condition():
            return
        waited.wait(0.01)
    raise AssertionError("it did not come to pass")


def test_a_flush_commits_what_was_seen_of_that_recording_alone(bench: Bench) -> None:
    (front, front_feed), (back, back_feed) = bench.begin("front"), bench.begin("back")
    front_feed.put(picture(0))
    back_feed.put(picture(0))
    until(lambda: front.remembered and back.remembered)
    bench.grown.clear()
    front_feed.put(*(picture(tick) for tick in range(1, 5)))
    back_feed.put(*(picture(tick) for tick in range(1, 5)))
    for _ in range(10):
        bench.watches.flush("front")
        if bench.frames("front") == 5:
            break
    assert (bench.frames("front"), bench.frames("back")) == (5, 1)
    assert set(bench.grown) == {"front"}
    bench.watches.flush("nobody's")


def test_all_end_with_everything_committed(bench: Bench) -> None:
    (front, front_feed), (back, back_feed) = bench.begin("front"), bench.begin("back")
    front_feed.put(picture(0), picture(1))
    back_feed.put(picture(0))
    until(lambda: front.ready and back.ready)
    bench.watches.stop()
    assert not front.running
    assert not back.running
    assert (bench.frames("front"), bench.frames("back")) == (2, 1)
    assert sorted(bench.grown) == ["back", "front"]
    bench.watches.stop()  # there is nothing left to end


def test_a_camera_is_watched_once_at_a_time(bench: Bench) -> None:
    watch, feed = bench.begin("front")
    until(lambda: watch.ready)
    with pytest.raises(RecordingBusyError, match="watched already"):
        bench.begin("front")
    feed.put(picture(0))
    feed.finish()
    assert watch.join(PATIENCE_S)
    again, _ = bench.begin("front")
    until(lambda: again.ready)
    bench.watches.stop()
    assert not again.running


@dataclass(frozen=True)
class Usage:
    free: int


class Rule:
    """Gives the next of ``given`` bytes, and remembers what there was."""

    def __init__(self, *grown_bytes: int) -> None:
        self._grown_bytes = list(grown_bytes)
        self.rooms: list[DiskRoom] = []

    def __call__(self, room: DiskRoom) -> Keep:
        self.rooms.append(room)
        return Keep(room.held_bytes + self._grown_bytes.pop(0))


def test_a_rule_is_told_what_the_others_were_promised_until_they_end(bench: Bench) -> None:
    rule = Rule(1000, 200, 30, 4, 5)
    front, feed = bench.begin("front", rule)
    bench.begin("back", rule)
    bench.begin("side", rule)
    until(lambda: front.ready)
    feed.put(picture(0))
    feed.finish()
    assert front.join(PATIENCE_S)
    bench.begin("door", rule)
    again, _ = bench.begin("front", rule)
    rooms = [(room.promised_bytes, room.watched) for room in rule.rooms]
    assert rooms == [(0, 0), (1000, 1), (1200, 2), (230, 2), (234, 3)]
    held = [room.held_bytes for room in rule.rooms]
    assert held[:4] == 4 * [BESIDE_BYTES]
    assert held[4] > BESIDE_BYTES
    assert all(room.free_bytes > 0 for room in rule.rooms)
    until(lambda: again.ready)


def test_a_restart_on_a_fuller_disk_forgets_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, feed = bench.begin("front", default_keep)
    for start in range(0, 1280, 64):
        feed.put(*(picture(tick) for tick in range(start, start + 64)))
    feed.finish()
    assert watch.join(PATIENCE_S)
    assert bench.frames("front") == 1280
    monkeypatch.setattr("memory.folder.shutil.disk_usage", lambda path: Usage(free=12_000_000))
    again, feed = bench.begin("front", default_keep)
    feed.put(*(picture(tick) for tick in range(feed.first_tick, feed.first_tick + 40)))
    feed.finish()
    assert again.join(PATIENCE_S)
    assert bench.frames("front") == 1320
    assert all(event.kind != "retention" for event in bench.events)
