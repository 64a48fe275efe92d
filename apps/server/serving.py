"""Runs a server until it is told to end: socket, signals, and an end of at most five seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from apps.server.access import Access
from apps.server.admission import Admission
from apps.server.lobby import Lobby
from apps.server.protocol import Limits
from apps.server.room import Room
from apps.server.sources import Opener
from apps.server.transport import Connection
from apps.server.web import build_app
from streamvid.session import Session

END_WITHIN_S = 5.0
_PATIENCE_S = 1.0
"""How long answers may go on before they are stopped; then as long for their last messages."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """What one server is made of: who may come in, what clients may add, how much of everything."""

    access: Access
    admission: Admission
    limits: Limits
    tls_cert: Path | None = None
    tls_key: Path | None = None
    most_clients: int = 64
    answer_threads: int = 32
    kept_talks: int = 8
    """Conversations whose contexts stay in memory; others are said again when asked on."""


class _Uvicorn(uvicorn.Server):
    """Leaves signals to ``serve``, which has more to end than sockets."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises ``OSError``."""
    (family, *_, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return socket.create_server(address[:2], family=family, backlog=128)


async def serve(
    serving: Serving,
    session: Session,
    listening: socket.socket,
    *,
    openers: Sequence[Opener],
    begin: Callable[[Room], None],
) -> bool:
    """Serve until SIGINT or SIGTERM; whether all was committed in time.

    An address is watched by the first of ``openers`` that takes it. ``begin`` adds the first
    sources, in a thread. The second signal ends the process at once.
    """
    lobby = Lobby(
        limits=serving.limits,
        admission=serving.admission,
        most_clients=serving.most_clients,
        answer_threads=serving.answer_threads,
        kept_talks=serving.kept_talks,
    )
    room = Room(
        session,
        openers,
        most_sources=serving.limits.sources,
        notify=lobby.notify,
    )
    stopping = asyncio.Event()
    _on_signals(stopping)
    logging.getLogger("uvicorn.error").addFilter(_is_our_fault)
    telling = lobby.start(room)
    server = _Uvicorn(_config(serving, build_app(lobby, serving.access)))
    try:
        await lobby.look(lambda: begin(room))
    except BaseException:
        telling.cancel()
        await _close(room, within_s=END_WITHIN_S)
        lobby.close()
        raise
    running = asyncio.create_task(server.serve(sockets=[listening]))
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    return await _end(lobby, room, server, running, telling)


async def _end(
    lobby: Lobby,
    room: Room,
    server: uvicorn.Server,
    running: asyncio.Task[None],
    telling: asyncio.Task[None],
) -> bool:
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + END_WITHIN_S - 0.5
    room.stop()
    await lobby.see_off(
        "the server is shutting down", patience_s=_PATIENCE_S, within_s=END_WITHIN_S
    )
    server.should_exit = True
    telling.cancel()
    committed = await _close(room, within_s=max(ends_s - loop.time(), 0.1))
    await asyncio.wait({running}, timeout=0.5)
    lobby.close()
    if not committed:
        _log.warning("not_all_ended", extra={"after_s": END_WITHIN_S})
    return committed


async def _close(room: Room, *, within_s: float) -> bool:
    """Close ``room`` in a thread that nobody waits for longer than ``within_s``."""
    loop = asyncio.get_running_loop()
    closed = loop.create_future()

    def close() -> None:
        ended = room.close(within_s=within_s)
        with contextlib.suppress(RuntimeError):  # too late: the loop is closed
            loop.call_soon_threadsafe(closed.set_result, ended)

    threading.Thread(target=close, name="close", daemon=True).start()
    await asyncio.wait({closed}, timeout=within_s)
    return closed.done() and bool(closed.result())


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's is worth a log: any client can send what is no UTF-8."""
    return not record.getMessage().startswith("Invalid UTF-8")


def _on_signals(stopping: asyncio.Event) -> None:
    def stop() -> None:
        if stopping.is_set():
            os._exit(130)
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _config(serving: Serving, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application, typed by Starlette in its own words
        http="h11",
        ws=Connection,
        # Longer messages end the connection with 1009; of texts, fewer are taken as well.
        ws_max_size=max(serving.limits.picture_bytes, serving.limits.message_bytes),
        # Compressed messages could be small and unpack to anything.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        # Below a warning it tells addresses, in which a careless client may have put its token.
        log_level="warning",
        server_header=False,
        # Behind a proxy as before none: its headers are anybody's to write.
        proxy_headers=False,
        ssl_certfile=serving.tls_cert,
        ssl_keyfile=serving.tls_key,
        timeout_graceful_shutdown=1,
        limit_concurrency=4 * serving.most_clients,
    )
