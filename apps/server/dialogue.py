"""One client's side of the protocol: from its messages to what is to be done; no socket, no clock.

``Dialogue`` remembers what earlier messages said (the question that waits, a picture's header,
answers under way) and refuses what cannot be; whoever holds the socket does the ``Deed``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from apps.server.protocol import (
    ClientMessage,
    ConversationItemCreate,
    ConversationItemCreated,
    ErrorRaised,
    InputVideoFrameAppend,
    Limits,
    ProtocolError,
    ResponseCancel,
    ResponseCreate,
    ResponseCreated,
    ServerMessage,
    SessionUpdate,
    SessionUpdated,
    SourceAdd,
    SourceRemove,
    parse_client,
)
from apps.server.rate import Rate
from apps.server.refusals import as_refusal
from streamvid.answer import TimeRange
from streamvid.errors import RangeError

MOST_STRIKES = 100
"""Messages over the rate, one after the other, that a client is told of before it is cut off."""


@dataclass(frozen=True, slots=True)
class Say:
    """Send this."""

    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer a question; ``response.created`` was said."""

    response_id: str
    source: str
    question: str
    within: TimeRange
    phrase: str | None
    deadline_ms: int
    keeps: bool
    event_id: str | None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop these answers."""

    response_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakePicture:
    """A picture came, whole."""

    source: str
    jpeg: bytes = field(repr=False)
    t_s: float | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close with this code."""

    code: int
    reason: str


Deed = Say | Ask | Cancel | TakePicture | HangUp | SourceAdd | SourceRemove


