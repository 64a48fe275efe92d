"""Filling a recording: commits of settled frames, previews ahead of them, wishes taken.

A commit is one transaction that is on the disk when it returns. What it may hold is decided by
``memory.admission``; this file only reads, asks and writes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from memory.address import public_address
from memory.admission import check_batch, check_live, check_previews
from memory.blocks import add_span, join_gaps
from memory.database import transaction, translated
from memory.errors import CommitRefusedError, DiskFullError, RangeError, TokenMemoryError
from memory.folder import folder_bytes, free_bytes
from memory.held_database import HeldDatabase
from memory.live_state import (
    first_anchor,
    read_anchors,
    read_counters,
    store_anchors,
    store_events,
)
from memory.lock import IngestLock
from memory.reserve import WAL_BYTES, WAL_PAGES, give_up_reserve, take_reserve
from memory.retention import MOST_BLOCKS, Dropped, drop_blocks, give_back, used_bytes
from memory.rows import Batch, FrameRow, GapRow, RecordingInfo, TickSpan, half_bytes
from memory.schema import LIVE_VERSION
from memory.stored_path import clean_text
from memory.sums import store_sums
from memory.tally import tally
from memory.timeline import Resumption, Timeline, resume


class Writer(HeldDatabase):
    """The one ingester of a recording, until ``close``; made by ``Recording.writer``.

    For one thread at a time.
    """

    def __init__(
        self, path: Path, info: RecordingInfo, connection: sqlite3.Connection, lock: IngestLock
    ) -> None:
        super().__init__(path, connection, lock)
        self.info = info
        if self.live:
            connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
            take_reserve(path.parent)

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
        settled = self.settled()
        check_batch(batch, self.info.model.geometry, settled)
        if self.live:
            check_live(batch, settled, read_anchors(self._connection, LIVE_VERSION))
            batch = self._counted(batch)
        with transaction(self._connection, self._path):
            self._store_gaps(batch.gaps)
            self._store_frames(batch.frames)
            store_sums(self._connection, batch.frames, self.info.model.geometry.prefix_shape)
            self._settle(batch.span)
            self._store_rest(batch)

    def begin_run(self, now_wall_s: float, *, address: str | None = None) -> Resumption | None:
        """Go on with a live recording: the time since its last settled tick becomes a gap.

        The gap, the run's anchor and, where the wall clock was set back, an event are on the disk
        when this returns; so is ``address``, where the source is found now. None for an empty
        recording: its time begins with its first frame, so give that one's anchor with the first
        batch. Raises CommitRefusedError for a file's recording, and as ``commit`` does.
        """
        self._require_live()
        if address is not None:
            where = clean_text(public_address(address))
            with transaction(self._connection, self._path):
                self._connection.execute("UPDATE recording SET address = ?", (where,))
        settled = self.settled()
        if not settled:
            return None
        with translated(self._path):
            stored = read_anchors(self._connection, LIVE_VERSION)
            timeline = Timeline(stored or (first_anchor(self._connection, self.info),))
        resumption = resume(timeline, settled[-1].end_tick, now_wall_s)
        anchors = (resumption.anchor,) if stored else (*timeline.anchors, resumption.anchor)
        events = () if resumption.event is None else (resumption.event,)
        if resumption.gap is not None:
            span = TickSpan(settled[-1].end_tick, resumption.first_tick)
            self.commit(Batch(span, (), (resumption.gap,), events, anchors=anchors))
        else:
            with transaction(self._connection, self._path):
                store_anchors(self._connection, anchors)
                store_events(self._connection, events)
        return resumption

    def used_bytes(self) -> int:
        """Return the bytes of the database's pages in use; cheap."""
        with translated(self._path):
            return used_bytes(self._connection)

    def folder_bytes(self) -> int:
        """Return the bytes of all the recording's files; cheap."""
        return folder_bytes(self._path.parent)

    def free_bytes(self) -> int:
        """Return what is free on the recording's disk. Raises StorageError's leaves."""
        return free_bytes(self._path.parent)

    def drop_oldest(
        self, keep_bytes: int, *, now_wall_s: float | None = None, most_blocks: int = MOST_BLOCKS
    ) -> Dropped | None:
        """Forget a live recording's oldest blocks while its pages take more than ``keep_bytes``.

        Of a bound for the whole folder, that is ``database_bytes(bound)``.
        In one transaction, at most ``most_blocks``, never the newest; None if nothing had to go.
        Cheap while there is room: call it after each commit. What was seen stays counted as seen;
        that it is gone stands in ``Snapshot.live``, ``gaps`` and ``events``. Needs next to no room
        on the disk. Raises CommitRefusedError for a file's recording, RangeError, StorageError's
        leaves.
        """
        self._require_live()
        if keep_bytes <= 0 or most_blocks < 1:
            raise RangeError(
                f"{most_blocks} blocks to {keep_bytes} bytes cannot be dropped; give 1 or more"
            )
        dropped = None
        if self.used_bytes() > keep_bytes:
            try:
                dropped = self._drop(keep_bytes, now_wall_s, most_blocks)
            except DiskFullError:
                dropped = self._drop_by_reserve(keep_bytes, now_wall_s, most_blocks)
        with suppress(TokenMemoryError), translated(self._path):  # the frames are gone all the same
            give_back(self._connection, keep_bytes)
        if dropped is not None:
            take_reserve(self._path.parent)
        return dropped

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

    @property
    def live(self) -> bool:
        """Whether the source has no end."""
        return self.info.source.kind == "live"

    def publish_socket(self, path: str | os.PathLike[str] | None) -> None:
        """Tell other processes where this one listens, while it holds the recording.

        They find it by ``Recording.socket_of_holder``. Raises RangeError if the path is too long.
        """
        self._lock.publish(None if path is None else os.fspath(path))

    def _require_live(self) -> None:
        if not self.live:
            raise CommitRefusedError(
                f"{self.info.source.name!r} is a file's recording; only live ones have runs and"
                " forget"
            )

    def _counted(self, batch: Batch) -> Batch:
        """``batch`` with the recording's new totals."""
        if batch.counters is not None:
            return batch
        with translated(self._path):
            totals = read_counters(self._connection)
        more = tally(batch.span, [frame.tick for frame in batch.frames], batch.gaps)
        return replace(batch, counters=totals.plus(more))

    def _drop(self, keep_bytes: int, now_wall_s: float | None, most_blocks: int) -> Dropped | None:
        end_tick = max((span.end_tick for span in self.settled()), default=0)
        with transaction(self._connection, self._path):
            return drop_blocks(
                self._connection,
                keep_bytes,
                end_tick,
                now_wall_s=now_wall_s,
                most_blocks=most_blocks,
            )

    def _drop_by_reserve(
        self, keep_bytes: int, now_wall_s: float | None, most_blocks: int
    ) -> Dropped | None:
        give_up_reserve(self._path.parent)
        # folding the WAL in needs as much room as it gives back, and needs it first
        with suppress(DiskFullError), translated(self._path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return self._drop(keep_bytes, now_wall_s, most_blocks)

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
            # those that may touch: a flapping camera's others are many, and stay as they are
            near = (min(g.start_s for g in gaps), max(g.end_s for g in gaps))
            touching = "FROM gaps WHERE end_s >= ? AND start_s <= ?"
            stored = self._connection.execute(f"SELECT start_s, end_s, reason {touching}", near)
            joined = join_gaps([*(GapRow(*row) for row in stored), *gaps])
            self._connection.execute(f"DELETE {touching}", near)
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
        store_anchors(self._connection, batch.anchors)
        store_events(self._connection, batch.events)
        if batch.counters is not None:
            self._connection.executemany(
                "INSERT OR REPLACE INTO counters VALUES (?, ?)", asdict(batch.counters).items()
            )
        self._store_notes(batch.notes.items())
        if batch.complete:
            self._connection.execute("UPDATE recording SET complete = 1")

    def _store_notes(self, notes: Iterable[tuple[str, str]]) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", notes)


def _frame_values(frame: FrameRow) -> tuple[int, float, str, float | None, int]:
    return frame.tick, frame.t_s, frame.kind, frame.wall_s, frame.corrupt
