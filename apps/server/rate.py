"""How much a second may come: a bucket that fills with time; the clock is passed in."""

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


class Rates:
    """A ``Rate`` for each client; of more than ``most`` the least recent is forgotten."""

    def __init__(self, per_s: float, *, most: int) -> None:
        self._per_s, self._most = per_s, most
        self._by_client: dict[str, Rate] = {}

    def allows(self, client: str, now_s: float) -> bool:
        """Whether one more of ``client`` may come at ``now_s``; counts it if so."""
        rate = self._by_client.pop(client, None) or Rate(self._per_s)
        self._by_client[client] = rate  # behind all others
        if len(self._by_client) > self._most:
            del self._by_client[next(iter(self._by_client))]
        return rate.allows(now_s)
