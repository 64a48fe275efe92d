"""Lines that tell how far each part of an evaluation is: minutes pass between its figures."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

Say = Callable[[str], None]
"""Told one line."""
SAY_EVERY_S = 10.0


class Steps:
    """Counts the steps of one part after another and says where it stands, not too often."""

    def __init__(
        self, say: Say, *, monotonic: Callable[[], float] = time.monotonic, every_s: float
    ) -> None:
        self._say, self._monotonic, self._every_s = say, monotonic, every_s
        self._name, self._unit, self._total, self._done = "", "", 0, 0
        self._began_s = self._said_s = monotonic()

    def begin(self, name: str, total: int, unit: str) -> None:
        """A part of ``total`` steps starts; ``unit`` is what a step is, in the plural."""
        self._name, self._unit, self._total, self._done = name, unit, total, 0
        self._began_s = self._said_s = self._monotonic()
        self._say(f"{name}: {total} {unit}")

    def step(self, steps: int = 1) -> None:
        """So many more steps are done; said, with the time left, if the last line is old enough."""
        self._done += steps
        now_s = self._monotonic()
        if now_s - self._said_s >= self._every_s:
            self._said_s = now_s
            left = ""
            if self._done:
                left = time_left((now_s - self._began_s) * (self._total - self._done) / self._done)
            self._say(f"{self._name}: {self._done} of {self._total} {self._unit}{left}")


def time_left(seconds: float) -> str:
    """``, 3 min left`` or ``, 40 s left``, rounded up to minutes, or to ten seconds; or nothing."""
    if seconds <= 0:
        return ""
    if seconds > 60:
        return f", {math.ceil(seconds / 60)} min left"
    return f", {10 * math.ceil(seconds / 10)} s left"
