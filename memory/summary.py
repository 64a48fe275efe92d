"""A recording in one line, kept beside its database so that a list opens no database.

The database stays the only truth: the kept line bears the size and time of the database's files,
and is read anew where they have changed.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import unquote

from memory.database import DATABASE_NAME, open_reading, translated
from memory.errors import StorageError, TokenMemoryError
from memory.folder import folder_bytes
from memory.live_state import read_anchors, read_live
from memory.rows import RecordingSummary
from memory.schema import LIVE_VERSION, check_version
from memory.stored_path import path_of, stored_path

SUMMARY_NAME = "summary.json"
_FORM = 2
"""Counts what a line holds: one kept by an older version is read anew."""


def summarise(folder: Path) -> RecordingSummary:
    """Return the line for the recording in ``folder``; what is wrong with it stands in it.

    Of a broken one, what was kept of it when it was whole.
    """
    try:
        # taken before reading: a commit meanwhile makes the kept line old, not wrong
        stamp = stamp_of(folder)
        kept = _kept_summary(folder)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        connection = open_reading(folder / DATABASE_NAME)
        try:
            with translated(folder / DATABASE_NAME):
                summary = read_summary(connection, folder)
        finally:
            connection.close()
    except TokenMemoryError as error:
        old = _kept_summary(folder)
        if old is not None:
            return replace(old[1], problem=str(error))
        return RecordingSummary(
            id=unquote(folder.name),
            kind="file",
            name="",
            path=None,
            replaces=None,
            fingerprint="",
            created_wall_s=0.0,
            changed_wall_s=0.0,
            frames=0,
            previews=0,
            length_s=0.0,
            complete=False,
            size_bytes=folder_bytes(folder),
            problem=str(error),
        )
    keep_summary(folder, summary, stamp)
    return summary


def read_summary(connection: sqlite3.Connection, folder: Path) -> RecordingSummary:
    """Return the line for the open database of ``folder``."""
    version = check_version(connection, repr(str(folder / DATABASE_NAME)))
    address = "address" if version >= LIVE_VERSION else "NULL"
    row = connection.execute(
        "SELECT id, kind, name, path, replaces, created_wall_s, complete,"
        " (SELECT fingerprint FROM model ORDER BY generation DESC LIMIT 1),"
        " (SELECT count(*) FROM frames), (SELECT count(*) FROM previews),"
        " (SELECT coalesce(sum(end_tick - first_tick), 0) FROM settled),"
        f" {address} FROM recording"
    ).fetchone()
    id_, kind, name, path, replaces, created_wall_s, complete, fingerprint, *counts, address = row
    state, anchors = read_live(connection, version), read_anchors(connection, version)
    newest = connection.execute(
        "SELECT t_s, wall_s FROM frames ORDER BY tick DESC LIMIT 1"
    ).fetchone()
    return RecordingSummary(
        id=id_,
        kind=kind,
        name=name,
        path=path and path_of(path),
        replaces=replaces,
        fingerprint=fingerprint,
        created_wall_s=created_wall_s,
        changed_wall_s=_changed_wall_s(folder),
        frames=counts[0],
        previews=counts[1],
        length_s=float(counts[2]),
        complete=bool(complete),
        size_bytes=folder_bytes(folder),
        address=address,
        runs=state.runs,
        since_wall_s=anchors[0].wall_s if anchors else None,
        first_kept_tick=state.first_kept_tick,
        newest_t_s=newest[0] if newest else None,
        newest_wall_s=newest[1] if newest else None,
    )


def close_keeping_summary(connection: sqlite3.Connection, path: Path) -> None:
    """Close the writing ``connection`` to the database at ``path`` and keep its recording's line.

    For the holder of the lock, who lets it go afterwards.
    """
    try:
        with translated(path):
            summary = read_summary(connection, path.parent)
        connection.close()
        # stamped after closing, which folds the WAL in, and before anybody else may write
        keep_summary(path.parent, summary, stamp_of(path.parent))
    except StorageError:
        pass  # a cache: the next list meets the damage and says so
    finally:
        connection.close()


def keep_summary(folder: Path, summary: RecordingSummary, stamp: list[int]) -> None:
    """Keep ``summary`` of the state ``stamp``; where that cannot be, the next list reads anew."""
    # as in the database: another process may name the same bytes in another encoding
    line = replace(summary, path=summary.path and stored_path(summary.path))
    text = json.dumps({"stamp": stamp, "summary": asdict(line)})
    scratch = folder / f"{SUMMARY_NAME}.{os.getpid()}"
    try:
        scratch.write_text(text)
        scratch.replace(folder / SUMMARY_NAME)
    except OSError:
        scratch.unlink(missing_ok=True)  # a full or read-only disk: only the cache is missing


def _kept_summary(folder: Path) -> tuple[list[int], RecordingSummary] | None:
    """The line that was kept, and the state of the database that it is of."""
    try:
        kept = json.loads((folder / SUMMARY_NAME).read_text())
        line = RecordingSummary(**kept["summary"])
        path = line.path and path_of(line.path)
        return kept["stamp"], replace(line, path=path, size_bytes=folder_bytes(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never written, half written or of another version: read the database


def stamp_of(folder: Path) -> list[int]:
    """The line's form, size and time of the database's files; an empty WAL is as good as none."""
    stamp = [_FORM]
    for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal"):
        try:
            status = (folder / name).stat()
        except OSError:
            stamp += [0, 0]
            continue
        stamp += [status.st_size, status.st_mtime_ns if status.st_size else 0]
    return stamp


def _changed_wall_s(folder: Path) -> float:
    times_s = [
        (folder / name).stat().st_mtime
        for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal")
        if (folder / name).exists()
    ]
    return max(times_s, default=0.0)
