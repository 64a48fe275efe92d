"""Stopping at given strings, wherever the pieces of a text happen to be cut."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Passes text on until one of ``stops`` is complete; holds back what may become one.

    ``stopped`` tells that one came; neither it nor anything behind it is given out. Of several,
    the one that is complete first counts; of those, the longest. Empty strings are ignored.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def feed(self, piece: str) -> str:
        """The text that became certain with ``piece``; nothing once stopped."""
        if self.stopped:
            return ""
        text = self._held + piece
        found = [
            (at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0
        ]  # the first place of each is also where it is complete first
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)[1]]
        keep = self._possible_start(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """What was held back, at the end of the text."""
        rest, self._held = self._held, ""
        return rest

    def _possible_start(self, text: str) -> int:
        """Length of the longest end of ``text`` that a stop string begins with."""
        longest = max((len(stop) for stop in self._stops), default=0)
        for length in range(min(longest - 1, len(text)), 0, -1):
            end = text[len(text) - length :]
            if any(stop.startswith(end) for stop in self._stops):
                return length
        return 0
