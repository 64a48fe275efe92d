"""Opening a recording's SQLite file, and SQLite's complaints in our words."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from memory.errors import (
    CorruptRecordingError,
    DiskFullError,
    RecordingBusyError,
    RecordingNotFoundError,
    StorageDeniedError,
    StorageError,
    TokenMemoryError,
)

DATABASE_NAME = "memory.db"
BUSY_TIMEOUT_S = 10.0
"""How long a write waits for another process's transaction; ours are a few milliseconds."""
PAGE_BYTES = 8192
"""Stills and prefixes are tens of kilobytes: larger pages mean shorter overflow chains."""
WAL_KEPT_BYTES = 64 << 20
"""A WAL that a slow reader made grow is cut back to this once it is written home."""
NO_ROOM_BYTES = 1 << 20
"""With less free space than this an I/O error is taken for a full disk."""

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_DENIED = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


def create_database(path: Path, *, shrinks: bool = False) -> sqlite3.Connection:
    """Make a new, empty database in WAL mode at ``path`` and return a writing connection.

    ``shrinks``: pages that become free can be given back to the disk.
    """
    with translated(path):
        connection = _connect(path, "rwc")
        with _closed_on_error(connection):
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            if shrinks:  # costs a page of pointers for each 1,638, and can't be chosen later
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            _set_durable(connection)
    return connection


def open_writing(path: Path) -> sqlite3.Connection:
    """Open an existing database for writing, durable at each commit."""
    with translated(path):
        connection = _connect(path, "rw")
        with _closed_on_error(connection):
            _set_durable(connection)
            _touch_header(connection)
    return connection


def open_reading(path: Path) -> sqlite3.Connection:
    """Open an existing database so that nothing can be written through it.

    In a folder that may not be written SQLite cannot share a WAL. Where none is left over, the file
    is whole and is opened as unchanging.
    """
    with translated(path):
        lone = not os.access(path.parent, os.W_OK) and not _wal(path).exists()
        connection = _connect(path, "ro", immutable=lone)
        with _closed_on_error(connection):
            connection.execute("PRAGMA query_only = 1")
            _touch_header(connection)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All that happens inside is committed and on the disk at the end, or nothing is."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # SQLite itself rolls back on some errors (a full disk among them)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors about ``path`` into memory's."""
    try:
        yield
    except sqlite3.Error as error:
        ours = _in_our_words(error, path)
        if ours is None:
            raise  # a mistake in our SQL: keep its traceback
        raise ours from error
    except TokenMemoryError:
        raise
    except OSError as error:
        raise _os_error_in_our_words(error, path) from error


def _os_error_in_our_words(error: OSError, path: Path) -> TokenMemoryError:
    """Return memory's error for what the file system said about ``path``."""
    match error:
        case FileNotFoundError():
            return RecordingNotFoundError(f"no recording at {str(path)!r}; ingest it first")
        case PermissionError():
            return StorageDeniedError(f"no right to use {str(path)!r}; check its permissions")
        case _ if error.errno in (28, 122):  # ENOSPC, EDQUOT
            return DiskFullError(f"no space left at {str(path)!r}; free some and go on")
        case _:
            reason = (error.strerror or str(error)).lower()
            return StorageError(f"cannot use {str(path)!r}: {reason}; check the disk")


def _connect(path: Path, mode: str, *, immutable: bool = False) -> sqlite3.Connection:
    file = quote(os.fsencode(path.absolute()))  # a name's bytes need not be UTF-8
    address = f"file:{file}?mode={mode}{'&immutable=1' if immutable else ''}"
    # used from one thread at a time, not always the same one; the library itself is serialised
    return sqlite3.connect(
        address,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _set_durable(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    # some systems' SQLite writes zeros over all that is deleted: retention would double the writing
    connection.execute("PRAGMA secure_delete = OFF")


def _touch_header(connection: sqlite3.Connection) -> None:
    """Read something, so that a file that is no database says so here."""
    connection.execute("PRAGMA schema_version").fetchone()


def _is_full(path: Path) -> bool:
    """Whether too little is left: SQLite calls a WAL index that cannot grow an I/O error."""
    try:
        return shutil.disk_usage(path.parent).free < NO_ROOM_BYTES
    except OSError:
        return False


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _in_our_words(error: sqlite3.Error, path: Path) -> TokenMemoryError | None:
    code = getattr(error, "sqlite_errorcode", None)
    where = repr(str(path))
    if code is None:
        return None
    primary = code & 0xFF  # the higher bits say more than we can answer
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _is_full(path)):
        return DiskFullError(f"no space left for {where}; free some and go on")
    if primary in _CORRUPT:
        return CorruptRecordingError(f"{where} is damaged or no recording; remove it, ingest anew")
    if primary in _DENIED:
        return StorageDeniedError(f"{where} may not be written; check its permissions")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return RecordingBusyError(f"{where} is held by another process; try again")
    if primary == sqlite3.SQLITE_CANTOPEN:
        if not path.exists():
            return RecordingNotFoundError(f"no recording at {where}; ingest it first")
        return StorageDeniedError(f"{where} cannot be opened; check its permissions")
    if primary == sqlite3.SQLITE_ERROR:
        if "no such table" not in str(error):
            return None
        return CorruptRecordingError(f"{where} is not a recording of streamvid; move it away")
    return StorageError(f"cannot use {where}: {str(error).lower()}; check the disk")
