"""A reader that is kept open for whoever needs the same file next: opening costs up to 30 ms."""

from __future__ import annotations

from threading import Lock

from capture.reader import Reader
from capture.scan import Notes


class Spare:
    """Holds at most one reader, with the notes that were taken of what it has read.

    Safe to use from any thread; a reader that is taken belongs to its taker.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[Reader, Notes | None] | None = None
        self._is_closed = False

    def keep(self, reader: Reader, notes: Notes | None = None) -> None:
        """Hold ``reader`` until it is taken; after ``close`` it is closed at once."""
        with self._lock:
            before, self._held = self._held, (reader, notes)
            gone = [before] if before else []
            if self._is_closed:
                gone, self._held = [*gone, self._held], None
        for old, _ in gone:
            old.close()

    def take(self) -> tuple[Reader | None, Notes | None]:
        """The reader and its notes, None and None if there is none."""
        with self._lock:
            held, self._held = self._held, None
        return held or (None, None)

    def close(self) -> None:
        """Close what is held, and whatever is kept later."""
        with self._lock:
            self._is_closed = True
            held, self._held = self._held, None
        if held:
            held[0].close()
