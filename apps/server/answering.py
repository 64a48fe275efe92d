"""One answer, in a thread of its own: from the question to ``response.done``; no event loop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict
from urllib.parse import quote

from apps.render import plain
from apps.server.dialogue import Ask, refusal
from apps.server.protocol import (
    Coverage,
    ProtocolError,
    ResponseDone,
    ResponseOutputTextAnnotationAdded,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
    ServerMessage,
    Stretch,
)
from apps.server.protocol.server import ResponseStatus
from apps.server.refusals import as_refusal
from apps.server.room import Room
from apps.server.shelf import KeptTalk, Shelf
from streamvid.answer import Answer, CoverageReport
from streamvid.errors import StreamvidError
from streamvid.session import AnswerStream

_log = logging.getLogger(__name__)
Post = Callable[[ServerMessage], None]

_STATUS: dict[str, ResponseStatus] = {
    "stop": "completed",
    "blind": "completed",
    "length": "incomplete",
    "deadline": "incomplete",
    "cancelled": "cancelled",
}


class Talks:
    """A client's conversations, one for each recording. Each is used by one answer at a time."""

    def __init__(self, room: Room, shelf: Shelf) -> None:
        self._room, self._shelf = room, shelf
        self._lock = threading.Lock()
        self._open: dict[str, KeptTalk] = {}
        self._closed = False

    @contextmanager
    def asked(
        self, asked: Ask, *, stop: threading.Event, deadline_s: float
    ) -> Iterator[AnswerStream]:
        """Ask within the source's conversation. Raises ``ProtocolError``, ``StreamvidError``."""
        talk = self._talk(asked, stop, deadline_s)
        with talk.in_use:
            yield talk.conversation.ask(
                asked.question, within=asked.within, phrase=asked.phrase,
                cancelled=stop.is_set, deadline_s=deadline_s,
            )  # fmt: skip
        self._shelf.used(talk)

    def _talk(self, asked: Ask, stop: threading.Event, deadline_s: float) -> KeptTalk:
        source = self._room.source(asked.source)
        with self._lock:
            take = self._open.pop if asked.anew else self._open.get
            talk = take(source.recording_id or "", None)
        if asked.anew and talk is not None:
            self._free(talk)
            talk = None
        if talk is None:
            opened = self._room.talk(asked.source, cancelled=stop.is_set, deadline_s=deadline_s)
            talk = KeptTalk(opened)
            with self._lock:
                if self._closed:
                    raise ProtocolError("going_away", "the client is gone")
                self._open[source.recording_id or ""] = talk
        return talk

    def close(self) -> None:
        """Free their contexts; their answers have been stopped before."""
        with self._lock:
            self._closed = True
            talks = list(self._open.values())
            self._open.clear()
        for talk in talks:
            self._free(talk)

    def _free(self, talk: KeptTalk) -> None:
        self._shelf.gone(talk)
        with talk.in_use, suppress(StreamvidError):  # then they went with the engine
            talk.conversation.close()


def answer(
    room: Room, talks: Talks, asked: Ask, *, stop: threading.Event, deadline_s: float, post: Post
) -> None:
    """Answer ``asked``, handing ``post`` one message after the other; blocks until all is said.

    ``stop`` ends it within one decoding step. Whatever fails is said, too.
    """
    asking: AbstractContextManager[AnswerStream]
    try:
        if asked.keeps:
            asking = talks.asked(asked, stop=stop, deadline_s=deadline_s)
        else:
            asking = nullcontext(
                room.ask(
                    asked.source, asked.question, within=asked.within, phrase=asked.phrase,
                    cancelled=stop.is_set, deadline_s=deadline_s,
                )
            )  # fmt: skip
        with asking as stream, stream:
            for piece in stream:
                if words := plain(piece):
                    post(ResponseOutputTextDelta(asked.response_id, words))
            result = stream.result()
    except (ProtocolError, StreamvidError) as error:
        if stop.is_set():  # whoever stopped it wants to know no reason
            post(ResponseDone(asked.response_id, "cancelled", "cancelled"))
            return
        refused = as_refusal(error) if isinstance(error, StreamvidError) else error
        refused.event_id = asked.event_id
        post(refusal(refused, response_id=asked.response_id))
        post(ResponseDone(asked.response_id, "failed", "failed"))
    except BaseException:
        _log.exception("answer_failed", extra={"source": asked.source})
        unknown = ProtocolError(
            "failed", "the answer failed; the server's log has more", event_id=asked.event_id
        )
        post(refusal(unknown, response_id=asked.response_id))
        post(ResponseDone(asked.response_id, "failed", "failed"))
        raise
    else:
        for message in closing_messages(asked, result):
            post(message)


def closing_messages(asked: Ask, result: Answer) -> list[ServerMessage]:
    """What follows the pieces of an answer: its text, its moments, and how it was made."""
    said: list[ServerMessage] = [
        ResponseOutputTextDone(asked.response_id, plain(result.text)),
        *(
            ResponseOutputTextAnnotationAdded(
                response_id=asked.response_id,
                source=asked.source,
                t_start=moment.t_s,
                t_end=float(moment.tick + 1),
                url=still_url(asked.source, moment.t_s),
                score=round(moment.score, 6),
                wall_s=moment.wall_s,
            )
            for moment in result.evidence
        ),
        ResponseDone(
            response_id=asked.response_id,
            status=_STATUS[result.finish],
            finish=result.finish,
            usage=result.usage,
            coverage=told_coverage(result.coverage),
            exactness=result.exactness,
            timings=result.timings,
            recording_id=result.recording_id,
            language_model=result.language_model,
        ),
    ]
    return said


def told_coverage(coverage: CoverageReport) -> Coverage:
    """Coverage as clients are told it."""
    blind = tuple(Stretch(float(a), float(b), reason) for a, b, reason in coverage.blind)
    return Coverage(**{**asdict(coverage), "blind": blind})


def still_url(source: str, t_s: float) -> str:
    """Where the picture seen at ``t_s`` is fetched."""
    return f"/stills/{quote(source)}/{t_s!r}"
