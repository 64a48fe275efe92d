"""Oldest blocks go first, whole, and what is left is a recording like any other."""

from __future__ import annotations

import dataclasses
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import (
    RETENTION,
    Anchor,
    Batch,
    Counters,
    DiskFullError,
    FrameRow,
    GapRow,
    Home,
    ModelIdentity,
    RangeError,
    Recording,
    Source,
    TickSpan,
    Writer,
    coverage_text,
)
from memory.retention import FREE_KEPT_BYTES, next_floor
from tests.memory.frames import GEOMETRY, RAM_FOLDER, batch_of, frame_at
from tests.memory.invariants import check_live

STILL_BYTES = 20_000


def big_frame(tick: int) -> FrameRow:
    """As large on the disk as a real one."""
    return dataclasses.replace(frame_at(tick), still=random.Random(tick).randbytes(STILL_BYTES))


def big_batch(first: int, end: int) -> Batch:
    return Batch(TickSpan(first, end), tuple(big_frame(tick) for tick in range(first, end)))


@pytest.fixture
def camera(home: Home, model: ModelIdentity) -> Recording:
    return home.create(Source("cam", "live", "cam"), model, created_wall_s=0.0)


def test_nothing_goes_while_there_is_room(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        writer.commit(batch_of(0, 200))
        assert writer.drop_oldest(writer.used_bytes()) is None
    with camera.snapshot() as now:
        assert now.live().first_kept_tick == 0
        assert now.events() == []


def test_the_oldest_blocks_go_whole_and_going_is_recorded(
    camera: Recording, model: ModelIdentity
) -> None:
    keep_bytes = 3_000_000
    with camera.writer(model) as writer:
        writer.commit(big_batch(0, 64))
        writer.commit(big_batch(64, 256))
        dropped = writer.drop_oldest(keep_bytes, now_wall_s=77.0)
        assert dropped is not None
        assert writer.used_bytes() <= keep_bytes
        assert not dropped.again
    kept = dropped.span.end_tick
    assert (dropped.span.first_tick, kept % 64, dropped.frames) == (0, 0, kept)
    assert 0 < kept < 256
    with camera.snapshot() as now:
        live = now.live()
        assert (live.first_kept_tick, live.forgotten_frames) == (kept, kept)
        assert now.gaps() == [GapRow(0.0, float(kept), RETENTION)]
        (event,) = now.events()
        assert (event.kind, event.t_s, event.wall_s) == (RETENTION, float(kept), 77.0)
        assert now.counters() == Counters(expected=256, seen=256)
        assert now.frames().ticks.tolist() == list(range(kept, 256))
        assert now.prefix_sum().frames == 256 - kept
        assert now.stills([0, kept]) == {kept: big_frame(kept).still}
        wholly = now.coverage(start_s=0, end_s=float(kept))
        assert wholly.wholly_blind
        assert coverage_text(wholly).endswith("dropped by retention")
    check_live(camera)


def test_sums_after_dropping_are_those_of_the_frames_left(
    camera: Recording, model: ModelIdentity
) -> None:
    with camera.writer(model) as writer:
        writer.commit(big_batch(0, 200))
        writer.drop_oldest(2_500_000)
    with camera.snapshot() as now:
        total = now.prefix_sum()
        each = [frame_at(t).fused_prefix for t in now.frames().ticks.tolist()]
        np.testing.assert_allclose(total.total, np.sum(each, axis=0), rtol=1e-4, atol=1e-4)


def test_the_newest_block_stays_however_little_may(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        writer.commit(big_batch(0, 130))
        dropped = writer.drop_oldest(1)
        assert dropped is not None
        assert dropped.span == TickSpan(0, 128)
        assert not dropped.again
        assert writer.drop_oldest(1) is None
        with pytest.raises(RangeError, match="cannot be dropped"):
            writer.drop_oldest(0)


def test_gaps_before_the_floor_go_too(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        gaps = (GapRow(5.0, 10.0, "lost"), GapRow(60.0, 100.0, "lost"))
        frames = tuple(big_frame(t) for t in (*range(5), *range(10, 60), *range(100, 200)))
        writer.commit(Batch(TickSpan(0, 200), frames, gaps))
        writer.drop_oldest(1, most_blocks=1)
    with camera.snapshot() as now:
        assert now.gaps() == [GapRow(0.0, 64.0, RETENTION), GapRow(64.0, 100.0, "lost")]
        assert now.coverage().seen_s == 100
    check_live(camera)


def test_a_long_watch_stays_within_its_bytes(camera: Recording, model: ModelIdentity) -> None:
    keep_bytes = 4_000_000
    with camera.writer(model) as writer:
        for first in range(0, 64 * 20, 32):
            writer.commit(big_batch(first, first + 32))
            writer.drop_oldest(keep_bytes)
            assert writer.used_bytes() <= keep_bytes
    # freed pages are used again: never more than is kept and one commit
    assert camera.path.stat().st_size <= keep_bytes + 40 * STILL_BYTES
    check_live(camera)


def test_much_that_became_free_is_given_back_to_the_disk(
    camera: Recording, model: ModelIdentity
) -> None:
    with camera.writer(model) as writer:
        for first in range(0, 4_096, 64):
            writer.commit(big_batch(first, first + 64))
        full = writer.used_bytes()
        assert full > 2 * FREE_KEPT_BYTES
        for _ in range(40):
            writer.drop_oldest(3_000_000)
    assert camera.path.stat().st_size <= FREE_KEPT_BYTES + 4_000_000
    check_live(camera)


def test_a_reader_keeps_what_it_saw(camera: Recording, model: ModelIdentity) -> None:
    with camera.writer(model) as writer:
        writer.commit(big_batch(0, 200))
        with camera.snapshot() as then:
            writer.drop_oldest(1)
            assert then.frame_count() == 200
            assert then.stills([0]) == {0: big_frame(0).still}
            assert then.gaps() == []


@settings(deadline=None, max_examples=200)
@given(
    oldest=st.none() | st.integers(0, 1_000),
    floor_block=st.integers(0, 20),
    end_tick=st.integers(0, 1_000),
)
def test_the_next_floor_is_a_block_further_and_before_the_newest(
    oldest: int | None, floor_block: int, end_tick: int
) -> None:
    floor = next_floor(oldest, 64 * floor_block, end_tick)
    if floor is not None:
        assert floor % 64 == 0
        assert 64 * floor_block < floor < max(end_tick, 1)


@settings(deadline=None, max_examples=40)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 70), st.booleans(), st.sampled_from([0, 0, 30, 300])),
        min_size=1,
        max_size=10,
    ),
    keep_bytes=st.integers(200_000, 3_000_000),
)
def test_whatever_is_watched_and_dropped_the_recording_holds_together(
    steps: list[tuple[int, bool, int]], keep_bytes: int
) -> None:
    model = ModelIdentity("m", GEOMETRY)
    with tempfile.TemporaryDirectory(dir=RAM_FOLDER) as folder:
        recording = Home(Path(folder)).create(Source("c", "live", "c"), model, created_wall_s=0.0)
        with recording.writer(model) as writer:
            watch(writer, steps, keep_bytes)
        check_live(recording)


