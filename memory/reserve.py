"""Room that a live recording holds on the disk, so that it can forget where nothing else is left.

Deleting needs room before it gives any: the pages that change go into the WAL, and the WAL into the
database. The reserve is a file without content, given up for as long as that takes.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

RESERVE_NAME = "reserve"
RESERVE_BYTES = 8 << 20
"""More than the WAL of a live recording, a large commit included, if no reader holds it."""
WAL_PAGES = 256
"""A live recording's WAL is folded in after 2 MiB, so that the reserve can be small."""
WAL_BYTES = 4 << 20
"""What its file is cut back to after a commit that made it larger: 2 MiB, and a commit."""


def take_reserve(folder: Path) -> None:
    """Have the reserve, unless the disk has too little room for it and for going on."""
    path = folder / RESERVE_NAME
    try:
        if path.exists() or shutil.disk_usage(folder).free < 2 * RESERVE_BYTES:
            return
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, RESERVE_BYTES)
        finally:
            os.close(file)
    except OSError:
        give_up_reserve(folder)  # a disk that cannot: the recording works without, till it is full


def give_up_reserve(folder: Path) -> None:
    """Give the reserve's room back to the disk."""
    with suppress(OSError):
        (folder / RESERVE_NAME).unlink(missing_ok=True)
