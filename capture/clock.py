"""Stream time from timestamps that may be absent or go backwards. Pure integer arithmetic."""

from __future__ import annotations

from fractions import Fraction

BACK_LIMIT_S = 2
AHEAD_LIMIT_S = 48 * 3600
"""A hole longer than two days is a broken clock, not a pause."""


class StreamClock:
    """Places pictures on one forward timeline, in ``time_base`` units since the first picture.

    A timestamp more than 2 s behind the newest, or 48 h ahead of it, starts the clock anew: that
    picture follows the newest one by its usual interval. Without a timestamp a picture follows the
    one before by ``interval`` units.
    """

    def __init__(self, time_base: Fraction, *, interval: int) -> None:
        self._back = round(BACK_LIMIT_S / time_base)
        self._ahead = round(AHEAD_LIMIT_S / time_base)
        self._interval = max(1, interval)
        self._offset: int | None = None
        self._newest = 0
        self._first = True
        self.restarts = 0

    def place(self, pts: int | None, *, duration: int = 0) -> int:
        """Units since the first picture; never more than 2 s behind the newest one."""
        step = self._newest + (duration or self._interval) if not self._first else 0
        self._first = False
        if pts is None:
            self._newest = step
            return step
        if self._offset is None:
            self._offset = step - pts
        at = pts + self._offset
        if at < self._newest - self._back or at > self._newest + self._ahead:
            self.restarts += 1
            self._offset = step - pts
            at = step
        self._newest = max(self._newest, at)
        return max(at, 0)
