"""What waits for a client to read it: bounded; status goes first, text never; no socket here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from apps.server.protocol import FrameDropped, ServerMessage, SourceGap, SourceStatus, text_of

_DROPPABLE = (SourceStatus, SourceGap, FrameDropped)
# A client can do without these: its next source.status and the timeline tell it all again.


class OutboxFullError(Exception):
    """More waits than may, and none of it can be dropped: the client does not read."""


@dataclass(frozen=True, slots=True, eq=False)  # each is itself, also beside one of equal text
class _Letter:
    text: str
    droppable: bool
    status: SourceStatus | None


class Outbox:
    """Messages in order, at most ``most`` of them with at most ``most_bytes`` together.

    A newer status of a source takes the place of its last where that still waits and is of the same
    state. ``dropped`` counts.
    """

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._letters: deque[_Letter] = deque()
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, message: ServerMessage) -> None:
        """Append; drop what may be where too much waits. Raises ``OutboxFullError``."""
        status = message if isinstance(message, SourceStatus) else None
        letter = _Letter(
            text_of(message),  # ASCII: characters are bytes
            isinstance(message, _DROPPABLE),
            status,
        )
        if status is not None and (old := self._renewed(status)) is not None:
            self._letters.remove(old)
            self._bytes -= len(old.text)
        self._letters.append(letter)
        self._bytes += len(letter.text)
        while len(self._letters) > self._most or self._bytes > self._most_bytes:
            self._drop_oldest()

    def take(self) -> str | None:
        """The oldest text, if any."""
        if not self._letters:
            return None
        letter = self._letters.popleft()
        self._bytes -= len(letter.text)
        return letter.text

    def _renewed(self, status: SourceStatus) -> _Letter | None:
        """What waits and says less than ``status`` does."""
        for letter in reversed(self._letters):
            if letter.status is not None and letter.status.source == status.source:
                return letter if letter.status.state == status.state else None
        return None

    def _drop_oldest(self) -> None:
        found = next((one for one in self._letters if one.droppable), None)
        if found is None:
            raise OutboxFullError(
                f"{len(self._letters)} messages of {self._bytes} bytes wait for a client"
            )
        self._letters.remove(found)
        self._bytes -= len(found.text)
        self.dropped += 1
