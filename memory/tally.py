"""Counting what a live commit settles, so that its ticks add up. Pure functions."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence

from memory.rows import Counters, GapRow, TickSpan

DROPPED = "dropped"
"""Reason of a gap whose frames came and were dropped for want of time."""


def tally(span: TickSpan, ticks: Sequence[int], gaps: Iterable[GapRow]) -> Counters:
    """Return how the ticks of ``span`` divide; ``ticks`` are those of its frames, in order.

    A tick with a frame is seen; else, if its middle lies in a gap, it is dropped or gapped as the
    gap's reason says (dropped first); else it is covered. Takes no longer for a longer gap.
    """
    ordered = sorted(gaps, key=lambda gap: gap.reason != DROPPED)
    dropped = gapped = 0
    taken: list[TickSpan] = []
    for gap in ordered:
        for part in _without(_ticks_of(gap, span), taken):
            frames = bisect.bisect_left(ticks, part.end_tick) - bisect.bisect_left(
                ticks, part.first_tick
            )
            if gap.reason == DROPPED:
                dropped += part.ticks - frames
            else:
                gapped += part.ticks - frames
            taken.append(part)
    covered = span.ticks - len(ticks) - dropped - gapped
    return Counters(
        expected=span.ticks, seen=len(ticks), covered=covered, dropped=dropped, gapped=gapped
    )


def _ticks_of(gap: GapRow, span: TickSpan) -> TickSpan:
    """The ticks of ``span`` whose middle lies in ``gap``."""
    first_tick = max(math.ceil(gap.start_s - 0.5), span.first_tick)
    return TickSpan(first_tick, max(min(math.ceil(gap.end_s - 0.5), span.end_tick), first_tick))


def _without(span: TickSpan, taken: Iterable[TickSpan]) -> list[TickSpan]:
    """The parts of ``span`` that none of ``taken`` covers."""
    left = [span] if span.ticks else []
    for other in taken:
        parts = [
            part
            for s in left
            for part in (
                TickSpan(s.first_tick, min(s.end_tick, max(other.first_tick, s.first_tick))),
                TickSpan(max(s.first_tick, min(other.end_tick, s.end_tick)), s.end_tick),
            )
        ]
        left = [part for part in parts if part.ticks > 0]
    return left
