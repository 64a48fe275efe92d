"""A session with a server: its sources, questions about them, and what it has over HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from apps.client.address import Address, open_socket
from apps.client.asking import Asking
from apps.client.connection import Connection
from apps.client.fetching import fetch
from apps.client.refusals import told_here
from apps.client.searching import search_path, told_result
from apps.errors import ServerRefusedError
from apps.server.protocol import (
    InputVideoFrameAppend,
    InputVideoFrameAppended,
    ResponseCreate,
    ResponseOutputTextAnnotationAdded,
    ServerMessage,
    SessionCreated,
    SourceAdd,
    SourceAdded,
    SourceRemove,
    SourceRemoved,
    SourceStatus,
)
from streamvid.answer import SearchResult, TimeRange

LOCAL_URL = "ws://localhost"
_LOOK_S = 0.02


class Client:
    """One session with a server; made by ``connect``, for one event loop."""

    def __init__(self, address: Address, connection: Connection) -> None:
        self.address = address
        self._connection = connection
        self.session: SessionCreated | None = None
        self.statuses: dict[str, SourceStatus] = {}

    def ask(
        self,
        source: str,
        question: str,
        *,
        start: float | None = None,
        end: float | None = None,
        last: float | None = None,
        start_wall_s: float | None = None,
        end_wall_s: float | None = None,
        phrase: str | None = None,
        deadline_ms: int | None = None,
        conversation: Literal["auto", "new", "none"] = "none",
    ) -> Asking:
        """Ask about a part of a source; begins when it is iterated.

        The part is said in seconds since the recording's first frame, or by the wall clock. With
        ``conversation`` "auto" it follows this client's earlier questions about the source, with
        "new" those are forgotten first, with "none" it stands alone.
        """
        request = ResponseCreate(
            event_id=self._connection.next_id(), source=source, start=start, end=end, last=last,
            start_wall_s=start_wall_s, end_wall_s=end_wall_s,
            phrase=phrase, deadline_ms=deadline_ms, conversation=conversation,
        )  # fmt: skip
        return Asking(self._connection, request, question)

    async def source_of(self, recording_id: str, *, within_s: float = 5.0) -> str | None:
        """The name of the source whose recording that is, once it is told; ``None`` if none is."""
        ends_s = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < ends_s:
            for name, status in self.statuses.items():
                if status.recording_id == recording_id:
                    return name
            if self._connection.ended:
                raise self._connection.lost()
            await asyncio.sleep(_LOOK_S)
        return None

    async def add_source(self, source: str, address: str) -> SourceAdded:
        """Have the server watch a further source. Raises ``ServerRefusedError``."""
        connection = self._connection
        said = await connection.request(SourceAdd(source, address, connection.next_id()))
        assert isinstance(said, SourceAdded)
        return said

    async def remove_source(self, source: str) -> SourceRemoved:
        """End a source that a client added. Raises ``ServerRefusedError``."""
        connection = self._connection
        said = await connection.request(SourceRemove(source, connection.next_id()))
        assert isinstance(said, SourceRemoved)
        return said

    async def append_picture(
        self, source: str, jpeg: bytes, *, t: float | None = None
    ) -> InputVideoFrameAppended:
        """Give a pushed source a picture; returns when the server has it."""
        header = InputVideoFrameAppend(source, len(jpeg), t, self._connection.next_id())
        said = await self._connection.request(header, jpeg)
        assert isinstance(said, InputVideoFrameAppended)
        return said

    async def still(self, moment: ResponseOutputTextAnnotationAdded) -> bytes:
        """The picture of a moment. Raises as ``fetch``."""
        return await self.fetch(moment.url)

    async def timeline(self, source: str) -> bytes:
        """The source's timeline, a JSON document. Raises as ``fetch``."""
        return await self.fetch(f"/timeline/{quote(source)}")

    async def search(
        self, source: str, phrase: str, *, within: TimeRange, limit: int = 10
    ) -> SearchResult:
        """The moments of a source closest to ``phrase``. Raises as ``fetch``."""
        try:
            body = await self.fetch(search_path(source, phrase, within=within, limit=limit))
        except ServerRefusedError as error:
            raise told_here(error, within) from error
        return await told_result(body, self.fetch)

    async def fetch(self, path: str) -> bytes:
        """What is at ``path`` over HTTP. Raises ``ServerRefusedError``, ``ServerLostError``."""
        return await asyncio.to_thread(fetch, self.address, path)

    def _hear(self, message: ServerMessage) -> None:
        match message:
            case SessionCreated():
                self.session = message
            case SourceStatus():
                self.statuses[message.source] = message
            case SourceRemoved():
                self.statuses.pop(message.source, None)


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
    connection = Connection(await open_socket(address))
    client = Client(address, connection)
    async with connection.receiving(client._hear):
        yield client
