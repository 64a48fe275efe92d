"""From prepared frames to commits: parcels through the model, then into the recording.

At most ``IN_FLIGHT`` parcels are with the model at once, so that decoding, encoding and the disk
work beside each other and memory stays bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from memory import BLOCK_TICKS, Batch, FrameRow, GapRow, TickSpan, Writer
from streamvid.engine import Engine, Priority
from streamvid.ingest.decoder import Prepared
from streamvid.ingest.parcel import Parcel, ParcelCutter, unsettled_part
from streamvid.ingest.totals import Totals
from streamvid.model.seam import EncodedFrames

IN_FLIGHT = 2


@dataclass(frozen=True, slots=True)
class CommitRule:
    """When what is encoded goes to disk: ``frames`` at most, ``age_s`` of wall time at most."""

    frames: int
    age_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Encoding:
    parcel: Parcel[Prepared]
    encoded: Future[EncodedFrames] | None


_Ready = tuple[Parcel[Prepared], tuple[FrameRow, ...]]


class Filler:
    """Settles stretches of ticks in ``writer``; for one thread.

    ``damage_in`` tells the damaged packets and frames of some ticks that were decoded in this run.
    ``committed`` is called after each commit. Errors of the engine and of memory come out of
    whichever call meets them; what was committed stays.
    """

    def __init__(
        self,
        writer: Writer,
        engine: Engine,
        totals: Totals,
        rule: CommitRule,
        *,
        damage_in: Callable[[TickSpan], tuple[int, int]],
        now_s: Callable[[], float],
        committed: Callable[[], None],
    ) -> None:
        self.totals = totals
        self.new_frames = 0
        self._writer = writer
        self._engine = engine
        self._rule = rule
        self._damage_in = damage_in
        self._now_s = now_s
        self._committed = committed
        self._batch_frames = engine.facts().spec.encode_batch
        self._settled = writer.settled()
        self._cutter: ParcelCutter[Prepared] | None = None
        self._encoding: deque[_Encoding] = deque()
        self._ready: list[_Ready] = []
        self._decoded: set[int] = set()
        self._committed_at_s = now_s()

    def start(self, first_tick: int) -> None:
        """A stretch begins; what is left of another one is committed first."""
        self.flush()
        self._cutter = ParcelCutter(first_tick, batch_frames=self._batch_frames)

    def frame(self, frame: Prepared) -> None:
        """The stretch's next frame."""
        for parcel in self._open().frame(frame):
            self._encode(parcel)

    def gap(self, gap: GapRow) -> None:
        """The stretch's next gap."""
        for parcel in self._open().gap(gap):
            self._encode(parcel)

    def end(self, end_tick: int) -> None:
        """The stretch ends before ``end_tick``, its last block whole."""
        for parcel in self._open().finish(end_tick):
            self._encode(parcel)
        self._cutter = None

    def flush(self) -> None:
        """Commit every parcel that is complete; frames of an incomplete one wait for the rest."""
        while self._encoding:
            self._collect()
        self._commit()

    def commit_if_due(self) -> None:
        """Commit what is encoded where the oldest of it has waited long enough."""
        while self._encoding and _is_done(self._encoding[0]):
            self._collect()
        if self.seconds_to_commit() <= 0:
            self._commit()

    def seconds_to_commit(self) -> float:
        """Until the next commit is due."""
        return self._committed_at_s + self._rule.age_s - self._now_s()

    def finish(self) -> None:
        """Commit what is left and mark the recording complete, in one transaction."""
        while self._encoding:
            self._collect()
        self._commit(last=True)

    def _open(self) -> ParcelCutter[Prepared]:
        if self._cutter is None:
            raise RuntimeError("no stretch is open; call start first")
        return self._cutter

    def _encode(self, parcel: Parcel[Prepared]) -> None:
        part = unsettled_part(parcel, _settled_end(self._settled, parcel.span.first_tick))
        if part is None:
            return
        encoded = None
        if part.frames:
            pixels = [frame.pixels for frame in part.frames]
            encoded = self._engine.submit(
                lambda model: model.encode(pixels),
                priority=Priority.FILE,
                owner=self._writer.info.source.id,
            )
        self._encoding.append(_Encoding(part, encoded))
        while len(self._encoding) > IN_FLIGHT:
            self._collect()

    def _collect(self) -> None:
        """Wait for the oldest parcel's numbers; commit before too many frames are ready.

        It leaves the queue last: whatever raises in between, nothing is skipped over.
        """
        oldest = self._encoding[0]
        parcel, encoded = oldest.parcel, oldest.encoded
        rows = () if encoded is None else to_rows(parcel.frames, encoded.result())
        ready = sum(len(frames) for _, frames in self._ready)
        if ready and ready + len(rows) > self._rule.frames:
            self._commit()
        if self._ready and self._ready[-1][0].span.end_tick != parcel.span.first_tick:
            self._commit()
        self._ready.append((parcel, rows))
        self._encoding.popleft()
        if self.seconds_to_commit() <= 0:
            self._commit()

    def _commit(self, *, last: bool = False) -> None:
        """Commit what is ready; but what would settle the last tick waits to say `complete` too.

        So a recording is never settled to its end without being marked, wherever a crash comes.
        """
        self._committed_at_s = self._now_s()
        ready, kept = self._ready, list[_Ready]()
        ticks = sum(parcel.span.ticks for parcel, _ in ready)
        if ready and not last and self.totals.would_finish(ticks):
            ready, kept = ready[:-1], ready[-1:]
        if not ready:
            return
        span = TickSpan(ready[0][0].span.first_tick, ready[-1][0].span.end_tick)
        frames = tuple(row for _, rows in ready for row in rows)
        gaps = tuple(gap for parcel, _ in ready for gap in parcel.gaps)
        after = self.totals.after(span, len(frames), gaps, last=last)
        for first_tick in self._blocks_to_look_at(span, last=last):
            block = TickSpan(first_tick, first_tick + BLOCK_TICKS)
            after.damage[first_tick // BLOCK_TICKS] = self._damage_in(block)
        self._writer.commit(
            Batch(
                span,
                frames,
                gaps,
                counters=after.counters(),
                notes=after.notes(),
                complete=last,
            )
        )
        self._ready = kept
        self.totals = after
        self.new_frames += len(frames)
        self._settled = self._writer.settled()
        self._committed()

    def _blocks_to_look_at(self, span: TickSpan, *, last: bool) -> list[int]:
        """First ticks of the blocks whose damage is asked for: of all this run at the end.

        A decoder reorders, so some damage of a block shows a little after its last frame.
        """
        first = span.first_tick // BLOCK_TICKS * BLOCK_TICKS
        self._decoded.update(range(first, span.end_tick, BLOCK_TICKS))
        near = range(first - BLOCK_TICKS, span.end_tick, BLOCK_TICKS)
        return sorted(self._decoded if last else self._decoded.intersection(near))


def to_rows(frames: Sequence[Prepared], encoded: EncodedFrames) -> tuple[FrameRow, ...]:
    """Join what was seen with what the model made of it; frame i has row i of ``encoded``."""
    return tuple(
        FrameRow(
            tick=frame.tick,
            t_s=frame.t_s,
            tokens=encoded.tokens[i],
            embedding=encoded.embeddings[i],
            fused_prefix=encoded.fused_prefix[i],
            still=frame.still,
            kind=frame.kind,
            wall_s=frame.wall_s,
            corrupt=frame.corrupt,
        )
        for i, frame in enumerate(frames)
    )


def _is_done(encoding: _Encoding) -> bool:
    return encoding.encoded is None or encoding.encoded.done()


def _settled_end(settled: Sequence[TickSpan], tick: int) -> int:
    """Up to where the block of ``tick`` is settled; its first tick where it is not at all."""
    first_tick = tick // BLOCK_TICKS * BLOCK_TICKS
    for span in settled:
        if span.first_tick <= first_tick < span.end_tick:
            return span.end_tick
    return first_tick
