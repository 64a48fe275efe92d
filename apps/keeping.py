"""What a live recording may take of the disk where nobody says it."""

from __future__ import annotations

import shutil
from pathlib import Path

MOST_BYTES = 50 * 10**9
FREE_SHARE = 0.25


def default_keep_bytes(folder: Path) -> int:
    """50 GB, or a quarter of what is free where ``folder`` will be, if that is less."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return max(1, min(MOST_BYTES, int(FREE_SHARE * shutil.disk_usage(folder).free)))