class Dialogue:
    """Mutable: what one session has said so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._source: str | None = None
        self._deadline_ms = limits.deadline_ms
        self.wants_status = True
        self._question: str | None = None
        self._header: InputVideoFrameAppend | None = None
        self._running: dict[str, str | None] = {}  # response id -> source of its conversation
        self._number = 0
        self._messages, self._pictures = Rate(limits.messages_per_s), Rate(limits.pictures_per_s)
        self._strikes = 0

    def receive(self, message: str | bytes, now_s: float, sources: Collection[str]) -> list[Deed]:
        """What ``message`` asks for; what is wrong with it is said, never raised."""
        try:
            if isinstance(message, bytes):
                return self._picture(message, now_s)
            deeds = self._text(message, now_s, sources)
        except ProtocolError as error:
            strikes = self._strikes + 1 if error.code == "rate_limited" else 0
            self._strikes = strikes
            if strikes > MOST_STRIKES:
                return [HangUp(1008, "more messages than the rate that was told")]
            return [Say(refusal(error))]
        self._strikes = 0
        return deeds

    def ended(self, response_id: str) -> None:
        """An answer's last message was said."""
        self._running.pop(response_id, None)

    def _text(self, message: str, now_s: float, sources: Collection[str]) -> list[Deed]:
        if not self._messages.allows(now_s):
            raise ProtocolError("rate_limited", "too many messages; wait a second")
        # Characters are bytes or more of them, and counting them costs nothing.
        if max(len(message), len(message.encode("utf-8", "replace"))) > self._limits.message_bytes:
            raise ProtocolError(
                "too_large", f"message is longer than {self._limits.message_bytes} bytes"
            )
        orphan, self._header = self._header, None
        lost: list[Deed] = []
        if orphan is not None:
            missing = ProtocolError(
                "picture_expected", "the picture of the last header did not follow it",
                event_id=orphan.event_id,
            )  # fmt: skip
            lost.append(Say(refusal(missing)))
        try:
            return lost + self._deeds(parse_client(message), sources)
        except ProtocolError as error:
            return [*lost, Say(refusal(error))]

    def _deeds(self, message: ClientMessage, sources: Collection[str]) -> list[Deed]:
        match message:
            case SessionUpdate():
                return self._update(message, sources)
            case SourceAdd() | SourceRemove():
                return [message]
            case ConversationItemCreate():
                return self._item(message)
            case ResponseCreate():
                return self._response(message, sources)
            case ResponseCancel():
                return self._cancel(message)
            case InputVideoFrameAppend():
                if message.size_bytes > self._limits.picture_bytes:
                    raise ProtocolError(
                        "bad_value",
                        f"size_bytes is {message.size_bytes};"
                        f" pass at most {self._limits.picture_bytes}",
                        param="size_bytes",
                        event_id=message.event_id,
                    )
                self._header = message
                return []

    def _update(self, message: SessionUpdate, sources: Collection[str]) -> list[Deed]:
        deadline_ms = self._deadline(message)
        if message.source is not None:
            self._source = _known(message.source, sources, message.event_id)
        self._deadline_ms = deadline_ms
        if message.status is not None:
            self.wants_status = message.status
        return [
            Say(
                SessionUpdated(self._deadline_ms, self.wants_status, self._source, message.event_id)
            )
        ]

    def _deadline(self, message: SessionUpdate | ResponseCreate) -> int:
        """The message's own, else the session's."""
        asked_ms, most_ms = message.deadline_ms, self._limits.deadline_ms
        if asked_ms is None:
            return self._deadline_ms
        if asked_ms > most_ms:
            raise ProtocolError(
                "bad_value", f"deadline_ms is {asked_ms}; pass at most {most_ms}",
                param="deadline_ms", event_id=message.event_id,
            )  # fmt: skip
        return asked_ms

    def _item(self, message: ConversationItemCreate) -> list[Deed]:
        text = message.item.text
        if not text.strip():
            raise ProtocolError(
                "empty_question", "the question holds no word; ask something",
                param="item.content", event_id=message.event_id,
            )  # fmt: skip
        self._question = text
        return [Say(ConversationItemCreated(self._next("item"), message.event_id))]

    def _response(self, message: ResponseCreate, sources: Collection[str]) -> list[Deed]:
        event_id, deadline_ms = message.event_id, self._deadline(message)
        source = message.source or self._source
        if source is None and len(sources) == 1:
            (source,) = sources
        if source is None:
            raise ProtocolError("no_source", "name a source", param="source", event_id=event_id)
        _known(source, sources, event_id)
        if self._question is None:
            raise ProtocolError(
                "no_item", "no question waits; send conversation.item.create first",
                event_id=event_id,
            )  # fmt: skip
        try:
            within = TimeRange(
                message.start, message.end, message.last, message.start_wall_s, message.end_wall_s
            )
        except RangeError as error:
            raise as_refusal(error, event_id=event_id) from error
        keeps = message.conversation != "none"
        if keeps and source in self._running.values():
            raise ProtocolError(
                "response_in_progress", f"the last answer about {source!r} has not ended",
                event_id=event_id,
            )  # fmt: skip
        if len(self._running) >= self._limits.responses:
            raise ProtocolError(
                "too_many_responses", f"{len(self._running)} answers run already; wait for one",
                event_id=event_id,
            )  # fmt: skip
        question, self._question = self._question, None
        response_id = self._next("resp")
        self._running[response_id] = source if keeps else None
        ask = Ask(
            response_id, source, question, within, message.phrase, deadline_ms, keeps, event_id,
            anew=message.conversation == "new",
        )  # fmt: skip
        return [Say(ResponseCreated(response_id, source, question, event_id)), ask]

    def _cancel(self, message: ResponseCancel) -> list[Deed]:
        if message.response_id is None:
            return [Cancel(tuple(self._running))]
        if message.response_id not in self._running:
            raise ProtocolError(
                "no_response", f"no answer {message.response_id!r} is under way",
                param="response_id", event_id=message.event_id,
            )  # fmt: skip
        return [Cancel((message.response_id,))]

    def _picture(self, jpeg: bytes, now_s: float) -> list[Deed]:
        header, self._header = self._header, None
        if header is None:
            raise ProtocolError(
                "no_picture_header", "no input_video_frame.append announced this binary message"
            )
        if not self._pictures.allows(now_s):
            raise ProtocolError(
                "rate_limited", "too many pictures; wait a second", event_id=header.event_id
            )
        if len(jpeg) != header.size_bytes or not jpeg.startswith(b"\xff\xd8\xff"):
            raise ProtocolError(
                "bad_picture",
                f"picture has {len(jpeg)} bytes; send a JPEG of {header.size_bytes}",
                param="size_bytes",
                event_id=header.event_id,
            )
        self._strikes = 0
        return [TakePicture(header.source, jpeg, header.t, header.event_id)]

    def _next(self, what: str) -> str:
        self._number += 1
        return f"{what}_{self._number}"


def refusal(error: ProtocolError, *, response_id: str | None = None) -> ErrorRaised:
    """``error`` as a message."""
    return ErrorRaised(
        error.code,
        error.message,
        error.retryable,
        event_id=error.event_id,
        param=error.param,
        response_id=response_id,
        limit_wall_s=error.limit_wall_s,
    )


def _known(source: str, sources: Collection[str], event_id: str | None) -> str:
    if source not in sources:
        known = ", ".join(sources) or "none"
        raise ProtocolError(
            "no_source", f"no source {source!r}; there are: {known}",
            param="source", event_id=event_id,
        )  # fmt: skip
    return source
