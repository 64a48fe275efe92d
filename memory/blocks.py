"""Blocks and spans of ticks: how frames are cut into sums, and which sums make up a range.

Pure arithmetic. A block is the ticks [64k, 64k + 64); where a gap lies between two of its frames it
is cut into segments, and each segment holds the sum of its frames' fused prefixes.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memory.rows import BLOCK_TICKS, GapRow, Segment, TickSpan, TimeArray


@dataclass(frozen=True, slots=True)
class RangePlan:
    """How a range's prefix sum is put together from what is stored.

    ``whole``: first ticks of the segments whose stored sums are added. ``edge_ticks``: frames of
    the segments that the range cuts, to be added one by one.
    """

    whole: tuple[int, ...]
    edge_ticks: tuple[int, ...]


def block_of(tick: int) -> TickSpan:
    """Return the block that ``tick`` lies in."""
    first_tick = tick // BLOCK_TICKS * BLOCK_TICKS
    return TickSpan(first_tick, first_tick + BLOCK_TICKS)


def plan_range(segments: Sequence[Segment], ticks: Iterable[int], span: TickSpan) -> RangePlan:
    """Plan the prefix sum over the frames in ``span``.

    ``segments`` in order of tick, at least those that touch ``span``; ``ticks`` are the settled
    frames' ticks in ``span``, in order. Each frame is counted once: by its segment, or by itself.
    """
    whole: list[int] = []
    cut: list[Segment] = []
    for segment in segments:
        if span.first_tick <= segment.first_tick and segment.last_tick < span.end_tick:
            whole.append(segment.first_tick)
        elif segment.last_tick >= span.first_tick and segment.first_tick < span.end_tick:
            cut.append(segment)
    edges = [tick for tick in ticks if any(s.first_tick <= tick <= s.last_tick for s in cut)]
    return RangePlan(tuple(whole), tuple(edges))


def round_to_segments(segments: Sequence[Segment], span: TickSpan) -> TickSpan:
    """Return ``span`` grown so that it cuts no segment: what a `rounded range` answer is about."""
    first_tick, end_tick = span.first_tick, span.end_tick
    for segment in segments:
        if segment.last_tick >= span.first_tick and segment.first_tick < span.end_tick:
            first_tick = min(first_tick, segment.first_tick)
            end_tick = max(end_tick, segment.last_tick + 1)
    return TickSpan(first_tick, end_tick)


def cuts_before(
    t_s: TimeArray, gaps: Sequence[GapRow], *, previous_t_s: float | None = None
) -> npt.NDArray[np.bool_]:
    """Return bool [n]: whether a gap lies between frame i and the one before it.

    ``t_s`` float64 [n] in order; ``previous_t_s`` is the time of the frame before the first, whose
    entry is else False. A gap lies between two frames if part of it does.
    """
    cuts = np.zeros(len(t_s), dtype=np.bool_)
    if len(t_s) == 0:
        return cuts
    before = np.concatenate(([t_s[0] if previous_t_s is None else previous_t_s], t_s[:-1]))
    for gap in gaps:
        # only pairs with before < gap.end_s and after > gap.start_s; both are sorted
        first = int(np.searchsorted(t_s, gap.start_s, side="right"))
        end = int(np.searchsorted(before, gap.end_s, side="left"))
        cuts[first:end] |= before[first:end] < t_s[first:end]
    return cuts


def add_span(spans: Sequence[TickSpan], span: TickSpan) -> list[TickSpan]:
    """Return ``spans`` (in order, apart from each other) with ``span`` joined in."""
    apart = [s for s in spans if s.end_tick < span.first_tick or s.first_tick > span.end_tick]
    touching = [s for s in spans if s.end_tick >= span.first_tick and s.first_tick <= span.end_tick]
    joined = TickSpan(
        min([span.first_tick, *(s.first_tick for s in touching)]),
        max([span.end_tick, *(s.end_tick for s in touching)]),
    )
    return sorted([*apart, joined], key=lambda s: s.first_tick)


def missing_spans(spans: Sequence[TickSpan], within: TickSpan) -> list[TickSpan]:
    """Return the parts of ``within`` that no span covers, in order; ``spans`` are in order."""
    missing: list[TickSpan] = []
    tick = within.first_tick
    for span in spans:
        if span.first_tick > tick and tick < within.end_tick:
            missing.append(TickSpan(tick, min(span.first_tick, within.end_tick)))
        tick = max(tick, span.end_tick)
    if tick < within.end_tick:
        missing.append(TickSpan(tick, within.end_tick))
    return missing


def settled_until(spans: Sequence[TickSpan], tick: int) -> int:
    """Return the end of the span that holds ``tick``, or ``tick`` itself if none does."""
    at = bisect.bisect_right([span.first_tick for span in spans], tick) - 1
    return spans[at].end_tick if at >= 0 and spans[at].end_tick > tick else tick


def join_gaps(gaps: Iterable[GapRow]) -> list[GapRow]:
    """Return ``gaps`` in order, those of one reason that touch or overlap made one."""
    joined: dict[str, GapRow] = {}
    finished: list[GapRow] = []
    for gap in sorted(gaps, key=lambda g: (g.start_s, g.end_s)):
        last = joined.get(gap.reason)
        if last is not None and gap.start_s <= last.end_s:
            gap = GapRow(last.start_s, max(last.end_s, gap.end_s), gap.reason)
        elif last is not None:
            finished.append(last)
        joined[gap.reason] = gap
    return sorted([*finished, *joined.values()], key=lambda g: (g.start_s, g.end_s, g.reason))
