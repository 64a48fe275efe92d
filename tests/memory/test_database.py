"""What a full disk, a read-only folder and damaged or foreign files do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from memory import (
    CorruptRecordingError,
    DiskFullError,
    Home,
    ModelIdentity,
    Recording,
    RecordingBusyError,
    Source,
    StorageDeniedError,
    TickSpan,
)
from memory.database import open_reading, open_writing, transaction, translated
from tests.memory.frames import batch_of

ROOT = str(Path(__file__).parents[2])


def test_a_commit_waits_for_the_disk(recording: Recording) -> None:
    connection = open_writing(recording.path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()


def test_a_reading_connection_cannot_write(recording: Recording) -> None:
    connection = open_reading(recording.path)
    with pytest.raises(StorageDeniedError), translated(recording.path):
        connection.execute("INSERT INTO wanted VALUES (1, 2)")
    connection.close()


def test_a_page_limit_refuses_the_commit_and_keeps_what_was(
    recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 10))
        # SQLite's own limit gives the same error as a full disk, on any machine
        connection = writer._connection
        connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(DiskFullError, match="free some and go on") as caught:
            writer.commit(batch_of(10, 200))
        assert "\n" not in str(caught.value)
        assert writer.settled() == [TickSpan(0, 10)]
        connection.execute("PRAGMA max_page_count = 1000000")
        writer.commit(batch_of(10, 200))
    with recording.snapshot() as now:
        assert now.frame_count() == 200


def test_a_full_disk_loses_nothing_that_was_acknowledged(
    small_disk: Path, model: ModelIdentity, film: Source
) -> None:
    recording = Home(small_disk / "home").create(film, model, created_wall_s=0.0)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    acknowledged = 0
    with recording.writer(model) as writer:
        while acknowledged < 64_000:
            try:
                writer.commit(batch_of(acknowledged, acknowledged + 64))
            except DiskFullError:
                break
            acknowledged += 64
    assert 0 < acknowledged < 64_000
    with recording.snapshot() as now:
        assert now.settled() == [TickSpan(0, acknowledged)]
        digest = now.digest()
    ballast.unlink()
    with recording.writer(model) as writer:
        writer.commit(batch_of(acknowledged, acknowledged + 64))
    with recording.snapshot() as now:
        assert now.frame_count() == acknowledged + 64
        assert now.digest() != digest


def test_no_room_to_create_is_one_line_and_leaves_nothing(
    small_disk: Path, model: ModelIdentity, film: Source
) -> None:
    home = Home(small_disk / "home")
    (small_disk / "ballast").write_bytes(bytes((1 << 20) - 16_384))
    with pytest.raises(DiskFullError):
        home.create(film, model, created_wall_s=0.0)
    assert home.list() == ()


READ_ONLY = """
import os, sys
from memory import Home, ModelIdentity, TokenMemoryError
from tests.memory.frames import GEOMETRY
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anything
home = Home(sys.argv[1])
model = ModelIdentity("f00d" * 16, GEOMETRY)
print([s.frames for s in home.list()])
recording = home.open("film.mp4")
with recording.snapshot() as now:
    print(now.frame_count(), now.settled()[0].end_tick)
for refused in (lambda: recording.writer(model), lambda: recording.wanted(0, 1),
                lambda: home.remove(recording.id)):
    try:
        refused()
    except TokenMemoryError as error:
        print(type(error).__name__)
"""


def test_a_read_only_home_can_be_read_and_says_that_it_cannot_be_written(
    home: Home, recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 7))
    folders = [home.path.parent, home.path, recording.folder]
    files = [path for path in recording.folder.iterdir() if path.is_file()]
    for path in files:
        path.chmod(0o444)
    for folder in folders:
        folder.chmod(0o555)
    try:
        result = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(home.path)],
            env={**os.environ, "PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert result.stdout.splitlines() == ["[7]", "7 7", *["StorageDeniedError"] * 3], result.stderr


@pytest.mark.parametrize("content", [b"", b"not a database " * 1000, b"SQLite format 3\0" * 100])
def test_what_is_no_database_is_refused(recording: Recording, content: bytes) -> None:
    recording.path.write_bytes(content)
    with pytest.raises(CorruptRecordingError) as caught:
        Recording(recording.folder)
    assert "\n" not in str(caught.value)


def test_a_foreign_database_is_refused(recording: Recording) -> None:
    recording.path.unlink()
    other = sqlite3.connect(recording.path)
    other.execute("CREATE TABLE recording (one)")
    other.commit()
    other.close()
    with pytest.raises(CorruptRecordingError, match="is not a recording of streamvid"):
        Recording(recording.folder)


def test_damage_inside_is_told_where_it_is_met(recording: Recording, model: ModelIdentity) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 640))
    content = bytearray(recording.path.read_bytes())
    middle = slice(len(content) // 2, len(content) - 8192)
    content[middle] = b"\xff" * len(content[middle])
    recording.path.write_bytes(content)
    damaged = Recording(recording.folder)
    with pytest.raises(CorruptRecordingError, match="remove it, ingest anew"):
        damaged.snapshot().digest()


def test_a_write_that_another_process_blocks_is_refused_in_one_line(
    recording: Recording,
) -> None:
    holder = open_writing(recording.path)
    waiting = open_writing(recording.path)
    waiting.execute("PRAGMA busy_timeout = 0")
    with (
        transaction(holder, recording.path),
        pytest.raises(RecordingBusyError, match="try again"),
        transaction(waiting, recording.path),
    ):
        pass
    holder.close()
    waiting.close()


def test_mistakes_in_our_own_sql_keep_their_traceback(recording: Recording) -> None:
    connection = open_reading(recording.path)
    with pytest.raises(sqlite3.OperationalError), translated(recording.path):
        connection.execute("SELECT nonsense FROM recording")
    connection.close()


def test_a_broken_transaction_is_undone(recording: Recording) -> None:
    connection = open_writing(recording.path)

    def break_off() -> None:
        with transaction(connection, recording.path):
            connection.execute("INSERT INTO wanted VALUES (1, 2)")
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert connection.execute("SELECT * FROM wanted").fetchall() == []
    connection.close()
