"""Forgetting the oldest blocks of a live recording, so that it takes no more than it may.

What is measured is the pages in use. Those that become free are used again first, so the file stays
as large as it once was; what it is larger by than it may is given back to the disk.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from memory.blocks import block_of
from memory.rows import TickSpan
from memory.schema import NUMBERS

MOST_BLOCKS = 16
"""Blocks dropped in one transaction: some 20 MB of stills and numbers, so that a commit waits for
it no longer than for another commit."""
FREE_KEPT_BYTES = 2 << 20
"""The file may be larger by this than what is kept: room for the next commits."""
GIVEN_BACK_PAGES = 1024
"""Pages cut off the file's end in one call."""
_CUT_PAGES = 128
"""And in one transaction, whose WAL must not outgrow what a live recording's may take."""

_BY_TICK = ("frames", "tokens", "embeddings", "prefixes", "stills", "previews")


@dataclass(frozen=True, slots=True)
class Dropped:
    """What one call dropped: ``frames`` of the ticks ``span``; ``freed_bytes`` for other frames.

    ``again``: more has to go; call once more.
    """

    span: TickSpan
    frames: int
    freed_bytes: int
    again: bool


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return the bytes of the pages in use: two numbers of the file's first page."""
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(page_bytes * (pages - free))


def next_floor(oldest_tick: int | None, floor_tick: int, end_tick: int) -> int | None:
    """Return the tick up to which to forget next, or None if only the newest block is left.

    ``oldest_tick``: of the oldest frame, None without frames. The newest block, which may be open,
    always stays.
    """
    newest_tick = block_of(max(end_tick - 1, 0)).first_tick
    next_tick = newest_tick if oldest_tick is None else block_of(oldest_tick).end_tick
    next_tick = min(next_tick, newest_tick)
    return next_tick if next_tick > floor_tick else None


def drop_blocks(
    connection: sqlite3.Connection,
    keep_bytes: int,
    end_tick: int,
    *,
    now_wall_s: float | None,
    most_blocks: int,
) -> Dropped | None:
    """Drop blocks, oldest first, until what is left fits; the caller holds the transaction."""
    (start_tick,) = connection.execute("SELECT first_kept_tick FROM live").fetchone()
    floor_tick, frames, before_bytes = start_tick, 0, used_bytes(connection)
    held_bytes = before_bytes
    next_tick = _next(connection, floor_tick, end_tick)
    for _ in range(most_blocks):
        if held_bytes <= keep_bytes or next_tick is None:
            break
        frames += _forget_before(connection, next_tick)
        held_bytes = used_bytes(connection)
        floor_tick = next_tick
        next_tick = _next(connection, floor_tick, end_tick)
    if floor_tick == start_tick:
        return None
    connection.execute(
        "UPDATE live SET first_kept_tick = ?, forgotten_frames = forgotten_frames + ?,"
        " forgotten_wall_s = ?",
        (floor_tick, frames, now_wall_s),
    )
    again = held_bytes > keep_bytes and next_tick is not None
    return Dropped(TickSpan(start_tick, floor_tick), frames, before_bytes - held_bytes, again)


def give_back(connection: sqlite3.Connection, keep_bytes: int) -> None:
    """Return free pages to the disk, as far as the file is larger than it may be; some a call."""
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    # a file no larger than it may get needs no cutting: the next frames fill it again
    excess = (page_bytes * pages - keep_bytes - FREE_KEPT_BYTES) // page_bytes
    cut = min(excess, free, GIVEN_BACK_PAGES)
    if cut <= 0:
        return
    for done in range(0, cut, _CUT_PAGES):
        # execute would take one step, which is one page
        connection.executescript(f"PRAGMA incremental_vacuum({min(cut - done, _CUT_PAGES)});")
    # the file itself gets shorter when the WAL is folded in
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _next(connection: sqlite3.Connection, floor_tick: int, end_tick: int) -> int | None:
    (oldest_tick,) = connection.execute("SELECT min(tick) FROM frames").fetchone()
    return next_floor(oldest_tick, floor_tick, end_tick)


def _forget_before(connection: sqlite3.Connection, tick: int) -> int:
    """Delete all that lies before ``tick``, a block's first; return how many frames that were."""
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    frames = connection.execute("DELETE FROM frames WHERE tick < ?", (tick,)).rowcount
    for table in _BY_TICK[1:]:
        connection.execute(f"DELETE FROM {table} WHERE tick < ?", (tick,))
    connection.execute("DELETE FROM segments WHERE first_tick < ?", (tick,))
    # what an unfinished reencode left of them, so that its next run finds the two alike
    for name in known & {f"next_{table}" for table in (*NUMBERS, "previews")}:
        column = "first_tick" if name == "next_segments" else "tick"
        connection.execute(f"DELETE FROM {name} WHERE {column} < ?", (tick,))
    connection.execute("DELETE FROM gaps WHERE end_s <= ?", (tick,))
    connection.execute("UPDATE gaps SET start_s = ? WHERE start_s < ?", (tick, tick))
    return frames
