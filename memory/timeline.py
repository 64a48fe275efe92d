"""Wall time and a live recording's own time, one from the other, and where a new run begins.

Pure functions. Within a run the recording's time goes by the monotonic clock, between two runs by
the wall clock. Anchors are the moments at which both were read.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

from memory.rows import Anchor, EventRow, GapRow

OFF = "off"
"""Reason of a gap between two runs: nobody watched."""
CLOCK_STEP_S = 2.0
"""Wall clocks that differ from what was expected by less were not set."""
CLOCK_BACK = "wall_clock_back"
CLOCK_SET = "wall_clock_set"


@dataclass(frozen=True, slots=True)
class Timeline:
    """``anchors``, at least one, in order of ``t_s``; the recording ends at ``end_s``.

    Both ways, what lies outside is moved to the nearer end.
    """

    anchors: tuple[Anchor, ...]
    end_s: float = math.inf

    def to_stream_time(self, wall_s: float) -> float:
        """Return the recording's time when the wall clock said ``wall_s``.

        A time that the clock said twice, because it was set back, means the later; one that it
        skipped means the moment at which it was set. Never falls as ``wall_s`` grows.
        """
        # of the anchors that the clock had reached the last one counts, and so on to its end
        at = max((i for i, a in enumerate(self.anchors) if a.wall_s <= wall_s), default=None)
        if at is None:
            return min(self.anchors[0].t_s, self.end_s)
        anchor = self.anchors[at]
        end_s = self.anchors[at + 1].t_s if at + 1 < len(self.anchors) else self.end_s
        return min(anchor.t_s + (wall_s - anchor.wall_s), end_s, self.end_s)

    def to_wall_time(self, t_s: float) -> float:
        """Return what the wall clock said at ``t_s`` of the recording."""
        t_s = max(min(t_s, self.end_s), self.anchors[0].t_s)
        at = bisect.bisect_right(self.anchors, t_s, key=lambda anchor: anchor.t_s) - 1
        anchor = self.anchors[max(at, 0)]
        return anchor.wall_s + (t_s - anchor.t_s)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a run begins: ``first_tick`` is the first that it settles.

    ``anchor``: the recording's time and the wall clock at its beginning; a frame seen Δ s later by
    the monotonic clock is at ``anchor.t_s`` + Δ. What of it lies before ``first_tick`` was settled
    by the run before. ``gap``: the whole seconds in which nobody watched, up to ``first_tick``;
    ``event``: the wall clock was set back.
    """

    first_tick: int
    anchor: Anchor
    gap: GapRow | None = None
    event: EventRow | None = None


def resume(timeline: Timeline, end_tick: int, now_wall_s: float) -> Resumption:
    """Return how a run goes on that begins at ``now_wall_s`` behind the settled ``end_tick``.

    The end of what was settled may lie up to a second ahead of the clock, as a tick is settled when
    it begins. A clock further back than ``CLOCK_STEP_S`` was set: no time has passed then.
    """
    last = timeline.anchors[-1]
    expected_wall_s = last.wall_s + (end_tick - last.t_s)
    passed_s = now_wall_s - expected_wall_s
    event = None
    if passed_s < -CLOCK_STEP_S:
        event = _clock_event(CLOCK_BACK, float(end_tick), passed_s, now_wall_s)
        passed_s = 0.0
    t_s = max(end_tick + passed_s, last.t_s)
    first_tick = max(math.floor(t_s), end_tick)
    gap = GapRow(float(end_tick), float(first_tick), OFF) if first_tick > end_tick else None
    return Resumption(first_tick, Anchor(t_s, now_wall_s, run=True), gap, event)


def clock_step(timeline: Timeline, t_s: float, wall_s: float) -> tuple[Anchor, EventRow] | None:
    """Return the anchor and the event that are due at ``t_s`` if the clock was set in a run."""
    last = timeline.anchors[-1]
    step_s = wall_s - (last.wall_s + (t_s - last.t_s))
    if abs(step_s) <= CLOCK_STEP_S or t_s < last.t_s:
        return None
    kind = CLOCK_BACK if step_s < 0 else CLOCK_SET
    return Anchor(t_s, wall_s), _clock_event(kind, t_s, step_s, wall_s)


def _clock_event(kind: str, t_s: float, step_s: float, wall_s: float) -> EventRow:
    way = "back" if step_s < 0 else "forward"
    return EventRow(t_s, kind, f"the wall clock was set {way} by {abs(step_s):.0f} s", wall_s)
