"""A recording's database in the hands of the one process that may change it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from memory.lock import IngestLock
from memory.summary import close_keeping_summary


class HeldDatabase:
    """A connection that changes a recording, and the lock that keeps others from it till ``close``.

    For one thread at a time.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: IngestLock) -> None:
        self._path = path
        self._connection = connection
        self._lock = lock
        self._closed = False

    def close(self) -> None:
        """Give back the right to change it; doing it twice is harmless."""
        if self._closed:
            return
        self._closed = True
        try:
            close_keeping_summary(self._connection, self._path)
        finally:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
