"""A recording as it was at one moment, for reading: whatever is committed later is not in it.

Numbers come in chunks, so that a day of frames is never held at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from memory.blocks import RangePlan, plan_range
from memory.coverage import Coverage, coverage_of
from memory.database import open_reading, translated
from memory.digest import content_digest
from memory.errors import RangeError
from memory.identified import read_info, require_model
from memory.live_state import (
    RETENTION,
    read_anchors,
    read_counters,
    read_live,
    retention_event,
)
from memory.retention import used_bytes
from memory.rows import (
    Anchor,
    Chunk,
    Counters,
    EventRow,
    FloatArray,
    FrameTable,
    GapRow,
    Geometry,
    HalfArray,
    LiveState,
    ModelIdentity,
    Segment,
    TickSpan,
)
from memory.timeline import Timeline

EVERYTHING = TickSpan(0, 1 << 62)
CHUNK_FRAMES = 1024
_TICKS_A_QUERY = 500  # SQLite takes at most 32,766 values in one statement; short ones are cached

_COLUMNS = {"tokens": "tokens", "embeddings": "embedding", "prefixes": "prefix", "stills": "still"}
"""Table of settled frames -> column of previews that holds the same."""


@dataclass(frozen=True, slots=True, eq=False)
class PrefixSum:
    """A range's fused-prefix sum as far as it is stored: ``total`` float32 [P, d] over ``frames``.

    ``edge_ticks``: settled frames of the range that are not in it, because the range cuts their
    block and their own fused prefix is not stored; the caller fuses them from stills and adds, or
    asks for a range rounded by ``round_to_segments``. ``previews``: how many of ``frames`` are.
    """

    total: FloatArray
    frames: int
    previews: int
    edge_ticks: tuple[int, ...]


class Snapshot:
    """Reads of one moment's state. Close it soon: the WAL cannot shrink while it is open.

    For one thread at a time. Spans are [first_tick, end_tick); ``previews=True`` includes preview
    frames where the real ones are still to come. Every read may raise StorageError's leaves.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_reading(path)
        try:
            with translated(path):
                # the snapshot is taken by the first read, not by BEGIN
                self._connection.execute("BEGIN")
                self.info = read_info(self._connection, repr(str(path)))
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the state; reading afterwards is an error."""
        self._connection.close()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # what is there

    @property
    def geometry(self) -> Geometry:
        """The sizes of what is stored."""
        return self.info.model.geometry

    def require_model(self, model: ModelIdentity) -> None:
        """Raise ModelMismatchError unless the numbers of this moment are ``model``'s."""
        require_model(self.info, model)

    @property
    def complete(self) -> bool:
        """Whether the source was seen to its end."""
        return bool(self._one("SELECT complete FROM recording"))

    def counters(self) -> Counters:
        """Return the totals as of the last commit that gave any."""
        with translated(self._path):
            return read_counters(self._connection)

    def notes(self) -> dict[str, str]:
        """Return the ingester's notes."""
        return dict(self._all("SELECT name, value FROM notes"))

    def settled(self) -> list[TickSpan]:
        """Return the spans of ticks that ingest is done with, in order."""
        return [TickSpan(*row) for row in self._all("SELECT * FROM settled ORDER BY first_tick")]

    def gaps(self) -> list[GapRow]:
        """Return all gaps, in order; what retention dropped is the first."""
        rows = self._all("SELECT start_s, end_s, reason FROM gaps ORDER BY start_s, end_s, reason")
        kept_tick = self.live().first_kept_tick
        gone = [GapRow(0.0, float(kept_tick), RETENTION)] if kept_tick else []
        return [*gone, *(GapRow(*row) for row in rows)]

    def events(self) -> list[EventRow]:
        """Return the newest events, in order of time; all that retention dropped is one of them.

        Those of one time stand in the order in which they were committed.
        ``live().forgotten_events`` says how many older ones there were.
        """
        rows = self._all("SELECT t_s, kind, detail, wall_s FROM events ORDER BY rowid")
        events = [*(EventRow(*row) for row in rows), *retention_event(self.live())]
        return sorted(events, key=lambda e: e.t_s)

    def live(self) -> LiveState:
        """Return how often a live recording was watched, and what it forgot."""
        with translated(self._path):
            return read_live(self._connection, self.info.schema_version)

    def anchors(self) -> tuple[Anchor, ...]:
        """Return when the wall clock was read, in order of time; none in a file's recording."""
        with translated(self._path):
            return read_anchors(self._connection, self.info.schema_version)

    def timeline(self) -> Timeline | None:
        """Return what turns wall time into the recording's and back; None without anchors."""
        anchors, spans = self.anchors(), self.settled()
        return Timeline(anchors, float(spans[-1].end_tick) if spans else 0.0) if anchors else None

    def newest_frame(self) -> tuple[float, float | None] | None:
        """Return (t_s, wall_s) of the newest settled frame, if there is one."""
        rows = self._all("SELECT t_s, wall_s FROM frames ORDER BY tick DESC LIMIT 1")
        return (rows[0][0], rows[0][1]) if rows else None

    def used_bytes(self) -> int:
        """Return the bytes of the database's pages in use."""
        with translated(self._path):
            return used_bytes(self._connection)

    def frame_count(self) -> int:
        """Return how many frames are settled."""
        return self._one("SELECT count(*) FROM frames")

    def preview_count(self) -> int:
        """Return how many previews stand in for frames to come."""
        return self._one("SELECT count(*) FROM previews")

    def still_bytes(self) -> int:
        """Return the bytes that settled frames' stills take."""
        return self._one("SELECT coalesce(sum(length(value)), 0) FROM stills")

    def frames(self, span: TickSpan = EVERYTHING, *, previews: bool = False) -> FrameTable:
        """Return which frames there are in ``span``, in order of tick."""
        # one number for three flags: fetching is what a long table costs
        columns = "SELECT tick, t_s, wall_s, (kind = 'key') + 2 * corrupt"
        query = f"{columns} FROM frames WHERE tick >= ?1 AND tick < ?2"
        if previews:
            query += f" UNION ALL {columns} + 4 FROM previews WHERE tick >= ?1 AND tick < ?2"
        rows = self._all(f"{query} ORDER BY tick", (span.first_tick, span.end_tick))
        ticks, t_s, wall_s, coded = zip(*rows, strict=True) if rows else [()] * 4
        flags = np.array(coded, dtype=np.uint8)
        return FrameTable(
            ticks=np.array(ticks, dtype=np.int64),
            t_s=np.array(t_s, dtype=np.float64),
            wall_s=np.array(wall_s, dtype=np.float64),  # None becomes nan
            key=(flags & 1).astype(np.bool_),
            corrupt=(flags & 2).astype(np.bool_),
            preview=(flags & 4).astype(np.bool_),
        )

    def coverage(self, *, start_s: float = 0.0, end_s: float | None = None) -> Coverage:
        """Return what is known of [start_s, end_s), the recording's end if None.

        Raises RangeError.
        """
        return coverage_of(
            self.frames(previews=True),
            self.gaps(),
            self.settled(),
            self.counters(),
            start_s=start_s,
            end_s=end_s,
        )

    # what the frames hold

    def tokens(
        self,
        span: TickSpan = EVERYTHING,
        *,
        previews: bool = False,
        chunk_frames: int = CHUNK_FRAMES,
    ) -> Iterator[Chunk]:
        """Yield vision tokens in order of tick: ``values`` float16 [n, C², d]."""
        shape = self.geometry.tokens_shape
        return self._numbers("tokens", span, shape, previews, chunk_frames)

    def embeddings(
        self,
        span: TickSpan = EVERYTHING,
        *,
        previews: bool = False,
        chunk_frames: int = CHUNK_FRAMES,
    ) -> Iterator[Chunk]:
        """Yield retrieval embeddings in order of tick: ``values`` float16 [n, e]."""
        shape = (self.geometry.embedding_width,)
        return self._numbers("embeddings", span, shape, previews, chunk_frames)

    def stills(self, ticks: Sequence[int], *, previews: bool = True) -> dict[int, bytes]:
        """Return the stills of those of ``ticks`` that have one, by tick."""
        return self._blobs("stills", ticks, previews)

    def fused_prefixes(
        self, ticks: Sequence[int], *, previews: bool = True
    ) -> dict[int, HalfArray]:
        """Return the frames' own fused prefix, float16 [P, d] each, where stored, by tick."""
        blobs = self._blobs("prefixes", ticks, previews)
        shape = self.geometry.prefix_shape
        return {t: np.frombuffer(b, np.float16).reshape(shape) for t, b in blobs.items()}

    # the fused text state

    def segments(self, span: TickSpan = EVERYTHING) -> list[Segment]:
        """Return the blocks, cut at gaps, that have frames in ``span``, in order; without sums."""
        rows = self._all(
            "SELECT first_tick, last_tick, first_t_s, last_t_s, frames FROM segments"
            " WHERE last_tick >= ? AND first_tick < ? ORDER BY first_tick",
            (span.first_tick, span.end_tick),
        )
        return [Segment(*row) for row in rows]

    def plan(self, span: TickSpan = EVERYTHING) -> RangePlan:
        """Return which stored sums and which single frames make up the prefix sum of ``span``."""
        segments = self.segments(span)
        ticks: list[int] = []
        for segment in segments:
            inside = TickSpan(
                max(span.first_tick, segment.first_tick),
                min(span.end_tick, segment.last_tick + 1),
            )
            if inside.ticks <= segment.last_tick - segment.first_tick:  # the range cuts it
                ticks += [row[0] for row in self._in_span("SELECT tick FROM frames", inside)]
        return plan_range(segments, ticks, span)

    def prefix_sum(self, span: TickSpan = EVERYTHING, *, previews: bool = False) -> PrefixSum:
        """Return the sum of the fused prefixes of the frames in ``span``, as far as stored.

        Sums are added in float32, whole segments first, each kind in order of tick.
        """
        plan = self.plan(span)
        shape = self.geometry.prefix_shape
        total = np.zeros(shape, dtype=np.float32)
        frames = 0
        with translated(self._path):
            whole = self._connection.execute(
                "SELECT frames, total FROM segments WHERE first_tick >= ? AND last_tick < ?"
                " ORDER BY first_tick",
                (span.first_tick, span.end_tick),
            )
            for count, blob in whole:  # one at a time: together they are more than the view
                total += np.frombuffer(blob, np.float32).reshape(shape)
                frames += count
        own = self.fused_prefixes(plan.edge_ticks, previews=False)
        stand_ins = self._in_span("SELECT prefix FROM previews", span) if previews else []
        for prefix in own.values():
            total += prefix
        for (blob,) in stand_ins:
            total += np.frombuffer(blob, np.float16).reshape(shape)
        return PrefixSum(
            total=total,
            frames=frames + len(own) + len(stand_ins),
            previews=len(stand_ins),
            edge_ticks=tuple(tick for tick in plan.edge_ticks if tick not in own),
        )

    def digest(self) -> str:
        """Return the SHA-256 of all content: frames, sums, previews, gaps, events, counters.

        Row ids, wall times, notes and wishes are left out: two memories of one source that were
        filled in another order, or at another time, have one digest.
        """
        with translated(self._path):
            return content_digest(
                self._connection, hashlib.sha256(), version=self.info.schema_version
            )

    # SQL

    def _numbers(
        self, table: str, span: TickSpan, shape: tuple[int, ...], previews: bool, chunk_frames: int
    ) -> Iterator[Chunk]:
        if chunk_frames < 1:
            raise RangeError(f"chunk of {chunk_frames} frames cannot be read; ask for 1 or more")
        query = (
            f"SELECT tick, t_s, value FROM frames JOIN {table} USING (tick)"
            " WHERE tick >= ?1 AND tick < ?2"
        )
        if previews:
            query += (
                f" UNION ALL SELECT tick, t_s, {_COLUMNS[table]} FROM previews"
                " WHERE tick >= ?1 AND tick < ?2"
            )
        with translated(self._path):
            cursor = self._connection.execute(
                f"{query} ORDER BY tick", (span.first_tick, span.end_tick)
            )
            while rows := cursor.fetchmany(chunk_frames):
                ticks, t_s, blobs = zip(*rows, strict=True)
                values = np.frombuffer(b"".join(blobs), np.float16).reshape(len(rows), *shape)
                yield Chunk(np.array(ticks, np.int64), np.array(t_s, np.float64), values)

    def _blobs(self, table: str, ticks: Sequence[int], previews: bool) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        wanted = sorted({int(tick) for tick in ticks})
        for start in range(0, len(wanted), _TICKS_A_QUERY):
            some = wanted[start : start + _TICKS_A_QUERY]
            marks = ",".join("?" * len(some))
            found.update(
                self._all(f"SELECT tick, value FROM {table} WHERE tick IN ({marks})", some)
            )
            if previews and len(found) < start + len(some):
                column = _COLUMNS[table]
                found.update(
                    self._all(f"SELECT tick, {column} FROM previews WHERE tick IN ({marks})", some)
                )
        return {tick: found[tick] for tick in wanted if tick in found}

    def _in_span(self, select: str, span: TickSpan) -> list[tuple[Any, ...]]:
        where = "WHERE tick >= ? AND tick < ? ORDER BY tick"
        return self._all(f"{select} {where}", (span.first_tick, span.end_tick))

    def _all(self, query: str, values: Sequence[int] = ()) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return self._connection.execute(query, values).fetchall()

    def _one(self, query: str) -> int:
        return int(self._all(query)[0][0])
