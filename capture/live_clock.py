"""Where a picture of a live connection lies in time. Pure: arrival times come as numbers.

A stream's own times are even but start anywhere, jump, wrap or are made up; arrival times are true
but bunched. So a connection's times are its own, anchored at the arrival of its first picture, and
anchored anew where the two clocks part.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

PART_LIMIT_S = 2.0
BEHIND_PATIENCE_S = 2.0
_INTERVALS = 64


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture's time on the monotonic clock, and whether the clocks were anchored anew for it."""

    at_s: float
    is_anchor: bool = False


class LiveClock:
    """The clock of one connection. Times are seconds; ``at_s`` is on the arrival clock.

    With ``by_arrival`` the stream's times are not believed at all. ``offset_s`` is arrival less
    stream time, where that is known before the first picture.
    """

    def __init__(self, *, by_arrival: bool = False, offset_s: float | None = None) -> None:
        self.by_arrival = by_arrival
        self.offset_s = offset_s
        self._newest_pts_s: float | None = None
        self._behind_since_s: float | None = None
        self.lag_s = 0.0

    def place(self, pts_s: float | None, arrival_s: float) -> Placed:
        """The picture with stream time ``pts_s`` (None: it has none) arrived at ``arrival_s``."""
        if pts_s is None or self.by_arrival:
            return Placed(arrival_s)
        if self.offset_s is None:
            self.offset_s = arrival_s - pts_s
        newest_pts_s = pts_s if self._newest_pts_s is None else self._newest_pts_s
        ahead_s = pts_s + self.offset_s - arrival_s
        parted = ahead_s > PART_LIMIT_S or pts_s < newest_pts_s - PART_LIMIT_S
        if parted:
            self.offset_s = arrival_s - pts_s
            ahead_s = 0.0
        self._newest_pts_s = pts_s if parted else max(newest_pts_s, pts_s)
        self.lag_s = -ahead_s
        return Placed(pts_s + self.offset_s, parted)

    def is_behind(self, arrival_s: float, limit_s: float) -> bool:
        """Whether pictures have come more than ``limit_s`` late for longer than a short burst.

        After a pause on the way everything comes at once and the lag is gone in a moment. A lag
        that stays is a queue that nobody empties, or a clock that stood still.
        """
        if self.lag_s <= limit_s:
            self._behind_since_s = None
            return False
        if self._behind_since_s is None:
            self._behind_since_s = arrival_s
        return arrival_s - self._behind_since_s >= BEHIND_PATIENCE_S


class Rhythm:
    """The median time between pictures, over the newest ones; intervals of zero don't count."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._intervals_s: deque[float] = deque(maxlen=_INTERVALS)

    def __len__(self) -> int:
        return len(self._intervals_s)

    def add(self, at_s: float) -> None:
        """A picture at ``at_s``."""
        if self._last_s is not None and at_s > self._last_s:
            self._intervals_s.append(at_s - self._last_s)
        self._last_s = at_s

    def median_s(self) -> float:
        """The median interval in seconds, 0 where there are fewer than two pictures."""
        ordered = sorted(self._intervals_s)
        return ordered[len(ordered) // 2] if ordered else 0.0

    def longest_s(self) -> float:
        """The longest interval in seconds, 0 where there are fewer than two pictures."""
        return max(self._intervals_s, default=0.0)
