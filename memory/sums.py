"""A database's block sums: each frame's fused prefix is added to its segment's.

Floating-point sums depend on their order; adding frame by frame gives the same bits however the
block was cut into commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from memory.blocks import block_of, cuts_before
from memory.rows import FloatArray, FrameRow, GapRow, Segment, TickSpan


def store_sums(
    connection: sqlite3.Connection, frames: Sequence[FrameRow], prefix_shape: tuple[int, int]
) -> None:
    """Add ``frames``, in order of tick, to the sums of their segments; the gaps are stored."""
    if not frames:
        return
    near = connection.execute(
        "SELECT start_s, end_s, reason FROM gaps WHERE end_s > ? AND start_s < ?",
        (block_of(frames[0].tick).first_tick, frames[-1].t_s),
    )
    gaps = [GapRow(*row) for row in near]
    segment: Segment | None = None
    total: FloatArray = np.empty(0, np.float32)
    for frame in frames:
        block = block_of(frame.tick)
        if segment is None or segment.last_tick < block.first_tick:
            if segment is not None:
                _store(connection, segment, total)
            segment, total = _open(connection, block, prefix_shape)
        if segment is not None and _cut(segment, frame, gaps):
            _store(connection, segment, total)
            segment = None
        if segment is None:
            segment = Segment(frame.tick, frame.tick, frame.t_s, frame.t_s, 0)
            total = np.zeros(prefix_shape, np.float32)
        total += frame.fused_prefix
        segment = Segment(
            segment.first_tick, frame.tick, segment.first_t_s, frame.t_s, segment.frames + 1
        )
    if segment is not None:
        _store(connection, segment, total)


def _open(
    connection: sqlite3.Connection, block: TickSpan, prefix_shape: tuple[int, int]
) -> tuple[Segment | None, FloatArray]:
    """Return the block's last segment as stored, with its sum, writable."""
    row = connection.execute(
        "SELECT first_tick, last_tick, first_t_s, last_t_s, frames, total FROM segments"
        " WHERE first_tick >= ? AND first_tick < ? ORDER BY first_tick DESC LIMIT 1",
        (block.first_tick, block.end_tick),
    ).fetchone()
    if row is None:
        return None, np.empty(0, np.float32)
    *fields, blob = row
    return Segment(*fields), np.frombuffer(blob, np.float32).reshape(prefix_shape).copy()


def _store(connection: sqlite3.Connection, segment: Segment, total: FloatArray) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?)",
        (
            segment.first_tick,
            segment.last_tick,
            segment.first_t_s,
            segment.last_t_s,
            segment.frames,
            total.tobytes(),
        ),
    )


def _cut(segment: Segment, frame: FrameRow, gaps: Sequence[GapRow]) -> bool:
    """Whether a gap lies between the segment's last frame and ``frame``."""
    return bool(cuts_before(np.array([frame.t_s]), gaps, previous_t_s=segment.last_t_s)[0])
