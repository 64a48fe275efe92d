"""A watch over a scripted source into a real recording, by the real engine with the tiny model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import memory
from capture import Gap, SourceEvent
from memory import Home, describe_live
from memory.reserve import RESERVE_BYTES
from streamvid.engine import Engine, Priority
from streamvid.errors import ModelLoadError, RecordingBusyError, StorageFullError
from streamvid.live import Keep, Watch, WatchEvent, WatchPlan
from streamvid.live.watch import LAST_WAIT_S
from streamvid.settings import Settings
from tests.streamvid.live.scripted_feed import ScriptedFeed, picture
from tests.streamvid.tiny_model import TinyModel

NAME = "front"
PATIENCE_S = 10.0


class Bench:
    """A home, an engine, and watches of one camera, each with its own feed."""

    def __init__(self, folder: Path, engine: Engine, settings: Settings) -> None:
        self.home = Home(folder)
        self.engine, self.settings = engine, settings
        self.feeds: list[ScriptedFeed] = []
        self.events: list[WatchEvent] = []
        self.wall_s = 5000.0

    def watch(self, *, keep: Keep | None = None) -> tuple[Watch, ScriptedFeed]:
        def make(first_tick: int) -> ScriptedFeed:
            self.feeds.append(ScriptedFeed(first_tick))
            return self.feeds[-1]

        plan = WatchPlan(describe_live("rtsp://cam/1", name=NAME), make, keep)
        watch = Watch(
            self.home, self.engine, self.settings, plan,
            tell=self.events.append, wall_s=lambda: self.wall_s,
        )  # fmt: skip
        watch.start()
        return watch, self.feeds[-1]

    def snapshot(self) -> memory.Snapshot:
        return self.home.get(NAME).snapshot()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Engine(TinyModel) as engine:
        yield Bench(tmp_path, engine, Settings(commit_s=0.05))


def until(condition, patience_s: float = PATIENCE_S) -> None:
    waited = threading.Event()
    for _ in range(int(patience_s / 0.01)):
        if condition():
            return
        waited.wait(0.01)
    raise AssertionError("it did not come to pass")


@contextmanager
def loading() -> Iterator[tuple[Engine, threading.Event]]:
    """An engine whose model is not there before the event is set."""
    loaded = threading.Event()

    def load() -> TinyModel:
        assert loaded.wait(PATIENCE_S)
        return TinyModel()

    with Engine(load) as engine:
        yield engine, loaded


def test_what_comes_is_remembered_tick_by_tick(bench: Bench) -> None:
    watch, feed = bench.watch()
    feed.put(SourceEvent(0.0, 1000.0, "seeing", "frames"), *(picture(t) for t in range(5)))
    feed.put(picture(7))  # 5 and 6 were covered
    feed.put(*(Gap(t, t + 1, "stalled") for t in range(8, 12)), Gap(12, 13, "dropped"), picture(13))
    feed.finish()
    assert watch.join(PATIENCE_S)
    with bench.snapshot() as seen:
        assert list(seen.gaps()) == [
            memory.GapRow(8, 12, "stalled"), memory.GapRow(12, 13, "dropped"),
        ]  # fmt: skip
        counters = seen.counters()
        assert seen.frame_count() == 7
        assert not seen.complete  # a camera may go on tomorrow
        assert seen.timeline().to_wall_time(13.25) == pytest.approx(1013.0)
        assert [(event.kind, event.detail) for event in seen.events()] == [("seeing", "frames")]
    assert (counters.expected, counters.seen, counters.covered) == (14, 7, 2)
    assert (counters.dropped, counters.gapped) == (1, 4)
    assert watch.status().counters == counters
    told = [(event.kind, event.t_s, event.end_s) for event in bench.events]
    assert told == [
        ("state", 0.0, None), ("gap", 8.0, None), ("gap", 8.0, 12.0), ("dropped", 12.0, 13.0),
    ]  # fmt: skip


def test_it_is_on_the_disk_while_it_goes_on(bench: Bench) -> None:
    watch, feed = bench.watch()
    feed.put(picture(0), picture(1))
    until(lambda: watch.remembered)
    feed.put(Gap(2, 3, "stalled"))

    def gap_is_there() -> bool:
        with bench.snapshot() as seen:
            return list(seen.gaps()) == [memory.GapRow(2, 3, "stalled")]

    until(gap_is_there)
    assert watch.newest_s == watch.status().newest_s == 1.25  # a gap brings no newer picture
    assert watch.running
    watch.stop()
    assert watch.join(PATIENCE_S)


def test_a_second_run_goes_on_and_tells_of_the_time_between(bench: Bench) -> None:
    watch, feed = bench.watch()
    feed.put(*(picture(t) for t in range(10)))
    feed.finish()
    watch.join(PATIENCE_S)
    assert watch.newest_s == 9.25
    # Tick 0 began at wall 1000; ten ticks are settled, and it is 1090 now.
    bench.wall_s = 1090.0
    again, feed = bench.watch()
    assert feed.first_tick in (89, 90)  # the frame came a quarter into its second
    until(lambda: again.ready)
    assert again.newest_s == 9.25  # what the run before left
    feed.put(picture(feed.first_tick))
    feed.finish()
    again.join(PATIENCE_S)
    with bench.snapshot() as seen:
        off = list(seen.gaps())
        counters = seen.counters()
        assert seen.live().runs == 2
    assert off == [memory.GapRow(10, feed.first_tick, "off")]
    assert counters.balanced
    assert (counters.seen, counters.gapped) == (11, feed.first_tick - 10)
    assert again.status().counters == counters


def test_the_same_source_is_watched_once_at_a_time(bench: Bench) -> None:
    watch, feed = bench.watch()
    feed.put(picture(0))
    until(lambda: watch.remembered)
    with pytest.raises(RecordingBusyError, match="watched already"):
        bench.watch()
    feed.put(picture(1))  # and the first goes on
    feed.finish()
    watch.join(PATIENCE_S)
    with bench.snapshot() as seen:
        assert seen.frame_count() == 2


def test_stop_keeps_all_that_was_taken(bench: Bench) -> None:
    bench.settings = Settings(commit_s=1000.0)  # no commit but the last
    watch, feed = bench.watch()
    feed.put(*(picture(t) for t in range(20)))
    watch.stop()
    assert watch.join(PATIENCE_S)
    with bench.snapshot() as seen:
        assert seen.frame_count() == 20


def test_frames_that_the_engine_has_no_time_for_are_dropped_and_counted(bench: Bench) -> None:
    bench.settings = Settings(commit_s=0.05, waiting_live_frames=1)
    with Engine(TinyModel, settings=bench.settings) as engine:
        bench.engine = engine
        watch, feed = bench.watch()
        feed.put(picture(0))
        until(lambda: watch.remembered)
        busy, free = threading.Event(), threading.Event()

        def hold(model: object) -> None:
            busy.set()
            free.wait(PATIENCE_S)

        engine.submit(hold, priority=Priority.QUESTION, owner="question")
        assert busy.wait(PATIENCE_S)
        feed.put(picture(1))
        until(lambda: engine.counters().waiting == 1)
        # Another frame of the camera fills its queue: ours is the oldest in it.
        other = engine.submit(lambda model: None, priority=Priority.LIVE, owner=NAME)
        until(lambda: engine.counters().dropped_live == 1)
        free.set()
        other.result(PATIENCE_S)
        feed.put(picture(2))
        feed.finish()
        watch.join(PATIENCE_S)
    with bench.snapshot() as seen:
        assert list(seen.gaps()) == [memory.GapRow(1, 2, "dropped")]
        counters = seen.counters()
    assert (counters.seen, counters.dropped, counters.gapped) == (2, 1, 0)
    assert watch.status().counters == counters


def test_it_takes_no_more_than_it_may_and_says_what_went(bench: Bench) -> None:
    keep = Keep(memory.BESIDE_BYTES + 400_000)
    watch, feed = bench.watch(keep=keep)
    for start in range(0, 1280, 64):
        feed.put(*(picture(t) for t in range(start, start + 64)))
    feed.finish()
    watch.join(60.0)
    with bench.snapshot() as seen:
        assert seen.used_bytes() <= 400_000
        kept = seen.live().first_kept_tick
        assert kept > 0
        assert next(iter(seen.gaps())) == memory.GapRow(0, kept, memory.RETENTION)
        assert seen.counters().seen == 1280
    assert watch.status().first_kept_s == kept
    assert any(event.kind == "retention" and event.end_s == kept for event in bench.events)
    assert watch.status().held_bytes <= keep.most_bytes


def test_what_it_holds_is_what_its_folder_takes(bench: Bench) -> None:
    watch, feed = bench.watch()
    feed.put(picture(0))
    until(lambda: watch.remembered)
    line = bench.home.find(NAME)
    assert line.size_bytes > RESERVE_BYTES
    # the one figure that a list shows, but for what comes and goes with it
    assert watch.status().held_bytes == pytest.approx(line.size_bytes, abs=100_000)
    feed.finish()
    watch.join(PATIENCE_S)


def test_where_little_is_left_to_others_it_grows_no_further_and_later_goes_on(
    bench: Bench, monkeypatch
) -> None:
    free_bytes = 10**9
    monkeypatch.setattr(memory.Writer, "free_bytes", lambda writer: free_bytes)
    watch, feed = bench.watch(keep=Keep(10**9, leave_bytes=10**8))

    def see(ticks: range) -> int:
        feed.put(*map(picture, ticks))
        until(lambda: newest() == ticks[-1] + 0.25)
        watch.flush(PATIENCE_S)  # behind the last commit, what had to go went
        with bench.snapshot() as seen:
            return seen.used_bytes()

    def newest() -> float | None:
        if not watch.remembered:
            return None
        with bench.snapshot() as seen:
            found = seen.newest_frame()
        return None if found is None else found[0]

    large = see(range(384))
    free_bytes = 10**7
    stuck = [see(range(start, start + 128)) for start in range(384, 1024, 128)]
    # some commits' worth more than it was then, and not less by more than a block or two
    assert max(stuck) < 1.5 * large
    assert stuck[-1] > large // 2
    forgotten_s = watch.status().first_kept_s
    assert forgotten_s > 0
    free_bytes = 10**9
    assert see(range(1024, 1280)) > max(stuck)
    assert watch.status().first_kept_s == forgotten_s
    watch.stop()
    assert watch.join(PATIENCE_S)


class FullDisk:
    """A writer's commit that finds no room while ``full``; everything else is the real one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = threading.Event()
        self.refused = 0
        real = memory.Writer.commit

        def commit(writer: memory.Writer, batch: memory.Batch) -> None:
            if self.full.is_set() and batch.frames:
                self.refused += 1
                raise memory.DiskFullError("no space left for 'x'; free some and go on")
            real(writer, batch)

        monkeypatch.setattr(memory.Writer, "commit", commit)


