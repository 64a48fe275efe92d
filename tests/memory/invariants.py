"""What must hold of a live recording at any moment, whoever was killed."""

from __future__ import annotations

import sqlite3

from memory import Recording, blind_seconds
from memory.database import open_reading

BY_TICK = ("tokens", "embeddings", "prefixes", "stills")


def check_live(recording: Recording) -> int:
    """Assert that ``recording`` holds together; return its settled end."""
    with recording.snapshot() as now:
        live, counters, gaps = now.live(), now.counters(), now.gaps()
        (span,) = now.settled()
        assert span.first_tick == 0
        assert counters.balanced
        assert (counters.expected, counters.pending) == (span.end_tick, 0)
        ticks = now.frames().ticks.tolist()
        # what was seen stays seen
        assert counters.seen == len(ticks) + live.forgotten_frames
        assert live.first_kept_tick % 64 == 0
        assert all(live.first_kept_tick <= tick < span.end_tick for tick in ticks)
        assert all(
            gap.start_s >= live.first_kept_tick for gap in gaps[bool(live.first_kept_tick) :]
        )
        assert sum(s.frames for s in now.segments()) == len(ticks)
        assert now.prefix_sum().edge_ticks == ()
        coverage = now.coverage()
        blind_s = sum(blind_seconds(gaps).values())
        assert coverage.seen_s + blind_s == coverage.length_s == span.end_tick
        assert coverage.pending == ()
    check_tables(open_reading(recording.path), ticks)
    return span.end_tick


def check_tables(connection: sqlite3.Connection, ticks: list[int]) -> None:
    """Each frame has all its numbers, and no number is without its frame."""
    for table in BY_TICK:
        rows = connection.execute(f"SELECT tick FROM {table} ORDER BY tick").fetchall()
        assert [tick for (tick,) in rows] == ticks, table
    connection.close()
