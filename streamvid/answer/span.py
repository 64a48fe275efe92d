"""The stretch of time that a question is about, as a person states it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from memory import clock_text
from streamvid.errors import RangeError


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start_s`` to ``end_s`` (``None``: to the end), or the ``last_s`` seconds.

    Seconds of the stream since its first frame. Raises ``RangeError`` where it is empty, negative
    or says both a start and ``last_s``.
    """

    start_s: float | None = None
    end_s: float | None = None
    last_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("start_s", "end_s", "last_s"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise RangeError(f"{name} is {value}; pass a number of seconds from 0")
        if self.last_s is not None and self.start_s is not None:
            raise RangeError("both a start and a last stretch are given; pass one of them")
        if self.last_s == 0:
            raise RangeError("the last 0 s hold nothing; pass more than 0")
        if self.end_s is not None and self.end_s <= (self.start_s or 0.0):
            raise RangeError(
                f"range ends at {_said(self.end_s)}, not after its start at"
                f" {_said(self.start_s or 0.0)}; pass an end after the start"
            )

    @property
    def everything(self) -> bool:
        """Whether it leaves nothing out."""
        return not self.start_s and self.end_s is None and self.last_s is None


def bounds(within: TimeRange, length_s: float) -> tuple[float, float]:
    """Start and end of ``within`` in a recording of ``length_s``, in seconds; the end is later.

    Raises ``RangeError`` where it begins behind the recording's end.
    """
    end_s = length_s if within.end_s is None else within.end_s
    start_s = within.start_s or 0.0
    if within.last_s is not None:
        start_s = max(0.0, end_s - within.last_s)
    if start_s >= length_s > 0:
        raise RangeError(
            f"range begins at {clock_text(start_s)}, the recording ends at"
            f" {clock_text(length_s)}; pass an earlier start"
        )
    return start_s, max(end_s, math.nextafter(start_s, math.inf))


def _said(t_s: float) -> str:
    """A time as people type it, m:ss or h:mm:ss; hundredths only where there are any."""
    t_s = round(t_s, 2)
    return clock_text(t_s) + f"{t_s % 1:.2f}"[1:].rstrip("0").rstrip(".")