def watch(writer: Writer, steps: list[tuple[int, bool, int]], keep_bytes: int) -> None:
    tick = 0
    for ticks, blind, away_s in steps:
        if away_s and tick:
            start = writer.begin_run(float(tick + away_s))
            assert start is not None
            tick = start.first_tick
        if blind:
            gap = GapRow(float(tick), float(tick + ticks), "stalled")
            writer.commit(Batch(TickSpan(tick, tick + ticks), gaps=(gap,)))
        else:
            anchors = () if tick else (Anchor(0.0, 0.0, run=True),)
            writer.commit(dataclasses.replace(big_batch(tick, tick + ticks), anchors=anchors))
        tick += ticks
        writer.drop_oldest(keep_bytes)


def test_a_small_file_may_be_checked_by_sqlite_itself(
    camera: Recording, model: ModelIdentity
) -> None:
    with camera.writer(model) as writer:
        writer.commit(big_batch(0, 500))
        writer.drop_oldest(3_000_000)
        writer.commit(big_batch(500, 700))
    connection = sqlite3.connect(camera.path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize("commit_ticks", [8, 64])
def test_dropping_works_on_a_full_disk_and_makes_room(
    medium_disk: Path, model: ModelIdentity, commit_ticks: int
) -> None:
    source = Source("cam", "live", "cam")
    recording = Home(medium_disk / "home").create(source, model, created_wall_s=0.0)
    with recording.writer(model) as writer:
        tick = fill(writer, commit_ticks)
        assert tick > 128
        check_live(recording)
        # the rest of the disk goes to somebody else
        (medium_disk / "ballast").write_bytes(bytes(shutil.disk_usage(medium_disk).free))
        keep_bytes = writer.used_bytes() // 2
        while (dropped := writer.drop_oldest(keep_bytes)) is not None:
            assert dropped.frames
        check_live(recording)
        for first in range(tick, tick + 64, commit_ticks):
            writer.commit(big_batch(first, first + commit_ticks))
    assert check_live(recording) == tick + 64


def fill(writer: Writer, commit_ticks: int) -> int:
    """Commit until the disk is full; return the settled end."""
    tick = 0
    while True:
        try:
            writer.commit(big_batch(tick, tick + commit_ticks))
        except DiskFullError:
            return tick
        tick += commit_ticks
