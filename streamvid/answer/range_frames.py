"""The frames that a range has at one moment, and what of it was seen; pure reading, no model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memory import (
    Coverage,
    FrameTable,
    GapRow,
    Recording,
    Snapshot,
    TickSpan,
    coverage_of,
    coverage_text,
    round_to_segments,
)
from streamvid.answer.result import CoverageReport
from streamvid.answer.span import TimeRange, bounds
from streamvid.ingest.totals import SAMPLING_NOTE, counters_of
from streamvid.settings import Settings

NO_TICK = -1


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
