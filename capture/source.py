"""The seam between capture and whoever reads a source from its beginning to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from capture.counters import Counters
from capture.frame import Frame, Gap


class VideoSource(Protocol):
    """Frames and gaps in time order, from anything that shows pictures."""

    def __iter__(self) -> Iterator[Frame | Gap]:
        """Frames and gaps in time order; ends at the end of the source or after ``close``."""
        ...

    def counters(self) -> Counters:
        """Where the ticks went so far; the identity of ``Counters`` holds at any moment."""
        ...

    def close(self) -> None:
        """Stop; callable from any thread at any moment, more than once."""
        ...
