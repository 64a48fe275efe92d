from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memory.errors import RangeError, RecordingBusyError, RecordingNotFoundError
from memory.lock import LOCK_NAME, LONGEST_SOCKET_BYTES, IngestLock, ingester_of, socket_of

HOLD = """
import sys
from pathlib import Path
from memory.lock import IngestLock
lock = IngestLock(Path(sys.argv[1]))
lock.publish(sys.argv[2] if len(sys.argv) > 2 else None)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_given_back(tmp_path: Path) -> None:
    assert ingester_of(tmp_path) is None
    lock = IngestLock(tmp_path, address="here")
    holder = ingester_of(tmp_path)
    assert holder is not None
    assert (holder.pid, holder.address) == (os.getpid(), "here")
    lock.close()
    lock.close()
    assert ingester_of(tmp_path) is None


def test_another_process_is_named_and_its_death_frees_the_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        holder = ingester_of(tmp_path)
        assert holder is not None
        assert holder.pid == child.pid
        with pytest.raises(RecordingBusyError, match=f"by process {child.pid}; wait") as caught:
            IngestLock(tmp_path)
        assert caught.value.pid == child.pid
        child.kill()
        child.wait()
    assert ingester_of(tmp_path) is None
    IngestLock(tmp_path).close()


def test_an_unreadable_note_still_tells_that_somebody_ingests(tmp_path: Path) -> None:
    lock = IngestLock(tmp_path)
    (tmp_path / LOCK_NAME).write_text("{")
    holder = ingester_of(tmp_path)
    assert holder is not None
    assert holder.pid is None
    lock.close()


def test_a_missing_folder_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(RecordingNotFoundError):
        IngestLock(tmp_path / "none")


def test_the_holders_socket_is_found_until_it_dies(tmp_path: Path) -> None:
    socket = f"{tmp_path}/\udcffs"  # bytes that are no UTF-8
    assert socket_of(tmp_path) is None
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), socket],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert socket_of(tmp_path) == Path(socket)
        child.kill()
        child.wait()
    # its note is still there
    assert "udcff" in (tmp_path / LOCK_NAME).read_text()
    assert socket_of(tmp_path) is None


def test_a_socket_is_published_and_taken_back(tmp_path: Path) -> None:
    lock = IngestLock(tmp_path)
    assert socket_of(tmp_path) is None
    for path in ("/run/user/1000/a-longer-name.sock", "/run/s", None):
        lock.publish(path)
        assert socket_of(tmp_path) == (path and Path(path))
        holder = ingester_of(tmp_path)
        assert holder is not None
        assert holder.pid == os.getpid()
    lock.publish("x" * LONGEST_SOCKET_BYTES)
    with pytest.raises(RangeError, match="socket path has 108 bytes, the system takes 107"):
        lock.publish("x" * (LONGEST_SOCKET_BYTES + 1))
    lock.close()
