"""Filling a recording: commits of settled frames, previews ahead of them, wishes taken.

A commit is one transaction that is on the disk when it returns. What it may hold is decided by
``memory.admission``; this file only reads, asks and writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from memory.admission import check_batch, check_previews
from memory.blocks import add_span, block_of, cuts_before, join_gaps
from memory.database import transaction, translated
from memory.errors import CommitRefusedError
from memory.held_database import HeldDatabase
from memory.lock import IngestLock
from memory.rows import (
    Batch,
    FloatArray,
    FrameRow,
    GapRow,
    RecordingInfo,
    Segment,
    TickSpan,
    half_bytes,
)


class Writer(HeldDatabase):
    """The one ingester of a recording, until ``close``; made by ``Recording.writer``.

    For one thread at a time.
    """

    def __init__(
        self, path: Path, info: RecordingInfo, connection: sqlite3.Connection, lock: IngestLock
    ) -> None:
        super().__init__(path, connection, lock)
        self.info = info

    def settled(self) -> list[TickSpan]:
        """Return the spans of ticks that are done, in order: where to go on from."""
        with translated(self._path):
            rows = self._connection.execute("SELECT * FROM settled ORDER BY first_tick")
            return [TickSpan(*row) for row in rows]

    def commit(self, batch: Batch) -> None:
        """Store ``batch``, delete the previews in its span, and return once it is on the disk.

        Raises CommitRefusedError (wrong shapes, ticks out of order or settled before, a gap behind
        its frame, counters that do not add up), DiskFullError, StorageDeniedError,
        CorruptRecordingError. After any of them the recording is as it was before the call.
        """
        check_batch(batch, self.info.model.geometry, self.settled())
        with transaction(self._connection, self._path):
            self._store_gaps(batch.gaps)
            self._store_frames(batch.frames)
            self._store_sums(batch.frames)
            self._settle(batch.span)
            self._store_rest(batch)

    def add_previews(self, frames: Iterable[FrameRow]) -> int:
        """Store ``frames`` as previews where their ticks are not settled; return how many were.

        A preview at a tick that has one replaces it. Their fused prefix is kept, in float16, under
        any geometry: there is no block sum to hold it. Raises as ``commit`` does.
        """
        rows = check_previews(frames, self.info.model.geometry, self.settled())
        with transaction(self._connection, self._path):
            self._connection.executemany(
                "INSERT OR REPLACE INTO previews VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        *_frame_values(frame),
                        half_bytes(frame.tokens),
                        half_bytes(frame.embedding),
                        half_bytes(frame.fused_prefix),
                        frame.still,
                    )
                    for frame in rows
                ),
            )
        return len(rows)

    def note(self, **notes: str) -> None:
        """Store ``notes`` (progress, settings) for this and other processes to read."""
        with transaction(self._connection, self._path):
            self._store_notes(notes.items())

    def take_wanted(self) -> list[tuple[float, float]]:
        """Return the (start_s, end_s) that readers want first, oldest first; forget them."""
        with translated(self._path):
            if not self._connection.execute("SELECT 1 FROM wanted LIMIT 1").fetchone():
                return []  # no write transaction for the common case
        with transaction(self._connection, self._path):
            rows = self._connection.execute("SELECT start_s, end_s FROM wanted ORDER BY rowid")
            wishes = rows.fetchall()
            self._connection.execute("DELETE FROM wanted")
        return wishes

    def _store_gaps(self, gaps: Sequence[GapRow]) -> None:
        """Join ``gaps`` to what is stored, unless one lies between frames already summed as one."""
        for gap in gaps:
            late = self._connection.execute(
                "SELECT first_t_s FROM segments WHERE first_t_s < ? AND last_t_s > ?",
                (gap.end_s, gap.start_s),
            ).fetchone()
            if late:
                raise CommitRefusedError(
                    f"gap {gap.start_s:g} to {gap.end_s:g} s comes after the frames behind it; "
                    "commit it with them or before"
                )
        if gaps:
            stored = self._connection.execute("SELECT start_s, end_s, reason FROM gaps").fetchall()
            joined = join_gaps([*(GapRow(*row) for row in stored), *gaps])
            self._connection.execute("DELETE FROM gaps")
            self._connection.executemany(
                "INSERT INTO gaps VALUES (?, ?, ?)",
                ((g.start_s, g.end_s, g.reason) for g in joined),
            )

    def _store_frames(self, frames: Sequence[FrameRow]) -> None:
        insert = self._connection.executemany
        insert("INSERT INTO frames VALUES (?, ?, ?, ?, ?)", map(_frame_values, frames))
        insert("INSERT INTO tokens VALUES (?, ?)", ((f.tick, half_bytes(f.tokens)) for f in frames))
        insert(
            "INSERT INTO embeddings VALUES (?, ?)",
            ((f.tick, half_bytes(f.embedding)) for f in frames),
        )
        insert("INSERT INTO stills VALUES (?, ?)", ((f.tick, f.still) for f in frames))
        if self.info.model.geometry.keeps_fused_prefix:
            insert(
                "INSERT INTO prefixes VALUES (?, ?)",
                ((f.tick, half_bytes(f.fused_prefix)) for f in frames),
            )

    def _store_sums(self, frames: Sequence[FrameRow]) -> None:
        """Add each frame to its segment's sum, one after the other.

        Floating-point sums depend on their order; adding frame by frame gives the same bits however
        the block was cut into commits.
        """
        if not frames:
            return
        near = self._connection.execute(
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
                    self._store_segment(segment, total)
                segment, total = self._open_segment(block)
            if segment is not None and _cut(segment, frame, gaps):
                self._store_segment(segment, total)
                segment = None
            if segment is None:
                segment = Segment(frame.tick, frame.tick, frame.t_s, frame.t_s, 0)
                total = np.zeros(self.info.model.geometry.prefix_shape, np.float32)
            total += frame.fused_prefix
            segment = Segment(
                segment.first_tick, frame.tick, segment.first_t_s, frame.t_s, segment.frames + 1
            )
        if segment is not None:
            self._store_segment(segment, total)

    def _open_segment(self, block: TickSpan) -> tuple[Segment | None, FloatArray]:
        """Return the block's last segment as stored, with its sum, writable."""
        row = self._connection.execute(
            "SELECT first_tick, last_tick, first_t_s, last_t_s, frames, total FROM segments"
            " WHERE first_tick >= ? AND first_tick < ? ORDER BY first_tick DESC LIMIT 1",
            (block.first_tick, block.end_tick),
        ).fetchone()
        if row is None:
            return None, np.empty(0, np.float32)
        *fields, blob = row
        total = np.frombuffer(blob, np.float32).reshape(self.info.model.geometry.prefix_shape)
        return Segment(*fields), total.copy()

    def _store_segment(self, segment: Segment, total: FloatArray) -> None:
        self._connection.execute(
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

    def _settle(self, span: TickSpan) -> None:
        self._connection.execute(
            "DELETE FROM previews WHERE tick >= ? AND tick < ?", (span.first_tick, span.end_tick)
        )
        rows = self._connection.execute("SELECT * FROM settled ORDER BY first_tick").fetchall()
        joined = add_span([TickSpan(*row) for row in rows], span)
        self._connection.execute("DELETE FROM settled")
        self._connection.executemany(
            "INSERT INTO settled VALUES (?, ?)", ((s.first_tick, s.end_tick) for s in joined)
        )

    def _store_rest(self, batch: Batch) -> None:
        self._connection.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?)",
            ((e.t_s, e.kind, e.detail, e.wall_s) for e in batch.events),
        )
        if batch.counters is not None:
            self._connection.executemany(
                "INSERT OR REPLACE INTO counters VALUES (?, ?)", asdict(batch.counters).items()
            )
        self._store_notes(batch.notes.items())
        if batch.complete:
            self._connection.execute("UPDATE recording SET complete = 1")

    def _store_notes(self, notes: Iterable[tuple[str, str]]) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", notes)


def _cut(segment: Segment, frame: FrameRow, gaps: Sequence[GapRow]) -> bool:
    """Whether a gap lies between the segment's last frame and ``frame``."""
    return bool(cuts_before(np.array([frame.t_s]), gaps, previous_t_s=segment.last_t_s)[0])


def _frame_values(frame: FrameRow) -> tuple[int, float, str, float | None, int]:
    return frame.tick, frame.t_s, frame.kind, frame.wall_s, frame.corrupt
