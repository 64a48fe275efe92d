"""A small client of ``streamvid serve``: ``async with connect(url) as client``; docs/protocol.md.

It knows no screen. An answer comes as an async iterator of its pieces, its moments after them.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import (
    ConnectionClosed,
)

from apps.connecting import Address, fetch, open_socket
from apps.errors import ServerLostError, ServerRefusedError
from apps.server.protocol import (
    ClientMessage,
    ConversationItemCreate,
    Coverage,
    ErrorRaised,
    InputText,
    InputVideoFrameAppend,
    InputVideoFrameAppended,
    Item,
    ProtocolError,
    ResponseCancel,
    ResponseCreate,
    ResponseCreated,
    ResponseDone,
    ResponseOutputTextAnnotationAdded,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
    ServerMessage,
    SessionCreated,
    SourceAdd,
    SourceAdded,
    SourceRemove,
    SourceRemoved,
    SourceStatus,
    parse_server,
    text_of,
)
from apps.server.protocol.schema import read
from streamvid.answer import CoverageReport, Moment, SearchResult, TimeRange

LOCAL_URL = "ws://localhost"


class Asking:
    """An answer under way: iterate it for its pieces; ``done`` and ``moments`` are there after.

    Raises ``ServerRefusedError`` where the server refuses or fails, ``ServerLostError``.
    """

    def __init__(self, client: Client, request: ResponseCreate, question: str) -> None:
        self._client, self._request, self._question = client, request, question
        self._messages: asyncio.Queue[ServerMessage | None] = asyncio.Queue()
        self._response_id: str | None = None
        self._cancelled = False
        self.text = ""
        self.moments: tuple[ResponseOutputTextAnnotationAdded, ...] = ()
        self.done: ResponseDone | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        """Pieces of text, which add up to ``text``."""
        await self._client._ask(self._request, self._question, self._messages)
        try:
            while self.done is None:
                message = await self._messages.get()
                if message is None:
                    raise self._client._lost()
                if piece := await self._take(message):
                    yield piece
        finally:
            if self.done is None and self._response_id is not None:
                with suppress(ServerLostError):
                    await self.cancel()
            self._client._forget(self._request, self._response_id)

    async def cancel(self) -> None:
        """Stop it within one decoding step; its pieces end with what was decoded."""
        self._cancelled = True
        if self._response_id is not None and self.done is None:
            await self._client._send(ResponseCancel(self._response_id))

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
                raise ServerRefusedError(message.message, code=message.code)
            case ResponseDone():
                self.done = message
        return None


class Client:
    """One session with a server; made by ``connect``, for one event loop."""

    def __init__(self, address: Address, socket: ClientConnection) -> None:
        self.address = address
        self.session: SessionCreated | None = None
        self.statuses: dict[str, SourceStatus] = {}
        self._socket = socket
        self._number = 0
        self._sending = asyncio.Lock()
        self._waiting: dict[str, asyncio.Queue[ServerMessage | None]] = {}

    def ask(
        self,
        source: str,
        question: str,
        *,
        start: float | None = None,
        end: float | None = None,
        last: float | None = None,
        phrase: str | None = None,
        deadline_ms: int | None = None,
        conversation: Literal["auto", "none"] = "none",
    ) -> Asking:
        """Ask about a part of a source; begins when it is iterated."""
        request = ResponseCreate(
            event_id=self._next(), source=source, start=start, end=end, last=last,
            phrase=phrase, deadline_ms=deadline_ms, conversation=conversation,
        )  # fmt: skip
        return Asking(self, request, question)

    async def source_of(self, recording_id: str, *, within_s: float = 5.0) -> str | None:
        """The name of the source whose recording that is, once it is told; ``None`` if none is."""
        ends_s = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < ends_s:
            for name, status in self.statuses.items():
                if status.recording_id == recording_id:
                    return name
            if self._socket.close_code is not None:
                raise self._lost()
            await asyncio.sleep(0.02)
        return None

    async def add_source(self, source: str, address: str) -> SourceAdded:
        """Have the server watch a further source. Raises ``ServerRefusedError``."""
        said = await self._request(SourceAdd(source, address, self._next()))
        assert isinstance(said, SourceAdded)
        return said

    async def remove_source(self, source: str) -> SourceRemoved:
        """End a source that a client added. Raises ``ServerRefusedError``."""
        said = await self._request(SourceRemove(source, self._next()))
        assert isinstance(said, SourceRemoved)
        return said

    async def append_picture(
        self, source: str, jpeg: bytes, *, t: float | None = None
    ) -> InputVideoFrameAppended:
        """Give a pushed source a picture; returns when the server has it."""
        header = InputVideoFrameAppend(source, len(jpeg), t, self._next())
        said = await self._request(header, jpeg)
        assert isinstance(said, InputVideoFrameAppended)
        return said

    async def still(self, moment: ResponseOutputTextAnnotationAdded) -> bytes:
        """The picture of a moment. Raises ``ServerLostError``."""
        return await self.fetch(moment.url)

    async def timeline(self, source: str) -> bytes:
        """The source's timeline, a JSON document. Raises ``ServerLostError``."""
        return await self.fetch(f"/timeline/{quote(source)}")

    async def search(
        self, source: str, phrase: str, *, within: TimeRange, limit: int = 10
    ) -> SearchResult:
        """The moments of a source closest to ``phrase``. Raises ``ServerLostError``."""
        times = {"start": within.start_s, "end": within.end_s, "last": within.last_s}
        query = {"phrase": phrase, "limit": limit} | {
            name: value for name, value in times.items() if value is not None
        }
        document = json.loads(await self.fetch(f"/search/{quote(source)}?{urlencode(query)}"))
        moments = [
            Moment(int(m["t_s"]), m["t_s"], m["score"], await self.fetch(m["url"]))
            for m in document["moments"]
        ]
        return SearchResult(
            phrase=phrase,
            recording_id=document["recording_id"],
            moments=tuple(moments),
            coverage=told_report(read(Coverage, document["coverage"], strict=False)),
            search_s=document["search_s"],
        )

    async def fetch(self, path: str) -> bytes:
        """What the server has at ``path`` over HTTP. Raises ``ServerLostError``."""
        return await asyncio.to_thread(fetch, self.address, path)

    # The connection's side.

    async def _receive(self) -> None:
        """Sort what comes until the connection ends."""
        try:
            async for text in self._socket:
                try:
                    message = parse_server(text if isinstance(text, str) else "")
                except ProtocolError as error:
                    if error.code != "unknown_type":  # what a later server says
                        raise
                    continue
                self._sort(message)
        except ConnectionClosed:
            pass  # ``_lost`` says how, to whoever waits
        finally:
            for queue in self._waiting.values():
                queue.put_nowait(None)

    def _sort(self, message: ServerMessage) -> None:
        match message:
            case SessionCreated():
                self.session = message
            case SourceStatus():
                self.statuses[message.source] = message
            case SourceRemoved():
                self.statuses.pop(message.source, None)
            case ResponseCreated(event_id=str(event_id)) if event_id in self._waiting:
                # At once: its first piece may be read before whoever asked takes this one.
                self._waiting[message.response_id] = self._waiting[event_id]
        for key in (getattr(message, "response_id", None), getattr(message, "event_id", None)):
            if key is not None and key in self._waiting:
                self._waiting[key].put_nowait(message)
                return

    async def _ask(
        self,
        request: ResponseCreate,
        question: str,
        queue: asyncio.Queue[ServerMessage | None],
    ) -> None:
        assert request.event_id is not None
        item = ConversationItemCreate(Item((InputText(question),)), f"{request.event_id}-item")
        self._waiting[request.event_id] = self._waiting[f"{request.event_id}-item"] = queue
        async with self._sending:  # nobody's question may come between
            await self._send(item)
            await self._send(request)

    def _forget(self, request: ResponseCreate, response_id: str | None) -> None:
        for key in (request.event_id, f"{request.event_id}-item", response_id):
            self._waiting.pop(key or "", None)

    async def _request(
        self, message: SourceAdd | SourceRemove | InputVideoFrameAppend, jpeg: bytes | None = None
    ) -> ServerMessage:
        """Send ``message``, a picture behind its header, and wait for what confirms it."""
        queue: asyncio.Queue[ServerMessage | None] = asyncio.Queue()
        key = message.event_id or ""
        self._waiting[key] = queue
        try:
            async with self._sending:
                await self._send(message)
                if jpeg is not None:
                    await self._send(jpeg)
            said = await queue.get()
        finally:
            del self._waiting[key]
        if said is None:
            raise self._lost()
        if isinstance(said, ErrorRaised):
            raise ServerRefusedError(said.message, code=said.code)
        return said

    async def _send(self, message: ClientMessage | bytes) -> None:
        try:
            await self._socket.send(message if isinstance(message, bytes) else text_of(message))
        except ConnectionClosed as closed:
            raise self._lost() from closed

    def _lost(self) -> ServerLostError:
        code, reason = self._socket.close_code, self._socket.close_reason
        why = f" ({code} {reason or 'without a word'})" if code is not None else ""
        return ServerLostError(f"the server closed the connection{why}; ask again")

    def _next(self) -> str:
        self._number += 1
        return f"c{self._number}"


@asynccontextmanager
async def connect(
    url: str = LOCAL_URL,
    *,
    token: str | None = None,
    tls: ssl.SSLContext | None = None,
    local: Path | None = None,
) -> AsyncIterator[Client]:
    """A session with the server at ``url``, or with the process that listens at ``local``.

    Raises ``ServerLostError``, ``ServerRefusedError``.
    """
    address = Address(url, token, tls, local)
    socket = await open_socket(address)
    client = Client(address, socket)
    receiving = asyncio.create_task(client._receive())
    try:
        yield client
    finally:
        await socket.close()
        with suppress(ProtocolError):
            await receiving


def told_report(coverage: Coverage) -> CoverageReport:
    """A server's coverage as commands know it."""
    return CoverageReport(
        start_s=coverage.start_s,
        end_s=coverage.end_s,
        seen_s=coverage.seen_s,
        frames=coverage.frames,
        preview_frames=coverage.preview_frames,
        blind=tuple((gap.start_s, gap.end_s, gap.reason) for gap in coverage.blind),
        text=coverage.text,
        pending_s=coverage.pending_s,
    )
