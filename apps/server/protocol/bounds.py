"""Bounds of a message's fields, as they stand in its annotations; each checks one value."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated

_SHOWN_CHARS = 60
NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_.-]*"


class OutOfBoundsError(ValueError):
    """A value that its field cannot have; says what it may be."""


@dataclass(frozen=True, slots=True)
class Chars:
    """A text of ``least`` to ``most`` characters that UTF-8 can hold and ``pattern`` matches."""

    least: int
    most: int
    pattern: str | None = None

    def check(self, value: str) -> None:
        """Raises ``OutOfBoundsError``."""
        if not self.least <= len(value) <= self.most:
            raise OutOfBoundsError(f"has {len(value)} characters; pass {self.least} to {self.most}")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise OutOfBoundsError("holds half a character; pass text that UTF-8 can hold")
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise OutOfBoundsError(
                f"is {shown(value)}; pass letters, digits, '_', '.', '-', not those three first"
            )


@dataclass(frozen=True, slots=True)
class Between:
    """A finite number from ``least`` to ``most``."""

    least: float
    most: float

    def check(self, value: float) -> None:
        """Raises ``OutOfBoundsError``."""
        # Whole numbers of any size compare, but not all of them become a float.
        if not (self.least <= value <= self.most) or not math.isfinite(value):
            raise OutOfBoundsError(f"is {shown(value)}; pass {self.least:g} to {self.most:g}")


@dataclass(frozen=True, slots=True)
class Count:
    """A list of ``least`` to ``most`` entries."""

    least: int
    most: int

    def check(self, value: tuple[object, ...]) -> None:
        """Raises ``OutOfBoundsError``."""
        if not self.least <= len(value) <= self.most:
            raise OutOfBoundsError(f"has {len(value)} entries; pass {self.least} to {self.most}")


Bound = Chars | Between | Count


def shown(value: object) -> str:
    """``value`` in a message: no more than a line of it."""
    try:
        text = ascii(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number too long to write"
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 3]}..."


LONGEST_S = 1e9
"""Thirty years: no recording reaches it, and seconds stay exact to the microsecond."""

LATEST_WALL_S = 2.5e11
"""The year 9892: a calendar in any time zone can still show it."""

LONGEST_DEADLINE_MS = 120_000

SOURCE_NAME = Chars(1, 64, NAME_PATTERN)

EventId = Annotated[str, Chars(1, 64)]
SourceName = Annotated[str, SOURCE_NAME]
Address = Annotated[str, Chars(1, 2048)]
Seconds = Annotated[float, Between(0.0, LONGEST_S)]
WallSeconds = Annotated[float, Between(0.0, LATEST_WALL_S)]
Deadline = Annotated[int, Between(1, LONGEST_DEADLINE_MS)]
QuestionText = Annotated[str, Chars(1, 8_000)]
PictureBytes = Annotated[int, Between(1, 2**21)]
Words = Annotated[str, Chars(0, 100_000)]
