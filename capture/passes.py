"""One run over some ticks of a source, as an iterator that other threads may watch and end."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Lock

from capture.counters import Counters, Ledger
from capture.frame import Frame, Gap
from capture.reader import PassStoppedError


class Pass:
    """Frames and gaps in time order over some ticks; an iterator with counters of its own ticks.

    One thread iterates; ``counters`` and ``close`` may be called from any. After the source or the
    pass was closed it just ends, and what was not settled stays pending.
    """

    def __init__(
        self, ledger: Ledger, first_tick: int, end_tick: int | None, steps: Iterator[Frame | Gap]
    ) -> None:
        self._ledger = ledger
        self._first_tick, self._end_tick = first_tick, end_tick
        self._steps = steps
        self._busy = Lock()
        self._stop = Event()

    def __iter__(self) -> Iterator[Frame | Gap]:
        return self

    def __next__(self) -> Frame | Gap:
        with self._busy:
            if not self._stop.is_set():
                try:
                    return next(self._steps)
                except PassStoppedError:
                    pass
            self._close_steps()
            raise StopIteration

    def counters(self) -> Counters:
        """Counts over this pass's ticks; the identity holds at any moment."""
        return self._ledger.counters(self._first_tick, self._end_tick)

    def close(self) -> None:
        """End the pass; what holds the file is freed now, or when the running step returns."""
        self._stop.set()
        if self._busy.acquire(blocking=False):
            try:
                self._close_steps()
            finally:
                self._busy.release()

    def _close_steps(self) -> None:
        closes = getattr(self._steps, "close", None)
        if closes is not None:
            closes()
