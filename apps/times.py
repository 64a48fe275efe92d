"""Times as people write them, and back.

Stream times ``75``, ``1:15``, ``0:01:15``, ``2h30m``; wall-clock times ``@14:02``, ``@14:02:30``,
``@2026-11-24T14:02``. A zone of ``None`` is this machine's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from datetime import time as day_time

from apps.errors import TimeTextError

# Only ASCII digits: \d would also take digits of other scripts, which float() reads differently.
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)s?")
_CLOCK = re.compile(r"(?:([0-9]+):)?([0-9]+):([0-9]{2}(?:\.[0-9]+)?)")
_WALL = re.compile(
    r"@(?:([0-9]{4})-([0-9]{2})-([0-9]{2})T)?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?"
)
_UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_UNITS = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")


@dataclass(frozen=True, slots=True)
class WallTime:
    """What a wall clock said, in POSIX seconds."""

    wall_s: float


def parse_moment(text: str, *, now_s: float, zone: tzinfo | None = None) -> float | WallTime:
    """A stream time, or behind an ``@`` a wall-clock time. Raises ``TimeTextError``.

    Without a date it is the latest such time that is past at ``now_s`` (POSIX seconds) in
    ``zone``.
    """
    stripped = text.strip()
    if not stripped.startswith("@"):
        return parse_time(text)
    match = _WALL.fullmatch(stripped)
    if match is None:
        raise TimeTextError(
            f"{text!r} is no wall-clock time; write @14:02, @14:02:30 or @2026-11-24T14:02"
        )
    try:
        clock = day_time(int(match[4]), int(match[5]), int(match[6] or 0))
        if match[1] is None:
            return WallTime(_latest(clock, now_s, zone))
        day = date(int(match[1]), int(match[2]), int(match[3]))
        wall_s = datetime.combine(day, clock, zone).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise TimeTextError(f"{text!r} is on no clock or calendar; write it anew") from error
    if wall_s < 0:
        raise TimeTextError(f"{text!r} lies before 1970; write a later date")
    return WallTime(wall_s)


def _latest(clock: day_time, now_s: float, zone: tzinfo | None) -> float:
    """The newest moment until ``now_s`` at which a clock in ``zone`` said ``clock``.

    One day may have that time twice or not at all, where the clocks change.
    """
    today = datetime.fromtimestamp(now_s, zone).date()
    for back_days in range(4):
        day = today - timedelta(days=back_days)
        said = [datetime.combine(day, clock.replace(fold=fold), zone) for fold in (0, 1)]
        past_s = [
            wall_s
            for wall_s in (moment.timestamp() for moment in said)
            if wall_s <= now_s and datetime.fromtimestamp(wall_s, zone).time() == clock
        ]
        if past_s:
            return max(past_s)
    raise TimeTextError(f"no clock said {clock} in the last days; write the date, too")


def format_wall(wall_s: float, *, dated: bool, zone: tzinfo | None = None) -> str:
    """``14:02:11``, or with its date ``2026-11-24 14:02:11``, as clocks in ``zone`` say it."""
    form = "%Y-%m-%d %H:%M:%S" if dated else "%H:%M:%S"
    return datetime.fromtimestamp(wall_s, zone).strftime(form)


def is_of_day(wall_s: float, now_s: float, zone: tzinfo | None = None) -> bool:
    """Whether ``wall_s`` lies in the day that it is at ``now_s``, both in POSIX seconds."""
    day = datetime.fromtimestamp(now_s, zone).date()
    begins, ends = (
        datetime.combine(day + timedelta(days=days), day_time(), zone).timestamp()
        for days in (0, 1)
    )
    return begins <= wall_s < ends


def parse_time(text: str) -> float:
    """Seconds of ``text``: ``75``, ``m:ss``, ``h:mm:ss`` or ``2h30m``. Raises ``TimeTextError``."""
    stripped = text.strip()
    if match := _SECONDS.fullmatch(stripped):
        return float(match[1])
    if stripped and (match := _UNITS.fullmatch(stripped.lower())):
        pairs = zip(match.groups(), _UNITS_S.values(), strict=True)
        return float(sum(int(count) * unit_s for count, unit_s in pairs if count))
    match = _CLOCK.fullmatch(stripped)
    if match is None:
        raise TimeTextError(f"{text!r} is no time; write seconds, m:ss, h:mm:ss or 2h30m")
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), float(match[3])
    if seconds >= 60 or (match[1] is not None and minutes >= 60):
        raise TimeTextError(f"{text!r} has more than 59 in a place that ends there; write h:mm:ss")
    return hours * 3600 + minutes * 60 + seconds


def format_time(t_s: float) -> str:
    """``m:ss`` below an hour, ``h:mm:ss`` from there on; parts of a second are cut off."""
    minutes, seconds = divmod(int(max(t_s, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
