"""What is remembered of a recording, as plain values; read without any model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import memory
from memory import GapRow, Home, Recording, Timeline
from memory import RecordingSummary as Stored
from streamvid.ingest.totals import SAMPLING_NOTE, counters_of

MODEL_NOTE = "model"
MOST_EVENTS = 100
"""Events that an inspection tells."""


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """One line of the list of recordings. Times are POSIX seconds of wall time.

    ``length_s`` is what has been watched, ``expected_s`` how long it will be (``None`` where nobody
    knows). ``problem`` says in one line why a broken recording cannot be read, else it is ``None``;
    what the list kept of it is then told, or empty texts and zeros.

    Of a live one (``kind``): ``runs`` watched it since ``since_wall_s``; what lies before
    ``first_kept_s`` was dropped by retention; the newest frame's times.
    """

    recording_id: str
    name: str
    source: str
    length_s: float
    frames: int
    size_bytes: int
    created_wall_s: float
    updated_wall_s: float
    complete: bool
    busy: bool
    problem: str | None = None
    expected_s: float | None = None
    kind: Literal["file", "live"] = "file"
    runs: int = 0
    since_wall_s: float | None = None
    first_kept_s: float = 0.0
    newest_t_s: float | None = None
    newest_wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class GapReport:
    """A stretch of stream time that was not seen, and why; by the wall clock where there is one."""

    start_s: float
    end_s: float
    reason: str
    start_wall_s: float | None = None
    end_wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class EventReport:
    """Something worth telling that is no gap, at ``t_s`` of the recording."""

    t_s: float
    kind: str
    detail: str
    wall_s: float | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is remembered of a recording; the identity of ticks holds:

    ``ticks_expected = ticks_seen + covered + dropped + gapped + pending``. ``sampling`` is as in
    ``Settings.sampling``. ``blind_s`` sums the gaps by reason. ``events`` are the newest
    ``MOST_EVENTS``, in order of time; ``older_events`` says how many more there were.
    """

    summary: RecordingSummary
    fingerprint: str
    model: str
    frames: int
    previews: int
    ticks_expected: int
    ticks_seen: int
    ticks_covered: int
    ticks_dropped: int
    ticks_gapped: int
    ticks_pending: int
    gaps: tuple[GapReport, ...]
    damage_packets: int
    damage_frames: int
    size_bytes: int
    width: int
    tokens_per_frame: int
    replaces: str | None
    coverage_text: str
    sampling: str = "tick"
    blind_s: Mapping[str, float] = field(default_factory=dict)
    events: tuple[EventReport, ...] = ()
    older_events: int = 0


def _gap_reports(gaps: Iterable[GapRow], timeline: Timeline | None) -> tuple[GapReport, ...]:
    def wall(t_s: float) -> float | None:
        return None if timeline is None else timeline.to_wall_time(t_s)

    return tuple(
        GapReport(gap.start_s, gap.end_s, gap.reason, wall(gap.start_s), wall(gap.end_s))
        for gap in gaps
    )


def summary_of(stored: Stored, *, busy: bool, expected_s: float | None = None) -> RecordingSummary:
    """Memory's line of a recording in apps' terms; that of a complete one says its length."""
    if stored.complete:
        expected_s = stored.length_s
    return RecordingSummary(
        recording_id=stored.id,
        name=stored.name,
        source=stored.path or stored.address or stored.id,
        length_s=stored.length_s,
        frames=stored.frames,
        size_bytes=stored.size_bytes,
        created_wall_s=stored.created_wall_s,
        updated_wall_s=stored.changed_wall_s,
        complete=stored.complete,
        busy=busy,
        problem=stored.problem,
        expected_s=expected_s,
        kind=stored.kind,
        runs=stored.runs,
        since_wall_s=stored.since_wall_s,
        first_kept_s=float(stored.first_kept_tick),
        newest_t_s=stored.newest_t_s,
        newest_wall_s=stored.newest_wall_s,
    )


def list_line(home: Home, stored: Stored) -> RecordingSummary:
    """The line with what its recording alone can tell; a broken one cannot."""
    try:
        recording = home.get(stored.id)
        busy = recording.ingester() is not None
        if stored.complete:
            return summary_of(stored, busy=busy)
        with recording.snapshot() as snapshot:
            expected_ticks = counters_of(snapshot).expected
    except memory.TokenMemoryError:
        return summary_of(stored, busy=False)
    return summary_of(stored, busy=busy, expected_s=float(expected_ticks) or None)


def inspect_recording(recording: Recording, stored: Stored) -> Inspection:
    """Read everything that can be told of ``recording``; ``stored`` is its line."""
    with recording.snapshot() as snapshot:
        counters, gaps = counters_of(snapshot), snapshot.gaps()
        timeline = snapshot.timeline()
        coverage = memory.coverage_of(
            snapshot.frames(previews=True), gaps, snapshot.settled(), counters
        )
        frames, previews = snapshot.frame_count(), snapshot.preview_count()
        model = snapshot.notes().get(MODEL_NOTE, "")
        sampling = snapshot.notes().get(SAMPLING_NOTE, "tick")
        events, forgotten = snapshot.events(), snapshot.live().forgotten_events
    identity = recording.info.model
    return Inspection(
        summary=summary_of(
            stored,
            busy=recording.ingester() is not None,
            expected_s=float(counters.expected) or None,
        ),
        fingerprint=identity.fingerprint,
        model=model,
        frames=frames,
        previews=previews,
        ticks_expected=counters.expected,
        ticks_seen=counters.seen,
        ticks_covered=counters.covered,
        ticks_dropped=counters.dropped,
        ticks_gapped=counters.gapped,
        ticks_pending=counters.pending,
        gaps=_gap_reports(gaps, timeline),
        damage_packets=counters.damage_packets,
        damage_frames=counters.damage_frames,
        size_bytes=stored.size_bytes,
        width=identity.geometry.width,
        tokens_per_frame=identity.geometry.tokens_per_frame,
        replaces=recording.info.replaces,
        coverage_text=memory.coverage_text(coverage),
        sampling=sampling,
        blind_s=memory.blind_seconds(gaps),
        events=tuple(EventReport(e.t_s, e.kind, e.detail, e.wall_s) for e in events[-MOST_EVENTS:]),
        older_events=forgotten + max(len(events) - MOST_EVENTS, 0),
    )
