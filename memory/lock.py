"""The right to ingest into one recording: an OS lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from memory.database import translated
from memory.errors import RangeError, RecordingBusyError

LOCK_NAME = "ingest.lock"
LONGEST_SOCKET_BYTES = 107
"""What the system takes as the path of a socket."""
_NOTE_BYTES = 1024
_PROBE_TRIES = 5
_PROBE_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Ingester:
    """Who ingests: its process, and where it listens, if it does."""

    pid: int | None
    address: str | None = None


class IngestLock:
    """Held from construction until ``close``. Raises RecordingBusyError naming the holder's pid."""

    def __init__(self, folder: Path, *, address: str | None = None) -> None:
        path = folder / LOCK_NAME
        with translated(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not self._acquire():
            holder = _read_holder(self._file)
            os.close(self._file)
            raise RecordingBusyError(
                f"{folder.name[:12]} is being ingested by process {holder.pid}; wait or attach",
                pid=holder.pid,
            )
        self._path = path
        try:
            self.publish(address)
        except BaseException:
            self.close()
            raise

    def publish(self, address: str | None) -> None:
        """Tell where the holder listens. Raises RangeError where no socket can be."""
        if address is not None and len(os.fsencode(address)) > LONGEST_SOCKET_BYTES:
            raise RangeError(
                f"socket path has {len(os.fsencode(address))} bytes, the system takes "
                f"{LONGEST_SOCKET_BYTES}; choose a shorter folder"
            )
        note = json.dumps({"pid": os.getpid(), "address": address}).encode()
        with translated(self._path):
            # in one piece and always as long: whoever reads meanwhile sees this note or the last
            os.pwrite(self._file, note.ljust(_NOTE_BYTES), 0)
            os.ftruncate(self._file, _NOTE_BYTES)

    def _acquire(self) -> bool:
        """Take the lock; a look by ``ingester_of`` holds it for microseconds, so try again."""
        for attempt in range(_PROBE_TRIES):
            if attempt:
                time.sleep(_PROBE_PAUSE_S)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return True
        return False

    def close(self) -> None:
        """Give the right back; doing it twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def ingester_of(folder: Path) -> Ingester | None:
    """Return who ingests into the recording in ``folder`` at this moment, or None."""
    try:
        file = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # nobody ever ingested here, or we may not know
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(file)
    finally:
        os.close(file)
    return None


def socket_of(folder: Path) -> Path | None:
    """Return where the process listens that ingests at this moment, if it does both."""
    holder = ingester_of(folder)
    return Path(holder.address) if holder is not None and holder.address else None


def _read_holder(file: int) -> Ingester:
    """What the holder wrote; it may not have written yet."""
    try:
        note = json.loads(os.pread(file, 4096, 0))
    except ValueError:
        return Ingester(pid=None)
    return Ingester(pid=note.get("pid"), address=note.get("address"))
