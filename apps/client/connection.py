"""One open websocket: what is sent over it, and who waits for what comes; knows no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from apps.client.refusals import as_error
from apps.errors import ServerLostError
from apps.server.protocol import (
    ClientMessage,
    ErrorRaised,
    InputVideoFrameAppend,
    ProtocolError,
    ResponseCreated,
    ServerMessage,
    SourceAdd,
    SourceRemove,
    parse_server,
    text_of,
)

Messages = asyncio.Queue[ServerMessage | None]
"""What came for one who waits; ``None`` once the connection has ended."""


class Connection:
    """Mutable: who waits for which message on ``socket``. For one event loop."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._sending = asyncio.Lock()
        self._waiting: dict[str, Messages] = {}

    @property
    def ended(self) -> bool:
        """Whether it is closed, by either side."""
        return self._socket.close_code is not None

    def next_id(self) -> str:
        """An ``event_id`` that was not used yet."""
        self._number += 1
        return f"c{self._number}"

    def expect(self, *ids: str) -> Messages:
        """Where messages go from now on that carry one of ``ids``; ``forget`` ends that.

        Where one of them is an answer's, so do all others about that answer.
        """
        messages: Messages = asyncio.Queue()
        self._waiting.update(dict.fromkeys(ids, messages))
        return messages

    def forget(self, *ids: str | None) -> None:
        """Nobody waits for these any more."""
        for key in ids:
            self._waiting.pop(key or "", None)

    async def send(self, *messages: ClientMessage | bytes) -> None:
        """One right behind the other: nobody's else come between. Raises ``ServerLostError``."""
        async with self._sending:
            for message in messages:
                text = message if isinstance(message, bytes) else text_of(message)
                try:
                    await self._socket.send(text)
                except ConnectionClosed as closed:
                    raise self.lost() from closed

    async def request(
        self, message: SourceAdd | SourceRemove | InputVideoFrameAppend, *behind: bytes
    ) -> ServerMessage:
        """Send ``message``, a picture ``behind`` its header, and wait for what confirms it.

        Raises ``ServerRefusedError``, ``ServerLostError``.
        """
        key = message.event_id or ""
        messages = self.expect(key)
        try:
            await self.send(message, *behind)
            said = await messages.get()
        finally:
            self.forget(key)
        if said is None:
            raise self.lost()
        if isinstance(said, ErrorRaised):
            raise as_error(said)
        return said

    @asynccontextmanager
    async def receiving(self, hear: Callable[[ServerMessage], None]) -> AsyncIterator[None]:
        """Sort what comes, telling ``hear`` of each message; leaving it closes the connection."""
        task = asyncio.create_task(self._receive(hear))
        try:
            yield
        finally:
            await self._socket.close()
            with suppress(ProtocolError):
                await task

    def lost(self) -> ServerLostError:
        """How it ended, as an error."""
        code, reason = self._socket.close_code, self._socket.close_reason
        why = f" ({code} {reason or 'without a word'})" if code is not None else ""
        return ServerLostError(f"the server closed the connection{why}; ask again")

    async def _receive(self, hear: Callable[[ServerMessage], None]) -> None:
        try:
            async for text in self._socket:
                try:
                    message = parse_server(text if isinstance(text, str) else "")
                except ProtocolError as error:
                    if error.code != "unknown_type":  # what a later server says
                        raise
                    continue
                hear(message)
                self._sort(message)
        except ConnectionClosed:
            pass  # ``lost`` says how, to whoever waits
        finally:
            for queue in self._waiting.values():
                queue.put_nowait(None)

    def _sort(self, message: ServerMessage) -> None:
        event_id = getattr(message, "event_id", None)
        if isinstance(message, ResponseCreated) and event_id in self._waiting:
            # At once: its first piece may be read before whoever asked takes this one.
            self._waiting[message.response_id] = self._waiting[event_id]
        for key in (getattr(message, "response_id", None), event_id):
            if key is not None and key in self._waiting:
                self._waiting[key].put_nowait(message)
                return
