"""Values that stand inside messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from apps.server.protocol.bounds import LONGEST_DEADLINE_MS, Count, QuestionText, Words

SourceKind = Literal["file", "live", "pushed"]
SourceState = Literal[
    "waiting",
    "connecting",
    "seeing",
    "stalled",
    "frozen",
    "audio-only",
    "reconnecting",
    "refused",
    "ended",
    "stopped",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a session may do; ``session.created`` tells them. Bursts may be twice a rate."""

    message_bytes: int = 65_536
    """Longest text message."""
    picture_bytes: int = 2**21
    """Longest binary message; a longer one closes the connection with 1009."""
    messages_per_s: float = 20.0
    pictures_per_s: float = 5.0
    responses: int = 2
    """Answers at once."""
    sources: int = 16
    """Sources of the whole server."""
    deadline_ms: int = LONGEST_DEADLINE_MS
    """Longest time for an answer."""
    outgoing_messages: int = 1_000
    """Messages that may wait for a client that does not read."""
    outgoing_bytes: int = 2**20
    """Bytes that may wait for a client that does not read."""


@dataclass(frozen=True, slots=True)
class InputText:
    """A part of an item: what a person typed."""

    text: QuestionText
    type: Literal["input_text"] = "input_text"


@dataclass(frozen=True, slots=True)
class Item:
    """What is said in a conversation: here always a question by a person."""

    content: Annotated[tuple[InputText, ...], Count(1, 4)]
    type: Literal["message"] = "message"
    role: Literal["user"] = "user"

    @property
    def text(self) -> str:
        """All of its parts, a line each."""
        return "\n".join(part.text for part in self.content)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the stream that was not seen, and why."""

    start_s: float
    end_s: float
    reason: Words


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a range was seen, as in docs/json.md."""

    start_s: float
    end_s: float
    seen_s: float
    frames: int
    preview_frames: int
    pending_s: int
    blind: tuple[Stretch, ...]
    text: Words


@dataclass(frozen=True, slots=True)
class Ticks:
    """Whole seconds of a source: expected = seen + covered + dropped + gapped + pending."""

    expected: int
    seen: int
    covered: int
    dropped: int
    gapped: int
    pending: int
