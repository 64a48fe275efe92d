"""How many messages a second may come: a bucket that fills with time; the clock is passed in."""

from __future__ import annotations


class Rate:
    """Allows ``per_s`` on the average and twice as many at once."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._left = 2 * per_s
        self._at_s: float | None = None

    def allows(self, now_s: float) -> bool:
        """Whether one more may come at ``now_s``; counts it if so."""
        if self._at_s is not None:
            gained = max(now_s - self._at_s, 0.0) * self._per_s
            self._left = min(self._left + gained, 2 * self._per_s)
        self._at_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
