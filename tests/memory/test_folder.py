"""What a recording's folder takes on the disk, and what of that its database may."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory import (
    BESIDE_BYTES,
    Batch,
    FrameRow,
    Home,
    ModelIdentity,
    Recording,
    Source,
    TickSpan,
    Writer,
    database_bytes,
)
from memory.folder import folder_bytes
from memory.reserve import RESERVE_NAME
from tests.memory.frames import frame_at

STILL_BYTES = 60_000
"""A frame of nano takes as much with its numbers."""


def frame(tick: int) -> FrameRow:
    return dataclasses.replace(frame_at(tick), still=random.Random(tick).randbytes(STILL_BYTES))


def watch(writer: Writer, ticks: range, a_commit: int, keep_bytes: int) -> Iterator[int]:
    """Commit and forget; yield what the folder takes after each."""
    for first in ticks[::a_commit]:
        end = min(first + a_commit, ticks.stop)
        writer.commit(Batch(TickSpan(first, end), tuple(map(frame, range(first, end)))))
        yield writer.folder_bytes()
        writer.drop_oldest(database_bytes(keep_bytes))
        yield writer.folder_bytes()


@pytest.fixture
def camera(home: Home, model: ModelIdentity) -> Recording:
    return home.create(Source("cam", "live", "cam"), model, created_wall_s=0.0)


@pytest.mark.parametrize("a_commit", [5, 32])
def test_a_folder_takes_no_more_than_told_reserve_and_wal_included(
    camera: Recording, model: ModelIdentity, a_commit: int
) -> None:
    keep_bytes = 30_000_000
    with camera.writer(model) as writer:
        taken = list(watch(writer, range(640), a_commit, keep_bytes))
    assert (camera.folder / RESERVE_NAME).exists()
    assert 0.8 * keep_bytes < max(taken) <= keep_bytes


def test_a_folder_that_is_larger_shrinks_to_what_it_may_take(
    camera: Recording, model: ModelIdentity
) -> None:
    with camera.writer(model) as writer:
        *_, before = watch(writer, range(640), 32, 10**9)
        *_, after = watch(writer, range(640, 736), 5, 25_000_000)
    assert before > 40_000_000
    assert after <= 25_000_000


def test_what_is_told_before_a_watch_is_what_it_takes_without_growing(
    home: Home, camera: Recording, model: ModelIdentity
) -> None:
    assert home.watched_bytes("nobody") == BESIDE_BYTES
    with camera.writer(model) as writer:
        tuple(watch(writer, range(320), 32, 10**9))
    keep_bytes = home.watched_bytes("cam")
    assert folder_bytes(camera.folder) < keep_bytes
    with camera.writer(model) as writer:
        assert writer.drop_oldest(database_bytes(keep_bytes)) is None
        kept = list(watch(writer, range(320, 640), 5, keep_bytes))
        assert max(kept) <= keep_bytes
        assert writer.used_bytes() > 200 * STILL_BYTES


def test_free_room_is_told_before_there_is_a_folder(tmp_path: Path) -> None:
    assert Home(tmp_path / "not" / "there").free_bytes() > 0
