"""Times that a question names: "at 20 seconds", "between 1:10 and 1:30", "at the end". English.

Text in, seconds out; knows no recording. What is shown for such a question is looked up there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

EDGE_SHARE = 5
"""The start and the end of a range, where no more than these words are said: a fifth of it."""
MOMENT_S = 1.5
"""How far from a moment, named to the second or as the last picture, a frame still shows it."""

_SMALL_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0}
_CLOCK = r"(?:\d+:)?\d{1,2}:\d{2}"
_NUMBER = rf"(?:\d+(?:\.\d+)?|{'|'.join(_SMALL_NUMBERS)})"
_UNIT = r"(?:hours?|h|minutes?|mins?|m|seconds?|secs?|s)\b"
_TIME = rf"(?:{_CLOCK}|{_NUMBER}\s*{_UNIT})"
_FILM = r"(?:video|clip|film|movie|recording|footage)"
# "at the end of the street" and "at the start line" are places; "of the video" is a time.
_NOWHERE = rf"\b(?! line\b)(?! of (?!(?:the|this) {_FILM}\b))"
_AT_THE = r"\b(?:at|near|towards?|by|in) the (?:very )?"


@dataclass(frozen=True, slots=True)
class _Range:
    start_s: float
    end_s: float

    def share(self, first: float, last: float) -> tuple[float, float]:
        length_s = self.end_s - self.start_s
        return self.start_s + first * length_s, self.start_s + last * length_s


_Stretch = Callable[[re.Match[str], _Range], tuple[float, float]]


def named_stretch(question: str, start_s: float, end_s: float) -> tuple[float, float] | None:
    """The part of [start, end] that ``question`` names, in seconds of the recording.

    Seconds and clock times count from the recording's start; "the first 5 seconds", "the end" and
    "the second half" are those of the range. None where no time is named, where it lies outside the
    range, or where several are: "at the start or at the end?" asks for the time and tells none.
    """
    named = list(_named(" ".join(question.lower().split()), _Range(start_s, end_s)))
    if len(named) != 1:
        return None
    first_s, last_s = max(named[0][0], start_s), min(named[0][1], end_s)
    return (first_s, last_s) if first_s < last_s else None


def _named(text: str, within: _Range) -> Iterator[tuple[float, float]]:
    for pattern, stretch in _EXACT:
        for match in pattern.finditer(text):
            yield stretch(match, within)
    if re.search(r"\b(?:or|before|after)\b", text):
        return  # parts to choose from, or an order of events
    for pattern, stretch in _LOOSE:
        for match in pattern.finditer(text):
            yield stretch(match, within)


def _between(match: re.Match[str], within: _Range) -> tuple[float, float]:
    first, last = match["first"], match["last"]
    if first.replace(".", "").isdigit() or first in _SMALL_NUMBERS:
        unit = re.search(rf"{_UNIT}$", last)  # "between 20 and 24 seconds": the unit of both
        first = f"{first} {unit[0] if unit else 's'}"
    return _seconds(first), _seconds(last)


def _around(match: re.Match[str], within: _Range) -> tuple[float, float]:
    at_s = _seconds(match["at"])
    return at_s - MOMENT_S, at_s + MOMENT_S


def _first_seconds(match: re.Match[str], within: _Range) -> tuple[float, float]:
    return within.start_s, within.start_s + _seconds(match["long"])


def _last_seconds(match: re.Match[str], within: _Range) -> tuple[float, float]:
    return within.end_s - _seconds(match["long"]), within.end_s


def _first_picture(match: re.Match[str], within: _Range) -> tuple[float, float]:
    return within.start_s, within.start_s + MOMENT_S


def _last_picture(match: re.Match[str], within: _Range) -> tuple[float, float]:
    return within.end_s - MOMENT_S, within.end_s


def _share(first: float, last: float) -> _Stretch:
    return lambda match, within: within.share(first, last)


def _seconds(text: str) -> float:
    """``text`` is a clock time, or a number and its unit (``one`` is left out before a unit)."""
    if ":" in text:
        total = 0
        for part in text.split(":"):
            total = 60 * total + int(part)
        return float(total)
    number = re.match(_NUMBER, text)
    unit = text[number.end() if number else 0 :].strip()
    value = number[0] if number else "one"
    counted = _SMALL_NUMBERS.index(value) + 1.0 if value in _SMALL_NUMBERS else float(value)
    return counted * _UNITS_S[unit[0]]


def _table(rows: dict[str, _Stretch]) -> tuple[tuple[re.Pattern[str], _Stretch], ...]:
    return tuple((re.compile(pattern), stretch) for pattern, stretch in rows.items())


_LONG = rf"(?P<long>second|minute|hour|{_NUMBER} {_UNIT})\b"
_EXACT = _table(
    {
        rf"\b(?:between|from) (?P<first>{_TIME}|{_NUMBER}) (?:and|to|until) (?P<last>{_TIME})": (
            _between
        ),
        rf"\bat(?: about| around| roughly)? (?P<at>{_TIME})": _around,
        rf"(?<!after the )\bfirst {_LONG}": _first_seconds,
        rf"(?<!before the )\blast {_LONG}": _last_seconds,
    }
)
_LOOSE = _table(
    {
        rf"{_AT_THE}(?:start|beginning){_NOWHERE}": _share(0, 1 / EDGE_SHARE),
        rf"{_AT_THE}end{_NOWHERE}": _share(1 - 1 / EDGE_SHARE, 1),
        r"\bin the (?:very )?first (?:scene|shot|part)\b": _share(0, 1 / EDGE_SHARE),
        r"\bin the (?:very )?last (?:scene|shot|part)\b": _share(1 - 1 / EDGE_SHARE, 1),
        r"\bin the (?:very )?first (?:picture|frame|image)\b": _first_picture,
        r"\bin the (?:very )?last (?:picture|frame|image)\b": _last_picture,
        rf"\bin the middle of (?:the|this) {_FILM}\b": _share(1 / 3, 2 / 3),
        r"\bin the first half\b": _share(0, 1 / 2),
        r"\bin the second half\b": _share(1 / 2, 1),
    }
)
