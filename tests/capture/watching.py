"""Reading a live source in tests, and the sums that must hold of what was read."""

from __future__ import annotations

import time
from collections.abc import Callable

import capture
from capture import Frame, Gap, LiveSource, SourceEvent

Item = Frame | Gap | SourceEvent


def quick(**changes) -> capture.LiveSettings:
    """Settings with limits that a test can wait for."""
    values = {
        "first_frame_s": 4.0,
        "stall_s": 2.0,
        "frozen_s": 2.0,
        "backoff_s": (0.3, 0.3, 0.6),
        "healthy_s": 1.0,
        "refused_retry_s": 0.5,
    }
    return capture.LiveSettings(**(values | changes))


class Reader:
    """Reads a source and keeps what came, with the wall time of each arrival."""

    def __init__(self, source: LiveSource) -> None:
        self.source = source
        self.items: list[Item] = []
        self.read_s: list[float] = []

    @property
    def frames(self) -> list[Frame]:
        return [item for item in self.items if isinstance(item, Frame)]

    @property
    def gaps(self) -> list[Gap]:
        """Gaps with those that touch and share their reason joined."""
        out: list[Gap] = []
        for gap in (item for item in self.items if isinstance(item, Gap)):
            if out and (out[-1].end_s, out[-1].reason) == (gap.start_s, gap.reason):
                gap = Gap(out.pop().start_s, gap.end_s, gap.reason)
            out.append(gap)
        return out

    @property
    def states(self) -> list[str]:
        """States in order, each once in a row."""
        states = [item.state for item in self.items if isinstance(item, SourceEvent)]
        return [s for n, s in enumerate(states) if n == 0 or states[n - 1] != s]

    def event(self, state: str, after: int = 0) -> SourceEvent:
        """The first event of ``state``, from the item ``after`` on."""
        return next(
            i for i in self.items[after:] if isinstance(i, SourceEvent) and i.state == state
        )

    def until(self, done: Callable[[], bool], timeout_s: float) -> None:
        """Read until ``done``; fails if that takes longer than ``timeout_s``."""
        deadline_s = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline_s:
                raise AssertionError(f"not in {timeout_s} s: {self.source.status()} {self.items}")
            self.take(0.05)

    def for_s(self, seconds: float) -> None:
        """Read for so long."""
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s:
            self.take(0.05)

    def take(self, timeout_s: float) -> None:
        item = self.source.next_item(timeout_s)
        counts = self.source.counters()
        assert counts.expected == (
            counts.seen + counts.covered + counts.dropped + counts.gapped + counts.pending
        )
        if item is not None:
            self.items.append(item)
            self.read_s.append(time.monotonic())

    def finish(self) -> None:
        """Close the source, read the rest, check every sum."""
        self.source.close()
        while not self.source.ended:
            self.take(0.1)
        check(self.items, self.source)


def check(items: list[Item], source: LiveSource, first_tick: int = 0) -> None:
    """Each tick is told once, in order, and counters say the same."""
    seen = dropped = gapped = 0
    next_tick = first_tick
    for item in items:
        if isinstance(item, Frame):
            assert item.tick >= next_tick
            assert item.tick <= item.t_s < item.tick + 1
            seen += 1
            next_tick = item.tick + 1
        elif isinstance(item, Gap):
            assert item.start_s >= next_tick
            assert item.end_s > item.start_s
            ticks = int(item.end_s - item.start_s)
            dropped += ticks if item.reason == "dropped" else 0
            gapped += ticks if item.reason != "dropped" else 0
            next_tick = int(item.end_s)
    counts = source.counters()
    assert (counts.seen, counts.dropped, counts.gapped) == (seen, dropped, gapped)
    assert counts.pending == 0
    assert counts.expected == source.settled_end() - first_tick
    assert counts.expected == seen + dropped + gapped + counts.covered
