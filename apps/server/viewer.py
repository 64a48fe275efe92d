"""One client's connection: carries messages between its socket, its dialogue and the room."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from functools import partial

from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.server.answering import Talks, answer
from apps.server.dialogue import Ask, Cancel, Deed, Dialogue, HangUp, Say, TakePicture, refusal
from apps.server.lobby import Lobby
from apps.server.outbox import Outbox, OutboxFullError
from apps.server.protocol import (
    InputVideoFrameAppended,
    ProtocolError,
    ResponseDone,
    ServerMessage,
    SessionCreated,
    SourceAdd,
    SourceAdded,
    SourceRemove,
    SourceRemoved,
)
from apps.server.transport import hang_up_of

_log = logging.getLogger(__name__)


class Viewer:
    """Serves one accepted websocket until it ends; for the event loop alone."""

    def __init__(self, socket: WebSocket, lobby: Lobby, session_id: str) -> None:
        self._socket, self._lobby, self._session_id = socket, lobby, session_id
        limits = lobby.limits
        self._dialogue = Dialogue(limits)
        self._outbox = Outbox(most=limits.outgoing_messages, most_bytes=limits.outgoing_bytes)
        self._filled = asyncio.Event()
        self._stops: dict[str, threading.Event] = {}
        self._talks = Talks(lobby.room, lobby.shelf)
        self._pictures = 0
        self._sending = False
        self._gone = False
        self._close = hang_up_of(socket)

    @property
    def wants_status(self) -> bool:
        """Whether it is told how sources do."""
        return self._dialogue.wants_status

    @property
    def busy(self) -> bool:
        """Whether an answer is under way, or something waits to be sent."""
        return bool(self._stops) or self._sending or len(self._outbox) > 0

    async def serve(self) -> None:
        """Carry messages until either side closes."""
        began_s = time.monotonic()
        self.post(
            SessionCreated(self._session_id, self._lobby.limits, sources=self._lobby.room.names())
        )
        self._lobby.enter(self)
        sender = asyncio.create_task(self._send())
        try:
            for status in await self._lobby.look(self._lobby.statuses):
                self.post(status)
            await self._receive()
        except WebSocketDisconnect:
            pass
        except Exception:  # noqa: BLE001 - told with its traceback; other clients go on
            _log.exception("session_failed", extra={"session": self._session_id})
            self.hang_up(1011, "the server failed")
        finally:
            self._gone = True
            self._lobby.leave(self)
            self.stop_answers()
            sender.cancel()
            with suppress(RuntimeError):  # the server is closing; contexts go with the engine
                self._lobby.answers.submit(self._talks.close)
            _log.info(
                "session",
                extra={
                    "session": self._session_id,
                    "length_s": round(time.monotonic() - began_s, 1),
                    "status_dropped": self._outbox.dropped,
                },
            )

    def post(self, message: ServerMessage) -> None:
        """Send when the client reads; one that does not is hung up on."""
        if self._gone:
            return
        if isinstance(message, ResponseDone):
            self._stops.pop(message.response_id, None)
            self._dialogue.ended(message.response_id)
        try:
            self._outbox.put(message)
        except OutboxFullError as error:
            _log.warning("slow_client", extra={"session": self._session_id, "why": str(error)})
            self.hang_up(1013, "the client does not read")
            return
        self._filled.set()

    def stop_answers(self) -> None:
        """Stop what is under way within one decoding step each."""
        for stop in self._stops.values():
            stop.set()

    def hang_up(self, code: int, reason: str) -> None:
        """Close; whatever waits to be sent is lost."""
        self._gone = True
        self.stop_answers()
        self._close(code, reason)

    async def _send(self) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                text = self._outbox.take()
                if text is None:
                    self._filled.clear()
                    await self._filled.wait()
                    continue
                self._sending = True
                await self._socket.send_text(text)
                self._sending = False

    async def _receive(self) -> None:
        while not self._gone:
            received = await self._socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            text = received.get("text")
            message: str | bytes = received["bytes"] if text is None else text
            names = self._lobby.room.names()
            for deed in self._dialogue.receive(message, time.monotonic(), names):
                await self._do(deed)

    async def _do(self, deed: Deed) -> None:
        match deed:
            case Say(message):
                self.post(message)
            case Ask():
                self._ask(deed)
            case Cancel(response_ids):
                for response_id in response_ids:
                    self._stops[response_id].set()
            case HangUp(code, reason):
                self.hang_up(code, reason)
            case SourceAdd() | SourceRemove() | TakePicture():
                try:
                    await self._change(deed)
                except ProtocolError as error:
                    error.event_id = deed.event_id
                    self.post(refusal(error))

    def _ask(self, asked: Ask) -> None:
        stop = self._stops[asked.response_id] = threading.Event()
        loop = asyncio.get_running_loop()

        def post(message: ServerMessage) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                loop.call_soon_threadsafe(self.post, message)

        deadline_s = time.monotonic() + asked.deadline_ms / 1000
        self._lobby.answers.submit(
            answer, self._lobby.room, self._talks, asked,
            stop=stop, deadline_s=deadline_s, post=post,
        )  # fmt: skip

    async def _change(self, deed: SourceAdd | SourceRemove | TakePicture) -> None:
        room, event_id = self._lobby.room, deed.event_id
        told: ServerMessage
        match deed:
            case SourceAdd(source=name, address=address):
                permitted = partial(self._lobby.admission.permitted, address)
                real = await self._lobby.look(permitted)
                added = await self._lobby.look(partial(room.add, name, real, by_client=True))
                told = SourceAdded(name, added.kind, event_id)
                self._lobby.broadcast(SourceAdded(name, added.kind), but=self)
            case SourceRemove(source=name):
                room.remove(name)
                told = SourceRemoved(name, event_id)
                self._lobby.broadcast(SourceRemoved(name), but=self)
            case TakePicture():
                push = partial(
                    room.push, deed.source, deed.jpeg, t_s=deed.t_s, received_s=time.monotonic()
                )
                await self._lobby.look(push)
                self._pictures += 1
                told = InputVideoFrameAppended(deed.source, self._pictures, event_id)
        self.post(told)
