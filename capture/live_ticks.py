"""What becomes of each tick of a live source: seen, covered, dropped or gapped, once. Pure.

Unlike a file's ledger it holds no state per tick, since a camera may run for years: ticks are
settled in order, as what was seen is handed to the reader.
"""

from __future__ import annotations

from capture.counters import Counters
from capture.coverage import COVER_MIN_S
from capture.frame import Gap, GapReason


class LiveTicks:
    """Settles ticks from ``first_tick`` on, each exactly once.

    ``end_tick`` is the first tick that is not settled.
    """

    def __init__(self, first_tick: int) -> None:
        self.end_tick = first_tick
        self._first_tick = first_tick
        self._limit_s = COVER_MIN_S
        self._stored_s: float | None = None
        self._lost_s: float | None = None
        self._seen = self._covered = self._dropped = self._gapped = 0

    def see(self, tick: int, t_s: float, *, limit_s: float) -> list[Gap]:
        """A frame stands for ``tick`` and covers up to ``limit_s``; returns the gaps before it.

        Raises ValueError for a tick that is settled.
        """
        gaps = self._until_frame(tick)
        self._seen += 1
        self._stored_s, self._lost_s, self._limit_s = t_s, None, limit_s
        self.end_tick = tick + 1
        return gaps

    def drop(self, tick: int, t_s: float) -> list[Gap]:
        """The frame of ``tick`` was thrown away; what it alone would have covered goes with it."""
        gaps = self._until_frame(tick)
        self._dropped += 1
        self._lost_s = t_s
        self.end_tick = tick + 1
        return _joined([*gaps, Gap(float(tick), float(tick + 1), "dropped")])

    def until(self, end_tick: int, reason: GapReason) -> list[Gap]:
        """No frame comes before ``end_tick``, for ``reason``; returns the gaps."""
        gaps = []
        for tick in range(self.end_tick, end_tick):
            if self._reaches(self._stored_s, tick):
                self._covered += 1
            elif self._reaches(self._lost_s, tick):
                self._dropped += 1
                gaps.append(Gap(float(tick), float(tick + 1), "dropped"))
            else:
                # Neither frame reaches any further tick.
                self._dropped += end_tick - tick if reason == "dropped" else 0
                self._gapped += end_tick - tick if reason != "dropped" else 0
                gaps.append(Gap(float(tick), float(end_tick), reason))
                break
        self.end_tick = max(self.end_tick, end_tick)
        return _joined(gaps)

    def counters(self, expected_end: int) -> Counters:
        """Counts with the ticks before ``expected_end`` expected; unsettled ones are pending."""
        end = max(expected_end, self.end_tick)
        return Counters(
            expected=end - self._first_tick,
            seen=self._seen,
            covered=self._covered,
            dropped=self._dropped,
            gapped=self._gapped,
            pending=end - self.end_tick,
        )

    def _until_frame(self, tick: int) -> list[Gap]:
        if tick < self.end_tick:
            raise ValueError(f"tick {tick} is settled; the next one is {self.end_tick}")
        return self.until(tick, "no frames")

    def _reaches(self, from_s: float | None, tick: int) -> bool:
        return from_s is not None and tick - from_s <= self._limit_s


def _joined(gaps: list[Gap]) -> list[Gap]:
    """``gaps`` with those that touch and share their reason made one."""
    out: list[Gap] = []
    for gap in gaps:
        if out and (out[-1].end_s, out[-1].reason) == (gap.start_s, gap.reason):
            gap = Gap(out.pop().start_s, gap.end_s, gap.reason)
        out.append(gap)
    return out
