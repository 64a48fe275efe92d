"""In which order a file's ticks are decoded: straight through, or block by block as a plan says.

Generators for the decoder's thread.
"""

from __future__ import annotations

from collections.abc import Iterator

from capture import FileSource, Frame, Gap
from memory import BLOCK_TICKS, TickSpan
from streamvid.ingest.decoder import StretchEnd, StretchStart
from streamvid.ingest.plan import BlockPlan

Step = Frame | Gap | StretchStart | StretchEnd
FEW_KEYS = 16
"""With fewer key frames than this a first pass shows too little to be worth its time."""


def straight(source: FileSource, first_tick: int) -> Iterator[Step]:
    """Everything from ``first_tick`` (a block's first) to the end, as one stretch."""
    yield StretchStart(first_tick)
    passing = source.frames(first_tick)
    try:
        yield from passing
    finally:
        passing.close()
    yield StretchEnd(max(source.counters().expected, first_tick))


def by_plan(source: FileSource, plan: BlockPlan) -> Iterator[Step]:
    """The runs of blocks that ``plan`` names; one is left at a block's end for what is wanted."""
    while (span := plan.take()) is not None:
        yield StretchStart(span.first_tick)
        whole = span.first_tick  # blocks before it are decoded to their end
        passing = source.stretch(span.first_tick, span.end_tick - 1)
        try:
            for item in passing:
                block_start = _tick(item) // BLOCK_TICKS * BLOCK_TICKS
                if block_start > whole:
                    plan.leave(TickSpan(whole, block_start))
                    whole = block_start
                    if plan.interrupted:
                        break
                yield item
            else:
                plan.leave(TickSpan(whole, span.end_tick))
                whole = span.end_tick
        finally:
            passing.close()
        yield StretchEnd(whole)


def damage_in(source: FileSource, span: TickSpan) -> tuple[int, int]:
    """Damaged packets and frames in ``span``, as far as any pass over ``source`` has come.

    A pass that is never iterated opens nothing and counts from its first tick to the end.
    """
    there, behind = (source.frames(tick).counters() for tick in (span.first_tick, span.end_tick))
    return (
        there.damaged_packets - behind.damaged_packets,
        there.damaged_frames - behind.damaged_frames,
    )


def _tick(item: Frame | Gap) -> int:
    return item.tick if isinstance(item, Frame) else int(item.start_s)
