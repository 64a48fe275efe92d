"""One recording: a folder with one database, which many may read and one may fill."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from memory.database import DATABASE_NAME, open_reading, open_writing, transaction, translated
from memory.errors import RangeError
from memory.identified import read_info, require_model
from memory.lock import Ingester, IngestLock, ingester_of, socket_of
from memory.reencoder import Reencoder
from memory.rows import ModelIdentity
from memory.schema import migrate
from memory.snapshot import Snapshot
from memory.writer import Writer

MOST_WISHES = 64
"""Of the ranges that readers want first, the newest so many are kept."""


class Recording:
    """A recording's folder. Holds no file open; ``snapshot``, ``writer`` and ``reencoder`` do.

    ``info`` is as it was when this was made; a snapshot and a writer bring their own. Raises
    RecordingNotFoundError, CorruptRecordingError, SchemaTooNewError or StorageDeniedError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE_NAME
        connection = open_reading(self.path)
        try:
            with translated(self.path):
                self.info = read_info(connection, repr(str(self.path)))
        finally:
            connection.close()

    @property
    def id(self) -> str:
        """The source's identity."""
        return self.info.source.id

    def require_model(self, model: ModelIdentity) -> None:
        """Raise ModelMismatchError unless ``info`` names ``model``."""
        require_model(self.info, model)

    def snapshot(self) -> Snapshot:
        """Open the recording as it is at this moment; close it soon, for it holds the WAL.

        Raises StorageError's leaves and RecordingNotFoundError.
        """
        return Snapshot(self.path)

    def writer(self, model: ModelIdentity, *, address: str | None = None) -> Writer:
        """Take the right to ingest, until the writer is closed.

        ``address``: where the ingesting process listens, for those who attach. Raises
        ModelMismatchError, RecordingBusyError (with the holder's pid), StorageError's leaves.
        """
        self.require_model(model)
        lock, connection = self._lock_and_open(address)
        try:
            with translated(self.path):
                info = read_info(connection, repr(str(self.path)))
            # asked again behind the lock: another process may just have encoded it anew
            require_model(info, model)
        except BaseException:
            connection.close()
            lock.close()
            raise
        return Writer(self.path, info, connection, lock)

    def reencoder(self) -> Reencoder:
        """Take the ingester's right, to replace the stored numbers by another model's.

        Raises StillMissingError, RecordingBusyError (with the holder's pid), StorageError's leaves.
        """
        lock, connection = self._lock_and_open(None)
        return Reencoder(self.path, connection, lock)

    def ingester(self) -> Ingester | None:
        """Return who ingests at this moment, if anybody does."""
        return ingester_of(self.folder)

    def socket_of_holder(self) -> Path | None:
        """Return the local socket of the process that ingests; None if none does, or listens."""
        return socket_of(self.folder)

    def wanted(self, start_s: float, end_s: float) -> None:
        """Ask the ingester to look at [start_s, end_s) before the rest.

        Raises RangeError, and StorageError's leaves.
        """
        if not start_s < end_s:
            raise RangeError(f"range {start_s:g} to {end_s:g} s is empty; end it after its start")
        connection = open_writing(self.path)
        try:
            with transaction(connection, self.path):
                connection.execute("INSERT INTO wanted VALUES (?, ?)", (start_s, end_s))
                connection.execute(
                    "DELETE FROM wanted WHERE rowid NOT IN"
                    " (SELECT rowid FROM wanted ORDER BY rowid DESC LIMIT ?)",
                    (MOST_WISHES,),
                )
        finally:
            connection.close()

    def _lock_and_open(self, address: str | None) -> tuple[IngestLock, sqlite3.Connection]:
        """The lock first: whoever holds it may bring the database up to this version."""
        lock = IngestLock(self.folder, address=address)
        try:
            connection = open_writing(self.path)
            try:
                with translated(self.path):
                    migrate(connection, repr(str(self.path)))
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.close()
            raise
        return lock, connection
