"""Messages of a client, each with the ``type`` that names it on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from apps.server.protocol.bounds import (
    Address,
    Deadline,
    EventId,
    PictureBytes,
    QuestionText,
    Seconds,
    SourceName,
    WallSeconds,
)
from apps.server.protocol.values import Item


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    """Set what further messages leave out; a field that is left out stays as it is."""

    type: ClassVar[str] = "session.update"
    event_id: EventId | None = None
    source: SourceName | None = None
    deadline_ms: Deadline | None = None
    status: bool | None = None
    """Whether ``source.status``, ``source.gap`` and ``frame.dropped`` are wanted."""


@dataclass(frozen=True, slots=True)
class SourceAdd:
    """Have the server watch a further source, if it allows that address."""

    type: ClassVar[str] = "source.add"
    source: SourceName
    address: Address
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class SourceRemove:
    """End a source that a client added; what it remembered is kept."""

    type: ClassVar[str] = "source.remove"
    source: SourceName
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ConversationItemCreate:
    """Put a question; the next ``response.create`` answers it."""

    type: ClassVar[str] = "conversation.item.create"
    item: Item
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ResponseCreate:
    """Answer the question that was put, about a part of a source."""

    type: ClassVar[str] = "response.create"
    event_id: EventId | None = None
    source: SourceName | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    last: Seconds | None = None
    start_wall_s: WallSeconds | None = None
    """The start by the wall clock, in place of ``start``; only where the recording has one."""
    end_wall_s: WallSeconds | None = None
    deadline_ms: Deadline | None = None
    phrase: QuestionText | None = None
    """Look this up for moments, not the question."""
    conversation: Literal["auto", "new", "none"] = "auto"
    """``new``: earlier turns are forgotten first. ``none``: an answer of its own, which rests on no
    earlier turn and is not remembered."""


@dataclass(frozen=True, slots=True)
class ResponseCancel:
    """Stop an answer within one decoding step; without an id, all of the session's answers."""

    type: ClassVar[str] = "response.cancel"
    response_id: EventId | None = None
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class InputVideoFrameAppend:
    """A picture for a pushed source: its JPEG is the next message, binary, of ``size_bytes``."""

    type: ClassVar[str] = "input_video_frame.append"
    source: SourceName
    size_bytes: PictureBytes
    t: Seconds | None = None
    """When it was taken, in seconds on the client's own steady clock."""
    event_id: EventId | None = None


ClientMessage = (
    SessionUpdate
    | SourceAdd
    | SourceRemove
    | ConversationItemCreate
    | ResponseCreate
    | ResponseCancel
    | InputVideoFrameAppend
)
