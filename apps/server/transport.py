"""The websocket connection: uvicorn's, with a way to hang up on a client that does not read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

_EXTENSION = "streamvid.hang_up"
LINGER_S = 10.0
"""How long a closed connection may still be read from before it is cut off."""


class Connection(WebSocketsSansIOProtocol):
    """Uvicorn's ``send`` waits while the peer does not read, for ever, and a close with it.

    ``hang_up`` puts the close frame behind what waits in the socket already, so that a client that
    reads on later finds out why, and frees the connection after ``LINGER_S`` in any case.
    """

    def handle_connect(self, event: Request) -> None:
        """As uvicorn does, and lend the application ``hang_up``."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[_EXTENSION] = self.hang_up

    def hang_up(self, code: int, reason: str) -> None:
        """Close with ``code``; nothing more can be sent or received."""
        if self.close_sent or not self.handshake_complete or self.disconnected:
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        transport: asyncio.Transport = self.transport
        transport.write(b"".join(self.conn.data_to_send()))
        if self.read_paused:
            self.read_paused = False
            transport.resume_reading()  # the peer's own close is still to come
        self.close_timer = self.loop.call_later(LINGER_S, transport.abort)
        self.writable.set()  # a send that waits finds the connection closed


def hang_up_of(socket: WebSocket) -> Callable[[int, str], None]:
    """The connection's ``hang_up``. Raises ``KeyError`` under another server than ours."""
    hang_up: Callable[[int, str], None] = socket.scope["extensions"][_EXTENSION]
    return hang_up
