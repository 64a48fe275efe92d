"""What a live recording may take of the disk where nobody says it."""

from __future__ import annotations

from streamvid.live import DiskRoom, Keep

LEAST_BYTES = 20_000_000
"""Some 15 MB of it are not frames: the reserve for a full disk, and the database's log."""
MOST_BYTES = 50 * 10**9
FREE_SHARE = 0.25
LEAVE_BYTES = 10**9


def default_keep(room: DiskRoom, *, sources: int = 1) -> Keep:
    """What the recording holds already and its share of a quarter of what is free, 50 GB at most.

    It has as many shares as there are live sources, of which ``sources`` are known beforehand. What
    is held is never cut; and whoever else fills the disk, a GB of it (or half of what is free now)
    is left alone.
    """
    spare_bytes = max(0, room.free_bytes - room.promised_bytes)
    share_bytes = int(FREE_SHARE * spare_bytes) // max(1, sources, room.watched + 1)
    most_bytes = min(MOST_BYTES, room.held_bytes + share_bytes)
    return Keep(
        max(most_bytes, room.held_bytes, LEAST_BYTES),
        leave_bytes=min(LEAVE_BYTES, room.free_bytes // 2),
    )
