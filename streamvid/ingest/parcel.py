"""How a stretch of frames and gaps is cut into parcels that are encoded together.

The cut is a function of the ticks alone, so a memory comes out the same whatever order its blocks
were filled in, however often it was interrupted, and whenever it was committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from memory import BLOCK_TICKS, GapRow, TickSpan


class Ticked(Protocol):
    """Whatever has a tick."""

    @property
    def tick(self) -> int:
        """The whole second it lies in."""


T = TypeVar("T", bound=Ticked)


@dataclass(frozen=True, slots=True, eq=False)
class Parcel(Generic[T]):
    """Settles the ticks ``span``: ``frames`` are encoded in one call (none: nothing to encode).

    Parcels of one block follow each other without a hole; none reaches over a block's end, and no
    gap lies between two frames of one.
    """

    span: TickSpan
    frames: tuple[T, ...]
    gaps: tuple[GapRow, ...]


class ParcelCutter(Generic[T]):
    """Cuts one stretch that begins at a block's first tick; feed it in order of time.

    ``batch_frames``: most frames of a parcel.
    """

    def __init__(self, first_tick: int, *, batch_frames: int) -> None:
        if first_tick % BLOCK_TICKS or batch_frames < 1:
            raise ValueError(
                f"stretch from tick {first_tick} in batches of {batch_frames} cannot be cut;"
                f" begin at a multiple of {BLOCK_TICKS}, with 1 frame or more"
            )
        self._batch_frames = batch_frames
        self._next_tick = first_tick
        self._frames: list[T] = []
        self._gaps: list[GapRow] = []

    @property
    def next_tick(self) -> int:
        """The first tick that no parcel has settled yet."""
        return self._next_tick

    def frame(self, frame: T) -> Iterator[Parcel[T]]:
        """Take the next frame; give the parcels that are complete now."""
        yield from self._leave_blocks_before(frame.tick)
        self._frames.append(frame)
        if len(self._frames) == self._batch_frames:
            yield self._parcel(frame.tick + 1)

    def gap(self, gap: GapRow) -> Iterator[Parcel[T]]:
        """Take the next gap: what comes behind it is encoded apart from what came before."""
        if self._frames:
            yield self._parcel(self._frames[-1].tick + 1)
        self._gaps.append(gap)

    def finish(self, end_tick: int) -> Iterator[Parcel[T]]:
        """The stretch ends at ``end_tick``; give what is left."""
        yield from self._leave_blocks_before(end_tick)
        if end_tick > self._next_tick:
            yield self._parcel(end_tick)

    def _leave_blocks_before(self, tick: int) -> Iterator[Parcel[T]]:
        while (end_tick := (self._next_tick // BLOCK_TICKS + 1) * BLOCK_TICKS) <= tick:
            yield self._parcel(end_tick)

    def _parcel(self, end_tick: int) -> Parcel[T]:
        inside, self._gaps = _cut_at(self._gaps, end_tick)
        parcel = Parcel(TickSpan(self._next_tick, end_tick), tuple(self._frames), tuple(inside))
        self._frames = []
        self._next_tick = end_tick
        return parcel


def unsettled_part(parcel: Parcel[T], settled_end: int) -> Parcel[T] | None:
    """What of ``parcel`` lies at or behind ``settled_end``; ``None`` where nothing does.

    Parcels are cut alike each time, so a parcel is settled whole or not at all, unless the batch
    size was changed in between.
    """
    if parcel.span.end_tick <= settled_end:
        return None
    if parcel.span.first_tick >= settled_end:
        return parcel
    return Parcel(
        TickSpan(settled_end, parcel.span.end_tick),
        tuple(frame for frame in parcel.frames if frame.tick >= settled_end),
        tuple(_clip(gap, settled_end, gap.end_s) for gap in parcel.gaps if gap.end_s > settled_end),
    )


def gapped_ticks(gaps: tuple[GapRow, ...]) -> int:
    """How many ticks ``gaps`` take; their ends are whole seconds."""
    return sum(round(gap.end_s) - round(gap.start_s) for gap in gaps)


def _cut_at(gaps: list[GapRow], end_tick: int) -> tuple[list[GapRow], list[GapRow]]:
    before = [_clip(gap, gap.start_s, end_tick) for gap in gaps if gap.start_s < end_tick]
    behind = [_clip(gap, end_tick, gap.end_s) for gap in gaps if gap.end_s > end_tick]
    return before, behind


def _clip(gap: GapRow, start_s: float, end_s: float) -> GapRow:
    return GapRow(max(gap.start_s, start_s), min(gap.end_s, end_s), gap.reason)
