"""Whether key pictures alone are enough for a live source, from when its packets come. Pure."""

from __future__ import annotations

from collections import deque

from capture.live_settings import Decode

_MEASURED = 3
_SLACK_S = 1e-3


class KeyMeter:
    """Measures the time between key packets and decides, at key packets only, what is decoded.

    ``keys_only`` holds from one key packet to the next. "auto" asks for three intervals in a row
    of at most ``sampling_s``, and takes all pictures again after the first longer one.
    """

    def __init__(self, decode: Decode, *, sampling_s: float = 1.0) -> None:
        self._decode = decode
        self._sampling_s = sampling_s
        self._last: tuple[float, bool] | None = None
        self._intervals_s: deque[float] = deque(maxlen=_MEASURED)
        self.keys_only = decode == "keys"

    def key(self, pts_s: float | None, arrival_s: float) -> bool:
        """A key packet with stream time ``pts_s``, if it has one; whether ``keys_only`` changed.

        Intervals are taken between times of one kind: a first packet without a time is common.
        """
        at_s, is_timed = (arrival_s, False) if pts_s is None else (pts_s, True)
        if self._last is not None and self._last[1] == is_timed:
            self._intervals_s.append(abs(at_s - self._last[0]))
        self._last = (at_s, is_timed)
        if self._decode != "auto":
            return False
        is_dense = self.is_sure and max(self._intervals_s) <= self._sampling_s + _SLACK_S
        changed = is_dense != self.keys_only
        self.keys_only = is_dense
        return changed

    @property
    def is_sure(self) -> bool:
        """Whether enough intervals were measured."""
        return len(self._intervals_s) == _MEASURED

    @property
    def interval_s(self) -> float | None:
        """The longest of the newest intervals between key packets, None before there is one."""
        return max(self._intervals_s, default=None)