def test_a_full_disk_is_told_and_outlived(bench: Bench, monkeypatch) -> None:
    disk = FullDisk(monkeypatch)
    watch, feed = bench.watch()
    feed.put(*(picture(t) for t in range(3)))
    until(lambda: watch.remembered)
    disk.full.set()
    feed.put(*(picture(t) for t in range(3, 6)))
    until(lambda: disk.refused > 1)
    assert "no space left" in watch.status().trouble
    disk.full.clear()
    feed.put(picture(6))
    feed.finish()
    assert watch.join(PATIENCE_S)
    assert watch.status().trouble == ""
    with bench.snapshot() as seen:
        assert seen.frame_count() == 7  # few enough to wait
    assert [event.kind for event in bench.events] == ["disk", "disk"]


def test_a_disk_that_stays_full_costs_the_oldest_frames_and_the_end_says_so(
    bench: Bench, monkeypatch
) -> None:
    bench.settings = Settings(commit_s=0.02, commit_frames=4)
    disk = FullDisk(monkeypatch)
    watch, feed = bench.watch()
    feed.put(picture(0))
    until(lambda: watch.remembered)
    disk.full.set()
    feed.put(*(picture(t) for t in range(1, 41)))
    until(lambda: watch.status().counters.dropped > 0)
    status = watch.status()
    assert status.waiting_frames <= 4 * 4 + TinyModel().spec.encode_batch  # bounded
    watch.stop()
    with pytest.raises(StorageFullError, match="no space left"):
        watch.join(PATIENCE_S)


