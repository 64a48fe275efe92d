"""What a question needs of a recording, read from one snapshot: frames, coverage, prefix, view.

Pure reading: no model. What was read is kept for the next question about the same range.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from memory import (
    Coverage,
    FaissIndex,
    FlatIndex,
    FrameTable,
    GapRow,
    MomentIndex,
    PrefixSum,
    Recording,
    Snapshot,
    TickSpan,
    View,
    coverage_of,
    coverage_text,
    fill_index,
    range_view,
    round_to_segments,
)
from memory import Moment as Found
from streamvid.answer.named_time import named_stretch
from streamvid.answer.result import CoverageReport, Moment
from streamvid.answer.span import TimeRange, bounds
from streamvid.ingest.totals import SAMPLING_NOTE, counters_of
from streamvid.model.seam import FloatArray
from streamvid.settings import SearchIndex, Settings

NO_TICK = -1
KEPT_READINGS = 2
KEPT_INDEXES = 8
MIN_SEPARATION_S = 10.0
"""Moments lie so far apart, if the range is long enough."""
_INDEXES: dict[SearchIndex, Callable[[int], MomentIndex]] = {
    "flat": FlatIndex,
    "faiss": FaissIndex,
}


@dataclass(frozen=True, slots=True)
class State:
    """What a recording holds: equal of two moments, it holds the same frames and numbers.

    The ends count as well: where retention drops as many frames as came, the counts stay.
    ``first_tick`` and ``last_tick`` are ``NO_TICK`` where there is no frame.
    """

    frames: int
    previews: int
    fingerprint: str
    first_tick: int
    last_tick: int

    def grew_from(self, before: State) -> bool:
        """Whether frames may only have come behind ``before``'s and gone from its start."""
        return (
            self.previews == before.previews == 0
            and self.fingerprint == before.fingerprint
            and before.first_tick <= self.first_tick
            and before.last_tick <= self.last_tick
        )


