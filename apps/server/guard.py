"""The door: each request is looked at before anything else, each answer leaves with headers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from apps.server.access import Access, Verdict

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
_STATUS: dict[Verdict, int] = {"wrong host": 403, "wrong origin": 403, "no token": 401}


class Guard:
    """ASGI middleware: lets in whom ``access`` welcomes."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may not come in; pass on any other."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        websocket = scope["type"] == "websocket"
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if _is_local(scope):  # only this user's processes can open the socket's file
            await self._app(scope, receive, send if websocket else _with_headers(send))
            return
        verdict = self._access.verdict(scope["path"], headers, websocket=websocket)
        if verdict == "welcome":
            await self._app(scope, receive, send if websocket else _with_headers(send))
            return
        more = {"WWW-Authenticate": "Bearer"} if verdict == "no token" else {}
        response = PlainTextResponse(
            f"{verdict}\n", _STATUS[verdict], headers=SECURITY_HEADERS | more
        )
        if websocket:
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    """Whether it came over a socket in the file system, which has a path and no port."""
    server = scope.get("server")
    return server is not None and server[1] is None and scope.get("client") is None


def _with_headers(send: Send) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return dressed
