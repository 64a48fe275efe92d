"""A live source whose items a test writes down; real values through the real seam."""

from __future__ import annotations

import queue
import threading

import numpy as np

from capture import Counters, Frame, Gap, SourceEvent, SourceStatus
from capture.counters import Ledger


def picture(tick: int) -> Frame:
    """A frame of one colour at ``tick``."""
    colour = ((255, 0, 0), (0, 255, 0), (0, 0, 255))[tick // 10 % 3]
    pixels = np.full((48, 64, 3), colour, np.uint8)
    return Frame(pixels, tick + 0.25, tick, "tick", received_s=float(tick), wall_s=1000.0 + tick)


class ScriptedFeed:
    """``put`` what comes; ``finish`` ends it. Ticks count as the real ledger counts them."""

    def __init__(self, first_tick: int = 0) -> None:
        self.first_tick = first_tick
        self.started = threading.Event()
        self.closed = threading.Event()
        self._items: queue.Queue[Frame | Gap | SourceEvent] = queue.Queue()
        self._end = first_tick
        self._ledger = Ledger()
        self._finished = False

    def put(self, *items: Frame | Gap | SourceEvent) -> None:
        for item in items:
            if isinstance(item, Frame):
                self._settle(self._end, item.tick, "covered")
                self._settle(item.tick, item.tick + 1, "seen")
            elif isinstance(item, Gap):
                state = "dropped" if item.reason == "dropped" else "gapped"
                self._settle(round(item.start_s), round(item.end_s), state)
            self._items.put(item)

    def finish(self) -> None:
        self._finished = True

    def _settle(self, start: int, end: int, state) -> None:
        self._ledger.expect(end - self.first_tick)
        self._ledger.settle(start - self.first_tick, end - self.first_tick, state)
        self._end = max(self._end, end)

    @property
    def waiting(self) -> int:
        return self._items.qsize()

    @property
    def ended(self) -> bool:
        return (self._finished or self.closed.is_set()) and self._items.empty()

    def start(self) -> None:
        self.started.set()

    def next_item(self, timeout_s: float) -> Frame | Gap | SourceEvent | None:
        try:
            return self._items.get(timeout=timeout_s) if timeout_s else self._items.get_nowait()
        except queue.Empty:
            return None

    def settled_end(self) -> int:
        return self._end

    def status(self) -> SourceStatus:
        return SourceStatus("seeing", "frames", "", 0.0, 0, None, 0.0, 0)

    def counters(self) -> Counters:
        return self._ledger.counters()

    def close(self) -> None:
        self.closed.set()
