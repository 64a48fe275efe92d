"""A server's answers as the commands know them: one loop in a thread of its own, a plain stream."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from apps.client import Asking, Client, connect, told_report
from apps.errors import AppError, ServerLostError, ServerRefusedError
from streamvid.answer import (
    Answer,
    Moment,
    SearchResult,
    TimeRange,
    Timings,
    Usage,
)

T = TypeVar("T")


class RemoteStream:
    """An answer of a server, read like ``AnswerStream``: pieces, then ``result``."""

    def __init__(self, remote: Remote, asking: Asking, question: str) -> None:
        self._remote, self._asking, self._question = remote, asking, question
        self._pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        self._reading: Future[None] | None = None
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        """Pieces of text. Raises ``AppError``."""
        if self._reading is None:
            self._reading = self._remote.submit(self._read())
        while not self._ended:
            piece = self._pieces.get()
            if isinstance(piece, str):
                yield piece
                continue
            self._ended = True
            if piece is not None:
                raise piece

    def result(self) -> Answer:
        """The whole answer, its stills fetched. Raises ``AppError``."""
        for _ in self:
            pass
        return self._remote.submit(self._result()).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._reading is not None and not self._ended:
            with suppress(AppError):
                self._remote.submit(self._asking.cancel()).result()
            with suppress(AppError):
                for _ in self:
                    pass

    async def _read(self) -> None:
        try:
            async for piece in self._asking:
                self._pieces.put(piece)
        except AppError as error:
            self._pieces.put(error)
        else:
            self._pieces.put(None)

    async def _result(self) -> Answer:
        done, client = self._asking.done, self._remote.client
        if done is None or done.coverage is None or done.finish == "failed":
            raise ServerLostError("the answer was broken off; ask again")
        moments = [
            Moment(int(m.t_start), m.t_start, m.score, await client.still(m), m.wall_s)
            for m in self._asking.moments
        ]
        return Answer(
            text=self._asking.text,
            question=self._question,
            recording_id=done.recording_id or "",
            finish=done.finish,
            exactness=done.exactness,
            evidence=tuple(moments),
            coverage=told_report(done.coverage),
            timings=done.timings or Timings(),
            usage=done.usage or Usage(),
            language_model=done.language_model or "",
        )


class Remote:
    """One source of a connected server, asked like a ``Conversation``; for one thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        client: Client,
        source: str,
        conversation: Literal["auto", "none"],
    ) -> None:
        self._loop, self.client, self._source = loop, client, source
        self._conversation = conversation

    def ask(self, question: str, *, within: TimeRange, phrase: str | None = None) -> RemoteStream:
        """Ask the next question; what is refused is raised when it is read."""
        asking = self.client.ask(
            self._source, question,
            start=within.start_s, end=within.end_s, last=within.last_s,
            start_wall_s=within.start_wall_s, end_wall_s=within.end_wall_s,
            phrase=phrase, conversation=self._conversation,
        )  # fmt: skip
        return RemoteStream(self, asking, question)

    def search(self, phrase: str, *, within: TimeRange, limit: int) -> SearchResult:
        """The moments closest to ``phrase``, their stills fetched. Raises ``AppError``."""
        searching = self.client.search(self._source, phrase, within=within, limit=limit)
        return self.submit(searching).result()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Have ``work`` done on the connection's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)


@contextmanager
def asking_server(
    url: str, source: str, *, token: str | None, conversation: Literal["auto", "none"]
) -> Iterator[Remote]:
    """A connection to ``source`` of the server at ``url``. Raises ``AppError``."""
    with _connected(connect(url, token=token)) as (loop, client):
        yield Remote(loop, client, source, conversation)


@contextmanager
def asking_watcher(
    local: Path, recording_id: str, *, conversation: Literal["auto", "none"]
) -> Iterator[Remote | None]:
    """A connection to the process of this machine that watches a recording; ``None`` without."""
    with ExitStack() as stack:
        try:
            loop, client = stack.enter_context(_connected(connect(local=local)))
            finding = asyncio.run_coroutine_threadsafe(client.source_of(recording_id), loop)
            source = finding.result()
        except (ServerLostError, ServerRefusedError):  # it ended just now
            source = None
        yield None if source is None else Remote(loop, client, source, conversation)


@contextmanager
def _connected(
    connection: AbstractAsyncContextManager[Client],
) -> Iterator[tuple[asyncio.AbstractEventLoop, Client]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="client", daemon=True)
    thread.start()
    try:
        client = asyncio.run_coroutine_threadsafe(connection.__aenter__(), loop).result()
        try:
            yield loop, client
        finally:
            ending = connection.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(ending, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
