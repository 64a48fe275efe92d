"""What open pages ask for again and again: read once for all of them, and kept a moment.

It knows neither pictures nor timelines: ``read`` does the reading, in a thread that ``look`` has.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class Look(Protocol):
    """Does short blocking work beside the event loop."""

    def __call__(self, work: Callable[[], T], /) -> Coroutine[Any, Any, T]:
        """Return what ``work`` returns."""


class Growing(Protocol):
    """A source as far as it matters here."""

    @property
    def picture_s(self) -> float | None:
        """The time of its newest picture, where that is known without a look."""


@dataclass(frozen=True, slots=True)
class _Reading(Generic[T]):
    """A read, under way or over, and what was known of its source when it began."""

    began_s: float
    picture_s: float | None
    found: asyncio.Future[T | None]

    @property
    def in_vain(self) -> bool:
        """Whether it is over and brought nothing that may be kept."""
        if not self.found.done():
            return False
        if self.found.cancelled() or self.found.exception() is not None:
            return True
        return self.found.result() is None


class Latest(Generic[T]):
    """The latest of one kind for each source; for the event loop alone.

    What was read less than ``fresh_s`` ago is given at once, without a thread, unless the source
    has a newer picture by now. Of each source at most one read is under way, however many wait for
    it. Errors and ``None`` go to those who waited and are not kept. What was read goes with its
    source: one that is added under the name of a removed one begins anew.
    """

    def __init__(
        self, look: Look, *, fresh_s: float, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._look, self._fresh_s, self._now_s = look, fresh_s, now_s
        self._readings: WeakKeyDictionary[Growing, _Reading[T]] = WeakKeyDictionary()

    async def of(self, source: Growing, read: Callable[[], T | None]) -> T | None:
        """What ``read`` finds of ``source``, or found just now. Raises what it raises."""
        asked_s = self._now_s()
        while True:
            reading = self._readings.get(source)
            if reading is None or reading.in_vain:
                break
            if self._serves(reading, source, asked_s):
                return await asyncio.shield(reading.found)
            if reading.found.done():
                break
            # A slow disk: it may bring what is too old by now. Two at once would make it no faster.
            await asyncio.wait({reading.found})
        reading = _Reading(self._now_s(), source.picture_s, asyncio.ensure_future(self._look(read)))
        self._readings[source] = reading
        # Whoever began it may leave before the others.
        return await asyncio.shield(reading.found)

    def _serves(self, reading: _Reading[T], source: Growing, asked_s: float) -> bool:
        return reading.picture_s == source.picture_s and asked_s - reading.began_s < self._fresh_s
