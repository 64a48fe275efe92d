"""The stretch of time that a question is about, as a person states it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from memory import Timeline, clock_text
from streamvid.errors import RangeError


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start_s`` to ``end_s`` (``None``: to the end), or the ``last_s`` seconds.

    Seconds of the stream since its first frame. ``start_wall_s`` and ``end_wall_s`` say an end by
    the wall clock instead, in POSIX seconds; ``resolved`` turns them into stream time. Raises
    ``RangeError`` where it is empty, negative, or says both a start and ``last_s``, or one end
    twice.
    """

    start_s: float | None = None
    end_s: float | None = None
    last_s: float | None = None
    start_wall_s: float | None = None
    end_wall_s: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise RangeError(f"{name} is {value}; pass a number of seconds from 0", field=name)
        if None not in (self.start_s, self.start_wall_s):
            raise RangeError(
                "a start in stream time and one by the wall clock; pass one of them",
                field="start_wall_s",
            )
        if None not in (self.end_s, self.end_wall_s):
            raise RangeError(
                "an end in stream time and one by the wall clock; pass one of them",
                field="end_wall_s",
            )
        if self.last_s is not None and (self.start_s, self.start_wall_s) != (None, None):
            raise RangeError(
                "both a start and a last stretch are given; pass one of them", field="last_s"
            )
        if self.last_s == 0:
            raise RangeError("the last 0 s hold nothing; pass more than 0", field="last_s")
        if self.end_s is not None and self.end_s <= (self.start_s or 0.0):
            raise RangeError(
                f"range ends at {_said(self.end_s)}, not after its start at"
                f" {_said(self.start_s or 0.0)}; pass an end after the start",
                field="end_s",
            )
        start_wall_s, end_wall_s = self.start_wall_s, self.end_wall_s
        if start_wall_s is not None and end_wall_s is not None and end_wall_s <= start_wall_s:
            raise RangeError(
                f"range ends at {_wall(end_wall_s)}, not after its start at {_wall(start_wall_s)};"
                " pass an end after the start",
                field="end_wall_s",
            )

    @property
    def everything(self) -> bool:
        """Whether it leaves nothing out."""
        ends = (self.end_s, self.last_s, self.start_wall_s, self.end_wall_s)
        return not self.start_s and ends == (None,) * 4

    @property
    def by_wall_clock(self) -> bool:
        """Whether a wall clock says where it begins or ends."""
        return (self.start_wall_s, self.end_wall_s) != (None, None)


EVERYTHING = TimeRange()


def resolved(within: TimeRange, timeline: Timeline | None) -> TimeRange:
    """``within`` in stream time alone, by a recording's ``timeline``, which a file's has none of.

    An end that is still to come leaves the range open. Raises ``RangeError`` where there is no wall
    clock, and where the range lies before or behind what it was read in.
    """
    if not within.by_wall_clock:
        return within
    if timeline is None:
        raise RangeError(
            "the recording has no wall clock, only a live one has; pass times from its start",
            field="end_wall_s" if within.start_wall_s is None else "start_wall_s",
        )
    first_s, last_s = (timeline.to_wall_time(t_s) for t_s in (-math.inf, timeline.end_s))
    start_s, end_s = within.start_s, within.end_s
    if within.start_wall_s is not None:
        if within.start_wall_s >= last_s:
            raise _outside("start_wall_s", within.start_wall_s, last_s)
        start_s = timeline.to_stream_time(within.start_wall_s)
    if within.end_wall_s is not None:
        if within.end_wall_s <= first_s:
            raise _outside("end_wall_s", within.end_wall_s, first_s)
        if within.end_wall_s < last_s:
            end_s = timeline.to_stream_time(within.end_wall_s)
    try:
        return TimeRange(start_s, end_s, within.last_s)
    except RangeError as error:  # the field at fault is one that was passed
        error.field = error.field if within.end_wall_s is None else "end_wall_s"
        raise


def bounds(within: TimeRange, length_s: float) -> tuple[float, float]:
    """Start and end of ``within`` in a recording of ``length_s``, in seconds; the end is later.

    Raises ``RangeError`` where it begins behind the recording's end, or is not ``resolved``.
    """
    within = resolved(within, None)
    end_s = length_s if within.end_s is None else within.end_s
    start_s = within.start_s or 0.0
    if within.last_s is not None:
        start_s = max(0.0, end_s - within.last_s)
    if start_s >= length_s > 0:
        raise RangeError(
            f"range begins at {clock_text(start_s)}, the recording ends at"
            f" {clock_text(length_s)}; pass an earlier start",
            field="end_s" if within.start_s is None else "start_s",
        )
    return start_s, max(end_s, math.nextafter(start_s, math.inf))


def outside_words(field: str, asked_wall_s: float, limit_wall_s: float) -> str:
    """What is said where a range begins behind the recording, or ends before it.

    ``field`` says which. Times are told by the clock and in the zone of this machine: whoever asked
    another one may have it told anew.
    """
    asked, limit = _wall(asked_wall_s), _wall(limit_wall_s)
    if field == "start_wall_s":
        return f"range begins at {asked}, the recording ends at {limit}; pass an earlier start"
    return f"range ends at {asked}, the recording begins at {limit}; pass a later end"


def _outside(field: str, asked_wall_s: float, limit_wall_s: float) -> RangeError:
    words = outside_words(field, asked_wall_s, limit_wall_s)
    return RangeError(words, field=field, limit_wall_s=limit_wall_s)


def _wall(wall_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_s))


def _said(t_s: float) -> str:
    """A time as people type it, m:ss or h:mm:ss; hundredths only where there are any."""
    t_s = round(t_s, 2)
    return clock_text(t_s) + f"{t_s % 1:.2f}"[1:].rstrip("0").rstrip(".")
