"""Stream times as people write them: ``75``, ``1:15``, ``0:01:15``, ``2h30m``; and back."""

from __future__ import annotations

import re

from apps.errors import TimeTextError

# Only ASCII digits: \d would also take digits of other scripts, which float() reads differently.
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)s?")
_CLOCK = re.compile(r"(?:([0-9]+):)?([0-9]+):([0-9]{2}(?:\.[0-9]+)?)")
_UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_UNITS = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")


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
