"""What a database holds of a live recording besides its frames: anchors, runs, what was forgotten.

A database of version 1, opened for reading alone, has none of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import fields

from memory.rows import Anchor, Counters, EventRow, LiveState, RecordingInfo
from memory.schema import LIVE_VERSION

MOST_EVENTS = 4096
"""The newest so many events are kept: a camera that flaps for weeks must not fill the disk."""
MOST_ANCHORS = 4096
"""The newest so many anchors are kept, and the first."""
MOST_DETAIL_CHARACTERS = 500
RETENTION = "dropped by retention"
"""Reason of the gap, and kind of the event, that stand for what retention dropped."""


def read_live(connection: sqlite3.Connection, version: int) -> LiveState:
    """Return what the recording forgot and how often it was watched."""
    if version < LIVE_VERSION:
        return LiveState()
    row = connection.execute(
        "SELECT runs, first_kept_tick, forgotten_frames, forgotten_wall_s, forgotten_events"
        " FROM live"
    ).fetchone()
    return LiveState(*row)


def read_anchors(connection: sqlite3.Connection, version: int) -> tuple[Anchor, ...]:
    """Return the anchors, in order."""
    if version < LIVE_VERSION:
        return ()
    rows = connection.execute("SELECT t_s, wall_s, run FROM anchors ORDER BY t_s")
    return tuple(Anchor(t_s, wall_s, bool(run)) for t_s, wall_s, run in rows)


def read_counters(connection: sqlite3.Connection) -> Counters:
    """Return the totals as of the last commit that gave any."""
    stored = dict(connection.execute("SELECT name, value FROM counters").fetchall())
    return Counters(**{f.name: stored.get(f.name, 0) for f in fields(Counters)})


def first_anchor(connection: sqlite3.Connection, info: RecordingInfo) -> Anchor:
    """Return the beginning's anchor where none was given: by the newest frame's wall time, or the
    recording's creation."""
    newest = connection.execute(
        "SELECT t_s, wall_s FROM frames WHERE wall_s IS NOT NULL ORDER BY tick DESC LIMIT 1"
    ).fetchone()
    t_s, wall_s = newest or (0.0, info.created_wall_s)
    return Anchor(0.0, wall_s - t_s, run=True)


def retention_event(state: LiveState) -> list[EventRow]:
    """Return the one event that tells what retention dropped so far, if it dropped anything."""
    if state.first_kept_tick == 0:
        return []
    detail = f"{state.forgotten_frames} frames before this time"
    return [EventRow(float(state.first_kept_tick), RETENTION, detail, state.forgotten_wall_s)]


def store_anchors(connection: sqlite3.Connection, anchors: Iterable[Anchor]) -> None:
    """Add ``anchors``, of one time the last, and forget the oldest of too many."""
    for anchor in anchors:
        connection.execute(
            "INSERT OR REPLACE INTO anchors VALUES (?, ?, ?)",
            (anchor.t_s, anchor.wall_s, anchor.run),
        )
        connection.execute("UPDATE live SET runs = runs + ?", (anchor.run,))
        connection.execute(
            "DELETE FROM anchors WHERE t_s = (SELECT t_s FROM anchors ORDER BY t_s LIMIT 1"
            " OFFSET 1) AND (SELECT count(*) FROM anchors) > ?",
            (MOST_ANCHORS,),
        )


def store_events(connection: sqlite3.Connection, events: Iterable[EventRow]) -> None:
    """Add ``events``, and forget the oldest of too many, counted."""
    rows = [(e.t_s, e.kind, e.detail[:MOST_DETAIL_CHARACTERS], e.wall_s) for e in events]
    if not rows:
        return
    connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
    # row ids grow with each insertion, without holes among those that are kept
    gone = connection.execute(
        "DELETE FROM events WHERE rowid <= (SELECT max(rowid) FROM events) - ?", (MOST_EVENTS,)
    )
    if gone.rowcount:
        connection.execute(
            "UPDATE live SET forgotten_events = forgotten_events + ?", (gone.rowcount,)
        )
