"""Where a server is: its address as a person types it, and the opening of its websocket."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import (
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from apps.errors import ServerLostError, ServerRefusedError
from apps.server.access import is_loopback

OPEN_TIMEOUT_S = 10.0
_LONGEST_MESSAGE_BYTES = 2**22


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is; ``url`` as a person types it: ``ws://HOST:PORT``, http and https too.

    With ``local`` it is the socket with that path on this machine.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    local: Path | None = None

    def websocket(self) -> str:
        """The websocket's own address. Raises ``ServerLostError`` where ``url`` is none."""
        parts = self._parts()
        secure = parts.scheme in ("wss", "https")
        path = parts.path if parts.path not in ("", "/") else "/ws"
        return urlunsplit(("wss" if secure else "ws", parts.netloc, path, "", ""))

    def http(self, path: str) -> str:
        """The address of ``path`` over HTTP on the same server."""
        parts = self._parts()
        secure = parts.scheme in ("wss", "https")
        return urlunsplit(("https" if secure else "http", parts.netloc, path, "", ""))

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    @property
    def near(self) -> bool:
        """Whether it is this machine, where no proxy stands between."""
        return is_loopback(self._parts().hostname or "")

    def _parts(self) -> SplitResult:
        try:
            parts = urlsplit(self.url)
            known = parts.scheme in ("ws", "wss", "http", "https") and bool(parts.hostname)
            known = known and (parts.port or 0) >= 0
        except ValueError:
            known = False
        if not known or parts.username is not None:
            raise ServerLostError("server address cannot be read; pass ws://HOST:PORT")
        return parts


async def open_socket(address: Address) -> ClientConnection:
    """Open the websocket. Raises ``ServerLostError``, ``ServerRefusedError``."""
    target = address.websocket()
    try:
        if address.local is not None:
            return await unix_connect(
                str(address.local),
                target,
                open_timeout=OPEN_TIMEOUT_S,
                max_size=_LONGEST_MESSAGE_BYTES,
                compression=None,
            )
        return await open_websocket(
            target,
            additional_headers=address.headers,
            ssl=(address.tls or True) if target.startswith("wss:") else None,
            proxy=None if address.near else True,
            open_timeout=OPEN_TIMEOUT_S,
            max_size=_LONGEST_MESSAGE_BYTES,
            compression=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        remedies = {401: "pass --token-file with its token", 503: "try again later"}
        remedy = remedies.get(status, "check its address")
        raise ServerRefusedError(
            f"server refused the connection with {status}; {remedy}",
            code="unauthorized" if status == 401 else "refused",
        ) from error
    except (OSError, TimeoutError, InvalidURI, InvalidHandshake, WebSocketException) as error:
        reason = getattr(error, "strerror", None) or str(error) or "no answer"
        raise ServerLostError(
            f"cannot reach the server at {target!r}: {' '.join(reason.lower().split())}"
        ) from error
