"""The seam between a watch and what it watches; ``capture.LiveSource`` is one."""

from __future__ import annotations

from typing import Protocol

from capture import Counters, Frame, Gap, SourceEvent, SourceStatus


class Feed(Protocol):
    """Frames, gaps and changes of state in order of time, from a source that may come and go."""

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more, and everything was taken."""
        ...

    def start(self) -> None:
        """Begin to look; returns at once."""
        ...

    def next_item(self, timeout_s: float) -> Frame | Gap | SourceEvent | None:
        """The next item, ``None`` where there is none for ``timeout_s``."""
        ...

    def settled_end(self) -> int:
        """Behind the last tick of which it is known what became of it."""
        ...

    def status(self) -> SourceStatus:
        """What it is doing now."""
        ...

    def counters(self) -> Counters:
        """Where this run's ticks went so far."""
        ...

    def close(self) -> None:
        """Stop looking; what is there may still be taken."""
        ...
