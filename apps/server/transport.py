"""The websocket connection: uvicorn's, with a way to hang up on a client that does not read."""

from __future__ import annotations

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

    def handle_parser_exception(self) -> None:
        """Say what was wrong with a frame and let the peer read that.

        Uvicorn closes at once; where more was on its way, the system then resets the connection,
        and the close frame is lost with its code.
        """
        if self.close_sent:
            return  # what came behind it is thrown away
        closing = self.conn.close_sent
        assert closing is not None
        self.stop_keepalive()
        self.close_sent = True
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": closing.code, "reason": closing.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._linger()

    def hang_up(self, code: int, reason: str) -> None:
        """Close with ``code``; nothing more can be sent or received."""
        if self.close_sent or not self.handshake_complete or self.disconnected:
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._linger()

    def _linger(self) -> None:
        """Read on, for the peer's own close, and no longer than ``LINGER_S``."""
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.abort)
        self.writable.set()  # a send that waits finds the connection closed


def hang_up_of(socket: WebSocket) -> Callable[[int, str], None]:
    """The connection's ``hang_up``. Raises ``KeyError`` under another server than ours."""
    hang_up: Callable[[int, str], None] = socket.scope["extensions"][_EXTENSION]
    return hang_up
