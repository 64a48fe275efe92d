"""What a live source gave since the last commit, in order of ticks, until it is on the disk.

Pure bookkeeping: it knows no thread, no clock, no source and no database.
"""

from __future__ import annotations

from dataclasses import replace

from memory import DROPPED, Anchor, Batch, EventRow, FrameRow, GapRow, TickSpan

MOST_EVENTS = 256
"""Events that wait for a commit; the oldest goes first, as status messages may."""


class Backlog:
    """Encoded frames, gaps and events behind ``next_tick``, the first that is not on the disk."""

    def __init__(self, next_tick: int) -> None:
        self.next_tick = next_tick
        self.end_tick = next_tick
        """Behind the last tick that a frame or a gap has settled."""
        self._frames: list[FrameRow] = []
        self._gaps: list[GapRow] = []
        self._events: list[EventRow] = []
        self._anchors: list[Anchor] = []

    @property
    def frames(self) -> int:
        """Frames that wait."""
        return len(self._frames)

    def frame(self, row: FrameRow) -> None:
        """The next tick with a frame; those passed over were covered by the one before."""
        self._pass(row.tick)
        self._frames.append(row)
        self.end_tick = row.tick + 1

    def gap(self, gap: GapRow) -> None:
        """The next ticks without one; joined to the gap before where they touch and agree."""
        self._pass(round(gap.start_s))
        self._gaps = _joined([*self._gaps, gap])
        self.end_tick = round(gap.end_s)

    def event(self, event: EventRow) -> None:
        """Something to be stored with the next commit."""
        self._events.append(event)
        del self._events[:-MOST_EVENTS]

    def anchor(self, anchor: Anchor) -> None:
        """A reading of the wall clock to be stored with the next commit."""
        self._anchors.append(anchor)

    def settle(self, end_tick: int) -> None:
        """Ticks before ``end_tick`` that nothing was said of are covered."""
        self.end_tick = max(self.end_tick, end_tick)

    def batch(self) -> Batch | None:
        """All that waits as one commit; ``None`` while no further tick is settled."""
        if self.end_tick == self.next_tick:
            return None
        return Batch(
            TickSpan(self.next_tick, self.end_tick),
            tuple(self._frames),
            tuple(self._gaps),
            events=tuple(self._events),
            anchors=tuple(self._anchors),
        )

    def committed(self) -> None:
        """What ``batch`` gave last is on the disk."""
        self.next_tick = self.end_tick
        self._frames, self._gaps, self._events, self._anchors = [], [], [], []

    def shed(self, most_frames: int) -> int:
        """Give up the oldest frames beyond ``most_frames``: their ticks become dropped ones.

        For a disk that takes nothing: what waits must stay bounded. Gives how many went.
        """
        gone = self._frames[: max(0, len(self._frames) - most_frames)]
        self._frames = self._frames[len(gone) :]
        lost = [GapRow(float(row.tick), float(row.tick + 1), DROPPED) for row in gone]
        self._gaps = _joined(sorted([*self._gaps, *lost], key=lambda gap: gap.start_s))
        return len(gone)

    def _pass(self, tick: int) -> None:
        if tick < self.end_tick:
            raise ValueError(f"tick {tick} is settled up to {self.end_tick}; go on behind it")


def _joined(gaps: list[GapRow]) -> list[GapRow]:
    """``gaps``, in order; those that touch and agree as one."""
    joined: list[GapRow] = []
    for gap in gaps:
        last = joined[-1] if joined else None
        if last is not None and last.end_s == gap.start_s and last.reason == gap.reason:
            joined[-1] = replace(last, end_s=gap.end_s)
        else:
            joined.append(gap)
    return joined
