"""An answer of a server while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

from apps.client.connection import Connection
from apps.client.refusals import as_error, told_here
from apps.errors import ServerLostError
from apps.server.protocol import (
    ConversationItemCreate,
    ErrorRaised,
    InputText,
    Item,
    ResponseCancel,
    ResponseCreate,
    ResponseCreated,
    ResponseDone,
    ResponseOutputTextAnnotationAdded,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
    ServerMessage,
)


class Asking:
    """An answer under way: iterate it for its pieces; ``done`` and ``moments`` are there after.

    Raises ``ServerRefusedError`` where the server refuses or fails, ``ServerLostError``.
    """

    def __init__(self, connection: Connection, request: ResponseCreate, question: str) -> None:
        self._connection, self._request, self._question = connection, request, question
        self._response_id: str | None = None
        self._cancelled = False
        self.text = ""
        self.moments: tuple[ResponseOutputTextAnnotationAdded, ...] = ()
        self.done: ResponseDone | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        """Pieces of text, which add up to ``text``."""
        event_id = self._request.event_id or ""
        item = ConversationItemCreate(Item((InputText(self._question),)), f"{event_id}-item")
        messages = self._connection.expect(event_id, f"{event_id}-item")
        try:
            await self._connection.send(item, self._request)
            while self.done is None:
                message = await messages.get()
                if message is None:
                    raise self._connection.lost()
                if piece := await self._take(message):
                    yield piece
        finally:
            if self.done is None and self._response_id is not None:
                with suppress(ServerLostError):
                    await self.cancel()
            self._connection.forget(event_id, f"{event_id}-item", self._response_id)

    async def cancel(self) -> None:
        """Stop it within one decoding step; its pieces end with what was decoded."""
        self._cancelled = True
        if self._response_id is not None and self.done is None:
            await self._connection.send(ResponseCancel(self._response_id))

    async def _take(self, message: ServerMessage) -> str | None:
        match message:
            case ResponseCreated(response_id=response_id):
                self._response_id = response_id
                if self._cancelled:
                    await self.cancel()
            case ResponseOutputTextDelta(delta=delta):
                return delta
            case ResponseOutputTextDone(text=text):
                self.text = text
            case ResponseOutputTextAnnotationAdded():
                self.moments += (message,)
            case ErrorRaised():
                raise told_here(as_error(message), self._request)
            case ResponseDone():
                self.done = message
        return None