def test_what_comes_while_the_model_loads_is_not_lost(bench: Bench) -> None:
    with loading() as (engine, loaded):
        bench.engine = engine
        watch, feed = bench.watch()
        feed.put(SourceEvent(0.0, 1000.0, "seeing", "frames"), *(picture(t) for t in range(60)))
        until(lambda: feed.waiting == 0)  # taken, though nobody can encode it yet
        assert not watch.ready
        loaded.set()
        feed.finish()
        watch.join(PATIENCE_S)
    with bench.snapshot() as seen:
        assert seen.frame_count() == 60


def test_what_happens_while_the_model_loads_is_told_at_once_and_once(bench: Bench) -> None:
    with loading() as (engine, loaded):
        bench.engine = engine
        watch, feed = bench.watch()
        feed.put(SourceEvent(0.0, 1000.0, "connecting", "opening"))
        until(lambda: bool(bench.events))
        assert not watch.ready
        loaded.set()
        until(lambda: watch.ready)
        feed.put(SourceEvent(0.0, 1000.0, "seeing", "frames"), picture(0))
        feed.finish()
        watch.join(PATIENCE_S)
    assert [event.state for event in bench.events] == ["connecting", "seeing"]


def test_a_watch_can_be_stopped_while_the_model_loads(bench: Bench) -> None:
    with loading() as (engine, loaded):
        bench.engine = engine
        watch, feed = bench.watch()
        feed.put(picture(0))
        watch.stop()
        assert watch.join(2 * LAST_WAIT_S)
        assert not watch.ready
        loaded.set()


