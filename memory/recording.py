"""One recording: a folder with one database, which many may read and one may fill."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from memory.database import DATABASE_NAME, open_reading, open_writing, transaction, translated
from memory.errors import ModelMismatchError, RangeError
from memory.lock import Ingester, IngestLock, ingester_of
from memory.rows import Geometry, ModelIdentity, RecordingInfo, Source
from memory.schema import check_version, migrate
from memory.snapshot import Snapshot
from memory.writer import Writer

MOST_WISHES = 64
"""Of the ranges that readers want first, the newest so many are kept."""


class Recording:
    """A recording's folder. Holds no file open; ``snapshot`` and ``writer`` do.

    Raises RecordingNotFoundError, CorruptRecordingError, SchemaTooNewError or StorageDeniedError.
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
        """Raise ModelMismatchError unless the stored numbers are ``model``'s."""
        stored = self.info.model
        if stored == model:
            return
        name = self.info.source.name
        raise ModelMismatchError(
            f"{name!r} is remembered by model {stored.fingerprint[:12]}, not by "
            f"{model.fingerprint[:12]}; run: streamvid reencode {name!r}"
        )

    def snapshot(self) -> Snapshot:
        """Open the recording as it is at this moment; close it soon, for it holds the WAL.

        Raises StorageError's leaves and RecordingNotFoundError.
        """
        return Snapshot(self.path, self.info.model.geometry)

    def writer(self, model: ModelIdentity, *, address: str | None = None) -> Writer:
        """Take the right to ingest, until the writer is closed.

        ``address``: where the ingesting process listens, for those who attach. Raises
        ModelMismatchError, RecordingBusyError (with the holder's pid), StorageError's leaves.
        """
        self.require_model(model)
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
        return Writer(self.path, self.info, connection, lock)

    def ingester(self) -> Ingester | None:
        """Return who ingests at this moment, if anybody does."""
        return ingester_of(self.folder)

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


def read_info(connection: sqlite3.Connection, where: str) -> RecordingInfo:
    """Return what the database on ``connection`` is of; ``where`` names it in errors."""
    version = check_version(connection, where)
    (id_, kind, name, path, size_bytes, replaces, created_wall_s, complete) = connection.execute(
        "SELECT id, kind, name, path, size_bytes, replaces, created_wall_s, complete FROM recording"
    ).fetchone()
    fingerprint, width, tokens_per_frame, embedding_width, prefix_tokens, keeps = (
        connection.execute(
            "SELECT fingerprint, width, tokens_per_frame, embedding_width, prefix_tokens,"
            " keeps_fused_prefix FROM model ORDER BY generation DESC LIMIT 1"
        ).fetchone()
    )
    geometry = Geometry(
        width, tokens_per_frame, embedding_width, prefix_tokens, keeps_fused_prefix=bool(keeps)
    )
    return RecordingInfo(
        source=Source(id_, kind, name, path, size_bytes),
        model=ModelIdentity(fingerprint, geometry),
        created_wall_s=created_wall_s,
        replaces=replaces,
        complete=bool(complete),
        schema_version=version,
    )
