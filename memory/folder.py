"""What a recording's folder takes on the disk, and how much of that is left to its database.

Beside the pages that hold something there are the reserve, the WAL, pages that are free for the
next commits, and small files.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from memory.database import DATABASE_NAME, translated
from memory.reserve import RESERVE_BYTES, WAL_BYTES
from memory.retention import FREE_KEPT_BYTES

_SMALL_BYTES = 64 << 10
"""The WAL's index, the lock and the summary."""
BESIDE_BYTES = RESERVE_BYTES + WAL_BYTES + FREE_KEPT_BYTES + _SMALL_BYTES
"""What a live recording takes while it is watched besides the database's pages in use."""


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files in ``folder``."""
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except OSError:
        return 0


def database_bytes(keep_bytes: int) -> int:
    """Return what a live recording's pages in use may take where its folder has ``keep_bytes``."""
    return max(1, keep_bytes - BESIDE_BYTES)


def watched_bytes(folder: Path) -> int:
    """Return what ``folder`` takes while it is watched without growing; missing: a new one."""
    # a WAL that a killed process left behind has pages that the database is still to get
    files = [folder / DATABASE_NAME, folder / f"{DATABASE_NAME}-wal"]
    return BESIDE_BYTES + sum(file.stat().st_size for file in files if file.exists())


def free_bytes(folder: Path) -> int:
    """Return what is free where ``folder`` is or will be. Raises StorageError's leaves."""
    with translated(folder):
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free
