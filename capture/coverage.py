"""Which ticks without a frame are covered, and which belong to a gap. Pure."""

from __future__ import annotations

from collections.abc import Callable

from capture.counters import Ledger
from capture.frame import Gap, GapReason

COVER_MIN_S = 2.0
COVER_INTERVALS = 3.0


def cover_limit_s(median_interval_s: float) -> float:
    """How far from a stored frame a tick may be and still be covered by it."""
    return max(COVER_MIN_S, COVER_INTERVALS * median_interval_s)


class Coverage:
    """Settles every tick of a pass, in order, as seen, covered or gapped.

    ``last_t_s`` is the time of the last frame stored before ``first_tick``, None if there is none
    near enough to matter. ``is_undecodable`` says of a tick whether the stream has pictures there.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        first_tick: int,
        limit_s: float,
        last_t_s: float | None,
        is_undecodable: Callable[[int], bool],
    ) -> None:
        self._ledger = ledger
        self._limit_s = limit_s
        self._is_undecodable = is_undecodable
        self.last_t_s = last_t_s
        self.next_tick = first_tick

    def see(self, tick: int, t_s: float) -> list[Gap]:
        """A frame stands for ``tick`` (not before ``next_tick``); returns the gaps before it."""
        gaps = self.settle_until(tick)
        self._ledger.settle(tick, tick + 1, "seen")
        self.last_t_s = t_s
        self.next_tick = tick + 1
        return gaps

    def settle_until(self, end_tick: int) -> list[Gap]:
        """Nothing more comes before ``end_tick``: settle what is open; returns its gaps."""
        first = self.next_tick
        covered_end = first
        if self.last_t_s is not None:
            while covered_end < end_tick and covered_end - self.last_t_s <= self._limit_s:
                covered_end += 1
        self._ledger.settle(first, covered_end, "covered")
        self._ledger.settle(covered_end, max(covered_end, end_tick), "gapped")
        self.next_tick = max(first, end_tick)
        return self._gaps(covered_end, end_tick)

    def _gaps(self, first_tick: int, end_tick: int) -> list[Gap]:
        gaps: list[Gap] = []
        start = first_tick
        while start < end_tick:
            undecodable = self._is_undecodable(start)
            end = start + 1
            while end < end_tick and self._is_undecodable(end) == undecodable:
                end += 1
            reason: GapReason = "undecodable" if undecodable else "no frames"
            gaps.append(Gap(float(start), float(end), reason))
            start = end
        return gaps
