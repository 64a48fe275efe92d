from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memory.errors import RecordingBusyError, RecordingNotFoundError
from memory.lock import LOCK_NAME, IngestLock, ingester_of

HOLD = """
import sys
from pathlib import Path
from memory.lock import IngestLock
lock = IngestLock(Path(sys.argv[1]))
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
