"""What a server has over HTTP: pictures, timelines, searches; blocks, so for threads."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from pathlib import Path

from apps.client.address import Address
from apps.client.refusals import as_error
from apps.errors import ServerLostError, ServerRefusedError
from apps.server.protocol import ErrorRaised, ProtocolError, parse_server

_TIMEOUT_S = 30.0
_LONGEST_REFUSAL_BYTES = 8192
_SHOWN_CHARS = 300


def fetch(address: Address, path: str) -> bytes:
    """What is at ``path``; blocks. Raises ``ServerRefusedError``, ``ServerLostError``."""
    if address.local is not None:
        return _fetch_locally(address.local, path)
    request = urllib.request.Request(address.http(path), headers=address.headers)
    handlers: list[urllib.request.BaseHandler] = []
    if address.near:
        handlers.append(urllib.request.ProxyHandler({}))
    if address.tls is not None:
        handlers.append(urllib.request.HTTPSHandler(context=address.tls))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        with error:
            body = error.read(_LONGEST_REFUSAL_BYTES)
        raise _refusal(error.code, path, body) from error
    except OSError as error:
        raise ServerLostError(f"cannot fetch {path} from the server: {error}") from error


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """Open it."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _fetch_locally(local: Path, path: str) -> bytes:
    connection = _LocalConnection(local)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise ServerLostError(f"cannot fetch {path} from the watching process: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise _refusal(answer.status, path, body)
    return body


def _refusal(status: int, path: str, body: bytes) -> ServerRefusedError | ServerLostError:
    """The server's own ``error``; where ``body`` is none, as of a proxy, what came instead."""
    text = body.decode("utf-8", "replace").strip()
    try:
        message = parse_server(text)
    except ProtocolError:
        message = None
    if isinstance(message, ErrorRaised):
        return as_error(message)
    return ServerLostError(f"server answered {status} for {path}: {text[:_SHOWN_CHARS]}")
