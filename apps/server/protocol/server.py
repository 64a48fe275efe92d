"""Messages of the server, each with the ``type`` that names it on the wire.

``event_id``, where there is one, is that of the client's message which brought this one about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from apps.server.protocol.bounds import EventId, Seconds, SourceName, WallSeconds, Words
from apps.server.protocol.values import Coverage, Limits, SourceKind, SourceState, Ticks
from streamvid.answer import Timings, Usage

ResponseStatus = Literal["completed", "cancelled", "incomplete", "failed"]


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """The first message: who the client is to the server, and what it may do."""

    type: ClassVar[str] = "session.created"
    session_id: Words
    limits: Limits
    protocol: int = 1
    sources: tuple[SourceName, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionUpdated:
    """What is in force after ``session.update``."""

    type: ClassVar[str] = "session.updated"
    deadline_ms: int
    status: bool
    source: SourceName | None = None
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class SourceAdded:
    """A source is there; sent to every client, ``event_id`` to the one that asked for it."""

    type: ClassVar[str] = "source.added"
    source: SourceName
    kind: SourceKind
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class SourceRemoved:
    """A source is no longer watched; sent to every client."""

    type: ClassVar[str] = "source.removed"
    source: SourceName
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source is doing; ``since`` is POSIX seconds of when the state began.

    ``reason`` is a code, ``detail`` words on it for people, where there are any. ``picture_s`` is
    the time of the newest picture to be fetched, where that is known. ``attempt`` is the number of
    the next attempt in a row, in ``next_attempt_in_s`` or under way.
    """

    type: ClassVar[str] = "source.status"
    source: SourceName
    kind: SourceKind
    state: SourceState
    reason: Words
    since: float
    detail: Words = ""
    title: Words = ""
    length_s: float = 0.0
    expected_s: float | None = None
    previews: int = 0
    ticks: Ticks | None = None
    picture_s: float | None = None
    last_frame_age_s: float | None = None
    reconnects: int = 0
    attempt: int | None = None
    next_attempt_in_s: int | None = None
    memory_bytes: int = 0
    recording_id: Words | None = None
    forgotten_before_s: float | None = None
    """What lay before was dropped to make room; nothing yet without it."""
    disk: Words | None = None
    """``full`` while the disk takes nothing."""


@dataclass(frozen=True, slots=True)
class SourceGap:
    """A stretch that was not seen; without ``end`` it still lasts."""

    type: ClassVar[str] = "source.gap"
    source: SourceName
    start: Seconds
    reason: Words
    end: Seconds | None = None


@dataclass(frozen=True, slots=True)
class FrameDropped:
    """Frames were thrown away because too much waited: ``count`` new ones of ``total``."""

    type: ClassVar[str] = "frame.dropped"
    source: SourceName
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class ConversationItemCreated:
    """The question waits for ``response.create``."""

    type: ClassVar[str] = "conversation.item.created"
    item_id: Words
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class InputVideoFrameAppended:
    """A pushed picture arrived; ``count`` of them so far in this session."""

    type: ClassVar[str] = "input_video_frame.appended"
    source: SourceName
    count: int
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ResponseCreated:
    """An answer is under way; every further message about it has this ``response_id``."""

    type: ClassVar[str] = "response.created"
    response_id: EventId
    source: SourceName
    question: Words
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ResponseOutputTextDelta:
    """The next piece of the answer; pieces add up to its text and never change."""

    type: ClassVar[str] = "response.output_text.delta"
    response_id: EventId
    delta: Words


@dataclass(frozen=True, slots=True)
class ResponseOutputTextDone:
    """All of the answer's text."""

    type: ClassVar[str] = "response.output_text.done"
    response_id: EventId
    text: Words


@dataclass(frozen=True, slots=True)
class ResponseOutputTextAnnotationAdded:
    """A moment that the answer rests on, looked up, best first; ``url`` leads to its still."""

    type: ClassVar[str] = "response.output_text.annotation.added"
    response_id: EventId
    source: SourceName
    t_start: float
    t_end: float
    url: Words
    score: float
    wall_s: WallSeconds | None = None
    """What the wall clock said at ``t_start``; a file's recording has none."""


@dataclass(frozen=True, slots=True)
class ResponseDone:
    """The last message about an answer. ``finish`` says why it ended, as in docs/json.md."""

    type: ClassVar[str] = "response.done"
    response_id: EventId
    status: ResponseStatus
    finish: Literal["stop", "length", "cancelled", "deadline", "blind", "failed"]
    usage: Usage | None = None
    coverage: Coverage | None = None
    exactness: tuple[Words, ...] = ()
    timings: Timings | None = None
    recording_id: Words | None = None
    language_model: Words | None = None


@dataclass(frozen=True, slots=True)
class SessionGoingAway:
    """The server ends within ``within_s``; it closes with 1001."""

    type: ClassVar[str] = "session.going_away"
    reason: Words
    within_s: float


@dataclass(frozen=True, slots=True)
class ErrorRaised:
    """A message was refused, or an answer failed; the session lives on."""

    type: ClassVar[str] = "error"
    code: Words
    message: Words
    retryable: bool
    event_id: EventId | None = None
    param: Words | None = None
    response_id: EventId | None = None
    limit_wall_s: WallSeconds | None = None
    """What a time by the wall clock may reach to that lies outside the recording."""


ServerMessage = (
    SessionCreated
    | SessionUpdated
    | SourceAdded
    | SourceRemoved
    | SourceStatus
    | SourceGap
    | FrameDropped
    | ConversationItemCreated
    | InputVideoFrameAppended
    | ResponseCreated
    | ResponseOutputTextDelta
    | ResponseOutputTextDone
    | ResponseOutputTextAnnotationAdded
    | ResponseDone
    | SessionGoingAway
    | ErrorRaised
)