def test_what_is_not_on_the_disk_is_pending(bench: Bench) -> None:
    watch, feed = bench.watch()
    feed.put(*(picture(t) for t in range(3)))
    feed.finish()
    assert watch.join(PATIENCE_S)
    with loading() as (engine, loaded):
        bench.engine, bench.wall_s = engine, bench.wall_s + 10
        watch, feed = bench.watch()
        before = watch.status().counters
        first = feed.first_tick
        assert (before.seen, before.gapped, before.pending) == (3, 0, first - 3)  # nobody watched
        feed.put(*(picture(first + t) for t in (0, 1, 3)))
        feed.put(Gap(float(first + 4), float(first + 6), "no signal"))
        until(lambda: feed.waiting == 0)
        now = watch.status().counters
        assert (now.seen, now.gapped, now.pending) == (3, 0, before.pending + 6)
        assert now.expected == before.expected + 6
        watch.stop()
        assert watch.join(2 * LAST_WAIT_S)
        assert watch.status().counters == now  # and nobody will ever put it there
        loaded.set()


def test_a_frame_is_pending_until_its_commit(bench: Bench) -> None:
    bench.settings = Settings(commit_s=3600.0)
    watch, feed = bench.watch()
    feed.put(picture(0))
    until(lambda: watch.remembered)
    feed.put(picture(1), Gap(2.0, 3.0, "no signal"), picture(4))
    until(lambda: watch.status().waiting_frames == 2)
    counters = watch.status().counters
    assert (counters.seen, counters.gapped, counters.covered, counters.pending) == (1, 0, 0, 4)
    assert watch.flush(PATIENCE_S)
    counters = watch.status().counters
    assert (counters.seen, counters.gapped, counters.covered, counters.pending) == (3, 1, 1, 0)
    watch.stop()
    assert watch.join(PATIENCE_S)
    with bench.snapshot() as seen:
        assert seen.counters() == watch.status().counters


def test_a_model_that_cannot_be_loaded_ends_the_watch_and_says_why(bench: Bench) -> None:
    def load() -> TinyModel:
        raise RuntimeError("weights are gone")

    with Engine(load) as engine:
        bench.engine = engine
        watch, _ = bench.watch()
        with pytest.raises(ModelLoadError, match="weights are gone"):
            watch.join(PATIENCE_S)
    assert watch.failure is not None


def test_a_question_waits_for_what_is_there_and_not_for_the_next_frame(bench: Bench) -> None:
    watch, feed = bench.watch()
    until(lambda: watch.ready)
    patience: list[float] = []
    take = feed.next_item

    def noted(timeout_s: float):
        patience.append(timeout_s)
        return take(timeout_s)

    feed.next_item = noted  # type: ignore[method-assign]
    assert watch.flush(PATIENCE_S)
    watch.stop()
    assert watch.join(PATIENCE_S)
    # The wait that the question came into may go on; the one behind it is none.
    assert 0.0 in patience
