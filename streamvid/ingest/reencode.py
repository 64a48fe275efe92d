"""A recording's numbers made anew by another model, from the stills that it keeps.

Frames are encoded in the batches that ingest cuts: inside a block, between two gaps, so the result
is what a fresh ingest of the same stills would have stored, row for row.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path

import numpy as np

from capture import FrameKind, decode_still
from memory import FrameRow, FrameTable, Home, Recording, Reencoder, Snapshot, TickSpan
from streamvid.engine import Engine, ModelFacts, Priority
from streamvid.errors import IngestInterruptedError
from streamvid.ingest.decoder import Prepared
from streamvid.ingest.filler import IN_FLIGHT, to_rows
from streamvid.ingest.ingest import model_identity
from streamvid.ingest.inspection import MODEL_NOTE
from streamvid.ingest.progress import IngestProgress, ReencodeReport, Stage
from streamvid.model.seam import EncodedFrames

Progress = Callable[[IngestProgress], None]
_log = logging.getLogger(__name__)


class Reencode:
    """Replaces recordings' numbers under ``home``; errors of memory come out as they are."""

    def __init__(
        self, home: Home, engine: Engine, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._home = home
        self._engine = engine
        self._now_s = now_s

    def run(
        self, source: str | Path, *, progress: Progress, cancelled: Callable[[], bool]
    ) -> ReencodeReport:
        """Make all numbers of ``source``'s recording the engine's model's.

        ``progress`` is called after each block, ``cancelled`` before each batch. What is refused
        is refused before the model loads.
        """
        started_s = self._now_s()
        recording = self._home.open(source)
        with recording.reencoder() as reencoder:
            facts = self._engine.facts()
            already = reencoder.info.model == model_identity(facts)
            run = _Run(
                recording, reencoder, self._engine, facts,
                progress=progress, cancelled=cancelled, now_s=self._now_s,
            )  # fmt: skip
            if not already:
                run.encode()
                reencoder.swap({MODEL_NOTE: facts.spec.name})
            run.tell("finished")
        report = ReencodeReport(
            recording_id=recording.id,
            name=recording.info.source.name,
            frames=run.frames,
            previews=run.previews,
            new_frames=run.new_frames,
            already=already,
            resumed=run.resumed,
            fingerprint=facts.fingerprint,
            elapsed_s=self._now_s() - started_s,
        )
        _log.info(
            "reencode",
            extra={
                "recording": report.recording_id[:12],
                "frames_new": report.new_frames,
                "frames": report.frames,
                "resumed": report.resumed,
                "elapsed_s": round(report.elapsed_s, 2),
            },
        )
        return report


class _Run:
    """One reencode on its way. ``new_frames`` counts what it encoded, previews included."""

    def __init__(
        self,
        recording: Recording,
        reencoder: Reencoder,
        engine: Engine,
        facts: ModelFacts,
        *,
        progress: Progress,
        cancelled: Callable[[], bool],
        now_s: Callable[[], float],
    ) -> None:
        self._recording = recording
        self._reencoder = reencoder
        self._engine = engine
        self._facts = facts
        self._progress = progress
        self._cancelled = cancelled
        self._now_s = now_s
        self._started_s = now_s()
        with recording.snapshot() as snapshot:
            self.frames, self.previews = snapshot.frame_count(), snapshot.preview_count()
        self.new_frames = 0
        self.resumed = False
        self._done = self.frames + self.previews

    def encode(self) -> None:
        """Add every number that is missing, and commit it, a block at a time.

        A snapshot a block: one that stayed open would keep the database's log from shrinking.
        """
        self._reencoder.begin(model_identity(self._facts))
        left = self._reencoder.left()
        self._done = self.frames - sum(segment.frames for segment in left)
        self.resumed = self._done > 0
        self.tell("reencoding")
        for segment in left:
            with self._recording.snapshot() as snapshot:
                table = snapshot.frames(TickSpan(segment.first_tick, segment.last_tick + 1))
                rows = self._encoded(snapshot, table, previews=False)
            self._reencoder.add(segment, rows)
            self._count(len(rows))
        with self._recording.snapshot() as snapshot:
            stand_ins = _only_previews(snapshot.frames(previews=True))
        batch = self._facts.spec.encode_batch
        for start in range(0, len(stand_ins), batch):
            with self._recording.snapshot() as snapshot:
                some = _rows_of(stand_ins, slice(start, start + batch))
                rows = self._encoded(snapshot, some, previews=True)
            self._reencoder.add_previews(rows)
            self._count(len(rows))

    def tell(self, stage: Stage) -> None:
        """Report how far it is."""
        elapsed_s = self._now_s() - self._started_s
        rate = self.new_frames / elapsed_s if elapsed_s > 0 else 0.0
        expected = self.frames + self.previews
        self._progress(
            IngestProgress(
                stage=stage,
                done_ticks=self._done,
                expected_ticks=expected,
                frames=self.frames,
                rate_tps=rate,
                elapsed_s=elapsed_s,
                eta_s=(expected - self._done) / rate if rate > 0 else None,
            )
        )

    def _count(self, frames: int) -> None:
        self.new_frames += frames
        self._done += frames
        self.tell("reencoding")

    def _encoded(
        self, snapshot: Snapshot, table: FrameTable, *, previews: bool
    ) -> tuple[FrameRow, ...]:
        """The frames of ``table`` with their new numbers.

        While the engine encodes a batch or two, this thread decodes the next one's stills.
        """
        rows: list[FrameRow] = []
        waiting: deque[tuple[Sequence[Prepared], Future[EncodedFrames]]] = deque()
        frames = _stored_frames(snapshot, table, previews=previews)
        while batch := list(islice(frames, self._facts.spec.encode_batch)):
            if self._cancelled():
                raise IngestInterruptedError(
                    f"reencoding {self._recording.info.source.name!r} was stopped; it is as it"
                    " was, run it again to go on"
                )
            pixels = [frame.pixels for frame in batch]
            encoded = self._engine.submit(
                lambda model, pixels=pixels: model.encode(pixels),  # type: ignore[misc]  # bound now
                priority=Priority.FILE,
                owner=self._recording.id,
            )
            waiting.append((batch, encoded))
            if len(waiting) > IN_FLIGHT:
                oldest, done = waiting.popleft()
                rows += to_rows(oldest, done.result())
        for oldest, done in waiting:
            rows += to_rows(oldest, done.result())
        return tuple(rows)


def _stored_frames(snapshot: Snapshot, table: FrameTable, *, previews: bool) -> Iterator[Prepared]:
    """The frames of ``table`` as ingest prepared them, in order of tick."""
    stills = snapshot.stills(table.ticks.tolist(), previews=previews)
    for i, tick in enumerate(table.ticks.tolist()):
        kind: FrameKind = "key" if table.key[i] else "tick"
        yield Prepared(
            tick=tick,
            t_s=float(table.t_s[i]),
            kind=kind,
            wall_s=float(table.wall_s[i]),
            corrupt=bool(table.corrupt[i]),
            still=stills[tick],
            pixels=decode_still(stills[tick]),
        )


def _only_previews(table: FrameTable) -> FrameTable:
    return _rows_of(table, table.preview)


def _rows_of(
    table: FrameTable, chosen: slice | np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> FrameTable:
    return FrameTable(
        ticks=table.ticks[chosen],
        t_s=table.t_s[chosen],
        wall_s=table.wall_s[chosen],
        key=table.key[chosen],
        corrupt=table.corrupt[chosen],
        preview=table.preview[chosen],
    )
