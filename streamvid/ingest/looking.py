"""What a viewer sees of a recording while it grows: a glance, a timeline, a still; no model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import memory
from memory import Recording, Snapshot, TickSpan
from streamvid.ingest.inspection import GapReport
from streamvid.ingest.totals import counters_of

_LOOK_BACK_TICKS = 64


@dataclass(frozen=True, slots=True)
class Glance:
    """How far a recording is; cheap to read however long it is.

    ``ticks_expected = ticks_seen + covered + dropped + gapped + pending``. ``length_s`` is how much
    is settled, gaps included; ``size_bytes`` what it takes on the disk. What lay before
    ``first_kept_s`` retention dropped.
    """

    recording_id: str
    name: str
    complete: bool
    length_s: float
    previews: int
    ticks_expected: int
    ticks_seen: int
    ticks_covered: int
    ticks_dropped: int
    ticks_gapped: int
    ticks_pending: int
    gaps: tuple[GapReport, ...]
    size_bytes: int
    first_kept_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stretches of a recording in seconds, each list in order and without overlap.

    ``seen`` is everything that is neither in ``gaps`` nor ``pending``; ``previews_s`` are the times
    of single frames within ``pending`` that a first coarse pass has.
    """

    recording_id: str
    length_s: float
    complete: bool
    seen: tuple[tuple[float, float], ...]
    pending: tuple[tuple[float, float], ...]
    gaps: tuple[GapReport, ...]
    previews_s: tuple[float, ...]
    started_wall_s: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Still:
    """A remembered picture, its time, and whether it is of the coarse pass and may be replaced."""

    tick: int
    t_s: float
    preview: bool
    picture: bytes = field(repr=False)


def glance_at(recording: Recording) -> Glance:
    """Read what a status line needs. Raises memory's errors."""
    with recording.snapshot() as snapshot:
        counters = counters_of(snapshot)
        settled = snapshot.settled()
        gaps, previews = snapshot.gaps(), snapshot.preview_count()
        complete, first_kept_tick = snapshot.complete, snapshot.live().first_kept_tick
    return Glance(
        recording_id=recording.id,
        name=recording.info.source.name,
        complete=complete,
        length_s=float(sum(span.ticks for span in settled)),
        previews=previews,
        ticks_expected=counters.expected,
        ticks_seen=counters.seen,
        ticks_covered=counters.covered,
        ticks_dropped=counters.dropped,
        ticks_gapped=counters.gapped,
        ticks_pending=counters.pending,
        gaps=tuple(GapReport(gap.start_s, gap.end_s, gap.reason) for gap in gaps),
        size_bytes=sum(
            path.stat().st_size for path in recording.folder.iterdir() if path.is_file()
        ),
        first_kept_s=float(first_kept_tick),
    )


def timeline_of(recording: Recording) -> Timeline:
    """Read what was seen and what was not, over all of ``recording``. Raises memory's errors."""
    with recording.snapshot() as snapshot:
        table = snapshot.frames(previews=True)
        coverage = memory.coverage_of(
            table, snapshot.gaps(), snapshot.settled(), counters_of(snapshot)
        )
        complete = snapshot.complete
    unseen = sorted(
        [(gap.start_s, gap.end_s) for gap in coverage.blind]
        + [(part.start_s, part.end_s) for part in coverage.pending]
    )
    first_wall_s = float(table.wall_s[0]) if len(table) else math.nan
    return Timeline(
        recording_id=recording.id,
        length_s=coverage.end_s,
        complete=complete,
        seen=_between(unseen, coverage.end_s),
        pending=tuple((part.start_s, part.end_s) for part in coverage.pending),
        gaps=tuple(GapReport(gap.start_s, gap.end_s, gap.reason) for gap in coverage.blind),
        previews_s=tuple(table.t_s[table.preview].tolist()),
        started_wall_s=None if math.isnan(first_wall_s) else first_wall_s - float(table.t_s[0]),
        text=memory.coverage_text(coverage),
    )


def still_at(recording: Recording, t_s: float | None) -> Still | None:
    """The newest picture at or before ``t_s`` (``None``: of all), if any is kept.

    Raises memory's errors.
    """
    with recording.snapshot() as snapshot:
        latest = max((span.end_tick for span in snapshot.settled()), default=0)
        latest = max(latest, counters_of(snapshot).expected) + 1
        end_tick = latest if t_s is None else min(int(t_s) + 1, latest)
        reach = _LOOK_BACK_TICKS
        while end_tick > 0:
            span = TickSpan(max(end_tick - reach, 0), end_tick)
            found = _newest(snapshot, span, math.inf if t_s is None else t_s)
            if found is not None:
                return found
            end_tick, reach = span.first_tick, reach * 2  # gaps may be days long
    return None


def _newest(snapshot: Snapshot, span: TickSpan, t_s: float) -> Still | None:
    table = snapshot.frames(span, previews=True)
    # A time that was printed and read again is the same to the microsecond.
    for place in reversed([n for n, at_s in enumerate(table.t_s) if at_s <= t_s + 1e-6]):
        tick = int(table.ticks[place])
        picture = snapshot.stills([tick]).get(tick)
        if picture is not None:  # stills may go before their frames do
            return Still(tick, float(table.t_s[place]), bool(table.preview[place]), picture)
    return None


def _between(unseen: list[tuple[float, float]], end_s: float) -> tuple[tuple[float, float], ...]:
    """What ``unseen``, in order of start, leaves of 0 to ``end_s``."""
    left, reached_s = [], 0.0
    for start_s, stop_s in unseen:
        if start_s > reached_s:
            left.append((reached_s, start_s))
        reached_s = max(reached_s, stop_s)
    if reached_s < end_s:
        left.append((reached_s, end_s))
    return tuple(left)