@dataclass(frozen=True, slots=True, eq=False)
class RangeFrames:
    """The frames that a range has at one moment: ``table``'s columns are of these alone.

    The first may lie before ``start_s``: it is what was on screen then. ``span`` holds exactly
    them, or is ``None`` where there is none. ``length_s`` is the recording's. ``state`` changes
    whenever the recording does. ``keys_only``: only key frames of the video were watched.
    """

    recording_id: str
    start_s: float
    end_s: float
    length_s: float
    table: FrameTable
    span: TickSpan | None
    coverage: Coverage
    rounded: bool
    state: State
    keys_only: bool

    @property
    def previews(self) -> int:
        """How many of them stand in for frames to come."""
        return int(self.table.preview.sum())

    @property
    def existing_s(self) -> float:
        """Seconds of the range that lie in the recording."""
        return max(min(self.end_s, self.length_s) - self.start_s, 0.0)

    @property
    def ticks(self) -> int:
        """Ticks of the recording that the range touches."""
        return max(math.ceil(min(self.end_s, self.length_s)) - int(self.start_s), 0)

    @property
    def pending_s(self) -> int:
        """Whole seconds that nobody has looked at yet, beyond those that have a preview."""
        open_s = sum(part.end_s - part.start_s for part in self.coverage.pending)
        return max(math.ceil(open_s) - self.previews, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the context is made of: the view, and the fused prefix's sum as far as it is stored."""

    view: View
    prefix: PrefixSum


def frames_in(
    snapshot: Snapshot, recording: Recording, within: TimeRange, settings: Settings
) -> RangeFrames:
    """Find the frames of a range and say what of it was seen."""
    table = snapshot.frames(previews=True)
    settled, counters, gaps = snapshot.settled(), counters_of(snapshot), snapshot.gaps()
    # Another process may have encoded it anew: as many frames, other numbers.
    fingerprint = snapshot.info.model.fingerprint
    ends = (int(table.ticks[0]), int(table.ticks[-1])) if len(table) else (NO_TICK, NO_TICK)
    state = State(snapshot.frame_count(), snapshot.preview_count(), fingerprint, *ends)
    whole = coverage_of(table, gaps, settled, counters)
    start_s, end_s = bounds(within, whole.end_s)
    rounded = False
    span = _span_of(table, start_s, end_s)
    before = _on_screen(table, gaps, settled, start_s)
    if before is not None and (span is None or span.first_tick > int(start_s)):
        span = TickSpan(before, before + 1 if span is None else span.end_tick)
    if span is not None and settings.edges == "round" and not snapshot.geometry.keeps_fused_prefix:
        wider = round_to_segments(snapshot.segments(span), span)
        rounded = wider != span
        span = wider
        if rounded:
            start_s = min(start_s, float(span.first_tick))
            end_s = max(end_s, float(span.end_tick))
    inside = np.zeros(len(table), np.bool_)
    if span is not None:
        inside = (table.ticks >= span.first_tick) & (table.ticks < span.end_tick)
    return RangeFrames(
        recording_id=recording.id,
        start_s=start_s,
        end_s=end_s,
        length_s=whole.end_s,
        table=FrameTable(
            table.ticks[inside], table.t_s[inside], table.wall_s[inside],
            table.key[inside], table.corrupt[inside], table.preview[inside],
        ),
        span=span,
        coverage=coverage_of(table, gaps, settled, counters, start_s=start_s, end_s=end_s),
        rounded=rounded,
        state=state,
        keys_only=snapshot.notes().get(SAMPLING_NOTE) == "keys",
    )  # fmt: skip


def report(found: RangeFrames) -> CoverageReport:
    """Coverage as answers carry it."""
    coverage = found.coverage
    return CoverageReport(
        start_s=coverage.start_s,
        end_s=coverage.end_s,
        seen_s=coverage.seen_s,
        frames=len(found.table),
        preview_frames=found.previews,
        pending_s=found.pending_s,
        blind=tuple((gap.start_s, gap.end_s, gap.reason) for gap in coverage.blind),
        text=coverage_text(coverage),
    )


class Library:
    """Readings and search indexes of the recordings asked last; for one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readings: OrderedDict[object, Reading] = OrderedDict()
        self._indexes: OrderedDict[str, tuple[State, MomentIndex]] = OrderedDict()

    def read(self, snapshot: Snapshot, frames: RangeFrames, *, view_tokens: int) -> Reading:
        """View of at most ``view_tokens`` and prefix of ``frames``, which must not be empty."""
        span = frames.span or TickSpan(0, 0)
        key = (frames.recording_id, frames.state, span, view_tokens, self._settings.view_policy)
        if key in self._readings:
            self._readings.move_to_end(key)
            return self._readings[key]
        view = range_view(
            snapshot.tokens(span, previews=True),
            view_tokens,
            snapshot.geometry.tokens_shape,
            gaps=snapshot.gaps(),
            policy=self._settings.view_policy,
        )
        reading = Reading(view, snapshot.prefix_sum(span, previews=True))
        self._readings[key] = reading
        while len(self._readings) > KEPT_READINGS:
            self._readings.popitem(last=False)
        return reading

    def read_index(self, snapshot: Snapshot, frames: RangeFrames) -> None:
        """Have the recording's search index ready, for a ``search`` to come."""
        self._index(snapshot, frames)

    def search(
        self, snapshot: Snapshot, frames: RangeFrames, query: FloatArray, count: int
    ) -> list[Found]:
        """The ``count`` moments of ``frames`` closest to ``query`` [e], best first."""
        if len(frames.table) == 0:
            return []
        start_s = float(frames.table.t_s[0])
        end_s = math.nextafter(float(frames.table.t_s[-1]), math.inf)
        separation_s = self._separation_s(frames.existing_s, count)
        return self._index(snapshot, frames).search(
            query, count, start_s=start_s, end_s=end_s, min_separation_s=separation_s
        )

    def moments_shown(
        self, snapshot: Snapshot, frames: RangeFrames, query: FloatArray, question: str
    ) -> list[Found]:
        """The moments to show beside an answer to ``question``, looked up by ``query`` [e].

        Where it names a time, those of that time come first, best first, then those of the rest.
        """
        count = self._settings.evidence_moments
        last_s = min(frames.end_s, frames.length_s)
        named = named_stretch(question, frames.start_s, last_s)
        if named is None or len(frames.table) == 0:
            return self.search(snapshot, frames, query, count)
        t_s, index = frames.table.t_s, self._index(snapshot, frames)

        def between(start_s: float, end_s: float, separation_s: float) -> list[Found]:
            end_s = math.nextafter(end_s, math.inf)  # the last frame belongs to it
            return index.search(
                query, count, start_s=start_s, end_s=end_s, min_separation_s=separation_s
            )

        # What was on screen when the range began belongs to its start.
        start_s = float(t_s[0]) if named[0] <= frames.start_s else named[0]
        inside = between(start_s, named[1], self._separation_s(named[1] - named[0], count))
        if not inside or len(inside) == count:
            return inside or self.search(snapshot, frames, query, count)
        apart_s = self._separation_s(frames.existing_s, count)
        sides = ((float(t_s[0]), start_s - apart_s), (named[1] + apart_s, float(t_s[-1])))
        rest = [
            moment
            for from_s, to_s in sides
            if from_s <= to_s
            for moment in between(from_s, to_s, apart_s)
        ]
        return (inside + sorted(rest, key=lambda moment: -moment.score))[:count]

    def forget(self, recording_id: str) -> None:
        """Drop what was read of a recording."""
        self._indexes.pop(recording_id, None)
        self._readings.clear()

    def _separation_s(self, range_s: float, count: int) -> float:
        """As far apart as ``count`` moments can lie in ``range_s`` wherever the best ones are.

        Each takes the room on both sides of it; ``MIN_SEPARATION_S`` is enough, 1 s the least.
        """
        if self._settings.moment_separation_s is not None:
            return self._settings.moment_separation_s
        return min(MIN_SEPARATION_S, max(1.0, range_s / (2 * count - 1)))

    def _index(self, snapshot: Snapshot, frames: RangeFrames) -> MomentIndex:
        kept = self._indexes.get(frames.recording_id)
        index = None if kept is None else _caught_up(*kept, snapshot, frames.state)
        if index is None:
            index = self._new_index(snapshot)
        self._indexes[frames.recording_id] = (frames.state, index)
        self._indexes.move_to_end(frames.recording_id)
        while len(self._indexes) > KEPT_INDEXES:
            self._indexes.popitem(last=False)
        return index

    def _new_index(self, snapshot: Snapshot) -> MomentIndex:
        index = _INDEXES[self._settings.search_index](snapshot.geometry.embedding_width)
        chunks = list(snapshot.embeddings(previews=True))
        if chunks:  # in one piece: the index would grow by copying otherwise
            index.append(
                np.concatenate([chunk.ticks for chunk in chunks]),
                np.concatenate([chunk.t_s for chunk in chunks]),
                np.concatenate([chunk.values for chunk in chunks]),
            )
        return index


def _caught_up(
    before: State, index: MomentIndex, snapshot: Snapshot, now: State
) -> MomentIndex | None:
    """``index`` of a recording that was ``before``, with what came and without what went since.

    ``None`` where it changed in another way, such as a file whose blocks are filled out of order.
    """
    if now == before:
        return index
    if not now.grew_from(before):
        return None
    index.forget_before(now.first_tick)
    fill_index(index, snapshot.embeddings(TickSpan(before.last_tick + 1, now.last_tick + 1)))
    return index if len(index) == now.frames else None


def with_stills(snapshot: Snapshot, found: Sequence[Found]) -> tuple[Moment, ...]:
    """Moments with their stills and the wall clock; those whose still is gone are left out."""
    stills, timeline = snapshot.stills([moment.tick for moment in found]), snapshot.timeline()
    return tuple(
        Moment(
            moment.tick,
            moment.t_s,
            moment.score,
            stills[moment.tick],
            None if timeline is None else timeline.to_wall_time(moment.t_s),
        )
        for moment in found
        if moment.tick in stills
    )


def _span_of(table: FrameTable, start_s: float, end_s: float) -> TickSpan | None:
    """The ticks from the first to the last frame in [start_s, end_s)."""
    inside = table.ticks[(table.t_s >= start_s) & (table.t_s < end_s)]
    return TickSpan(int(inside[0]), int(inside[-1]) + 1) if len(inside) else None


def _on_screen(
    table: FrameTable, gaps: Sequence[GapRow], settled: Sequence[TickSpan], start_s: float
) -> int | None:
    """The tick of the last frame before ``start_s``, if it stands for what was on screen then.

    It does where no gap and nothing that is still to be looked at lies between the two.
    """
    place = int(np.searchsorted(table.t_s, start_s)) - 1
    if place < 0:
        return None
    tick, t_s = int(table.ticks[place]), float(table.t_s[place])
    if any(gap.start_s <= start_s and gap.end_s > t_s for gap in gaps):
        return None
    if any(span.first_tick <= tick and start_s < span.end_tick for span in settled):
        return tick
    return None
