"""What was seen of a range of time, and what was not and why. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from memory.blocks import join_gaps, missing_spans
from memory.errors import RangeError
from memory.rows import Counters, FrameTable, GapRow, TickSpan

OUTSIDE = "not recorded"
"""Reason of the part of an asked range that lies outside the recording."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The seconds [start_s, end_s)."""

    start_s: float
    end_s: float


Stretch = TypeVar("Stretch", GapRow, Interval)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of [start_s, end_s).

    ``seen_s`` + blind + pending seconds = its length, but that each of the ``previews`` counts as
    one second seen of the pending ones. ``frames`` and ``previews`` lie in the range. ``blind``:
    nothing was seen, and why; ``pending``: ingest has yet to come there.
    """

    start_s: float
    end_s: float
    seen_s: float
    frames: int
    previews: int
    blind: tuple[GapRow, ...]
    pending: tuple[Interval, ...]

    @property
    def length_s(self) -> float:
        """Seconds in the range."""
        return self.end_s - self.start_s

    @property
    def wholly_blind(self) -> bool:
        """Whether there is no frame to answer from."""
        return self.frames + self.previews == 0

    @property
    def whole(self) -> bool:
        """Whether nothing is missing and nothing is still to come."""
        return not self.blind and not self.pending and not self.wholly_blind


def coverage_of(
    frames: FrameTable,
    gaps: Sequence[GapRow],
    settled: Sequence[TickSpan],
    counters: Counters,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
) -> Coverage:
    """Return what is known of [start_s, end_s), the recording's end if ``end_s`` is None.

    ``frames`` with previews, at least those of the range. Ticks that were dropped are told by gaps
    of their own. Raises RangeError if the range is empty or begins before 0.
    """
    settled_end = max((span.end_tick for span in settled), default=0)
    last_tick = int(frames.ticks[-1]) + 1 if len(frames) else 0
    recorded = TickSpan(0, max(counters.expected, settled_end, last_tick))
    if end_s is None:
        end_s = max(float(recorded.end_tick), start_s)
    elif not start_s < end_s:
        raise RangeError(f"range {start_s:g} to {end_s:g} s is empty; end it after its start")
    if not 0 <= start_s < math.inf or math.isinf(end_s):
        raise RangeError(f"range {start_s:g} to {end_s:g} s cannot be; begin it at 0 or later")
    gaps = [*gaps, GapRow(recorded.end_tick, math.inf, OUTSIDE)]
    blind = join_gaps(_clipped(gaps, start_s, end_s))
    unsettled = [
        GapRow(span.first_tick, span.end_tick, "pending")
        for span in missing_spans(settled, recorded)
    ]
    pending = [
        part
        for gap in _clipped(unsettled, start_s, end_s)
        for part in _without(Interval(gap.start_s, gap.end_s), blind)
    ]
    inside = (frames.t_s >= start_s) & (frames.t_s < end_s)
    previews = int((inside & frames.preview).sum())
    pending_s = _total_s(pending)
    blind_s = _total_s(Interval(gap.start_s, gap.end_s) for gap in blind)
    return Coverage(
        start_s=start_s,
        end_s=end_s,
        seen_s=max(end_s - start_s - blind_s - max(pending_s - previews, 0.0), 0.0),
        frames=int((inside & ~frames.preview).sum()),
        previews=previews,
        blind=tuple(blind),
        pending=tuple(pending),
    )


def blind_seconds(gaps: Iterable[GapRow]) -> dict[str, float]:
    """Return the seconds of ``gaps`` by reason, the longest first."""
    seconds: dict[str, float] = {}
    for gap in gaps:
        seconds[gap.reason] = seconds.get(gap.reason, 0.0) + gap.end_s - gap.start_s
    return dict(sorted(seconds.items(), key=lambda pair: (-pair[1], pair[0])))


def coverage_text(
    coverage: Coverage, *, clock: Callable[[float], str] | None = None, most: int = 3
) -> str:
    """Return ``coverage`` as one line, such as "seen 2 h 51 min of 3 h; blind 9:02 to 9:11: …".

    ``clock`` writes a time of the recording (default m:ss or h:mm:ss); at most ``most`` stretches
    of a kind are named, the longest, in order.
    """
    clock = clock or clock_text
    parts = [f"seen {duration_text(coverage.seen_s)} of {duration_text(coverage.length_s)}"]
    for gap in _longest(coverage.blind, most):
        reason = gap.reason.replace("_", " ").replace("-", " ")
        parts.append(f"blind {clock(gap.start_s)} to {clock(gap.end_s)}: {reason}")
    if len(coverage.blind) > most:
        parts.append(f"blind {len(coverage.blind) - most} times more")
    for stretch in _longest(coverage.pending, most):
        parts.append(f"still to watch {clock(stretch.start_s)} to {clock(stretch.end_s)}")
    if len(coverage.pending) > most:
        parts.append(f"{len(coverage.pending) - most} stretches more still to watch")
    if coverage.previews:
        parts.append(f"{coverage.previews} previews of it used")
    return "; ".join(parts)


def clock_text(t_s: float) -> str:
    """Return ``t_s`` as m:ss or h:mm:ss, rounded down."""
    minutes, seconds = divmod(int(t_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def duration_text(length_s: float) -> str:
    """Return ``length_s`` in its two largest units, rounded down: "2 h 51 min", "45 s", "0.5 s"."""
    if 0 < length_s < 1:
        return f"{max(length_s, 0.1):.1f} s"
    whole_s = int(length_s)
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for place, (name, unit_s) in enumerate(units):
        if whole_s >= unit_s:
            count, rest_s = divmod(whole_s, unit_s)
            below, below_s = units[place + 1] if place + 1 < len(units) else ("", whole_s + 1)
            more = f" {rest_s // below_s} {below}" if rest_s >= below_s else ""
            return f"{count} {name}{more}"
    return "0 s"


def _clipped(gaps: Iterable[GapRow], start_s: float, end_s: float) -> list[GapRow]:
    return [
        GapRow(max(gap.start_s, start_s), min(gap.end_s, end_s), gap.reason)
        for gap in gaps
        if gap.start_s < end_s and gap.end_s > start_s
    ]


def _without(interval: Interval, gaps: Sequence[GapRow]) -> list[Interval]:
    """Return what is left of ``interval`` without ``gaps``, which are in order."""
    left: list[Interval] = []
    start_s = interval.start_s
    for gap in gaps:
        if gap.start_s > start_s and start_s < interval.end_s:
            left.append(Interval(start_s, min(gap.start_s, interval.end_s)))
        start_s = max(start_s, gap.end_s)
        if start_s >= interval.end_s:
            break
    if start_s < interval.end_s:
        left.append(Interval(start_s, interval.end_s))
    return [part for part in left if part.start_s < part.end_s]


def _total_s(intervals: Iterable[Interval]) -> float:
    """Seconds in the union of ``intervals``, which are in order of start."""
    total_s, reached_s = 0.0, -math.inf
    for interval in intervals:
        total_s += max(interval.end_s - max(interval.start_s, reached_s), 0.0)
        reached_s = max(reached_s, interval.end_s)
    return total_s


def _longest(stretches: Sequence[Stretch], most: int) -> list[Stretch]:
    longest = sorted(stretches, key=lambda s: s.start_s - s.end_s)[:most]
    return sorted(longest, key=lambda s: s.start_s)
