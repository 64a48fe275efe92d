"""What the server answers over HTTP and where its websocket is: routes around a ``Lobby``."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from apps.server.access import COOKIE, Access
from apps.server.dialogue import refusal
from apps.server.documents import Document, picture_document, timeline_document
from apps.server.guard import Guard
from apps.server.latest import Latest
from apps.server.lobby import Lobby
from apps.server.protocol import ProtocolError, text_of
from apps.server.rate import Rate, Rates
from apps.server.refusals import as_refusal
from apps.server.searching import parse_search, search_document
from apps.server.viewer import Viewer
from streamvid.errors import StreamvidError

STATIC = Path(__file__).parent / "static"
_PICTURE_S = 0.5
_TIMELINE_S = 1.0
"""How long one that was read is given to others; a source's newer picture ends it sooner."""
_COOKIE_S = 30 * 86_400
_WRONG_TOKENS_PER_S = 2.0
_SEARCHES_PER_S = 5.0
_KNOWN_CLIENTS = 1000


def build_app(lobby: Lobby, access: Access) -> ASGIApp:
    """The whole application, its guard around it."""
    web = _Web(lobby, access)
    routes = [
        Route("/", web.page),
        Route("/healthz", web.health),
        Route("/login", web.login, methods=["GET", "POST"]),
        Route("/stills/{source}/{t}", web.still),
        Route("/picture/{source}", web.picture),
        Route("/timeline/{source}", web.timeline),
        Route("/search/{source}", web.search),
        WebSocketRoute("/ws", web.websocket),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guard(Starlette(routes=routes), access)


class _Web:
    """The endpoints, each a few lines around the room."""

    def __init__(self, lobby: Lobby, access: Access) -> None:
        self._lobby, self._access = lobby, access
        self._wrong_tokens = Rate(_WRONG_TOKENS_PER_S)
        self._pictures = Latest[Document](lobby.look, fresh_s=_PICTURE_S)
        self._timelines = Latest[Document](lobby.look, fresh_s=_TIMELINE_S)
        self._searches = Rates(_SEARCHES_PER_S, most=_KNOWN_CLIENTS)

    async def page(self, _request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def health(self, _request: Request) -> Response:
        leaving = self._lobby.leaving
        return JSONResponse(
            {"status": "going away" if leaving else "ok"}, status_code=503 if leaving else 200
        )

    async def login(self, request: Request) -> Response:
        headers = dict(request.headers)
        needed = self._access.token is not None
        if request.method == "GET":
            return JSONResponse({"needed": needed, "welcome": self._access.knows(headers)})
        if needed and not self._access.brings_token(headers):
            if not self._wrong_tokens.allows(time.monotonic()):
                return PlainTextResponse("too many wrong tokens\n", 429, {"Retry-After": "1"})
            return PlainTextResponse("no token\n", 401, {"WWW-Authenticate": "Bearer"})
        response = Response(status_code=204)
        if needed:
            response.set_cookie(
                COOKIE, self._access.cookie_value(), max_age=_COOKIE_S,
                secure=self._access.secure, httponly=True, samesite="strict",
            )  # fmt: skip
        return response

    async def still(self, request: Request) -> Response:
        try:
            t_s = float(request.path_params["t"])
        except ValueError:
            t_s = math.nan
        if not (math.isfinite(t_s) and t_s >= 0):
            return PlainTextResponse("pass seconds from 0\n", 400)
        name = request.path_params["source"]
        try:
            found = await self._lobby.look(partial(self._read_picture, name, t_s))
        except (ProtocolError, StreamvidError) as error:
            return _refused(error)
        return _sent(request, found)

    async def picture(self, request: Request) -> Response:
        return await self._latest(request, self._pictures, partial(self._read_picture, t_s=None))

    async def timeline(self, request: Request) -> Response:
        return await self._latest(request, self._timelines, self._read_timeline)

    async def search(self, request: Request) -> Response:
        source = request.path_params["source"]
        client = request.client  # none over a socket in the file system, which is this user's
        try:
            if client is not None and not self._searches.allows(client.host, time.monotonic()):
                raise ProtocolError("rate_limited", "too many searches; wait a second")
            asked = parse_search(dict(request.query_params))
            found = await self._lobby.answer(
                partial(
                    self._lobby.room.search, source, asked.phrase,
                    within=asked.within, limit=asked.limit,
                )
            )  # fmt: skip
        except (ProtocolError, StreamvidError) as error:
            return _refused(error)
        return JSONResponse(search_document(source, found), headers={"Cache-Control": "no-cache"})

    async def websocket(self, socket: WebSocket) -> None:
        if self._lobby.full or self._lobby.leaving:
            refusal = PlainTextResponse("no room for another client\n", 503, {"Retry-After": "5"})
            await socket.send_denial_response(refusal)
            return
        await socket.accept()
        await Viewer(socket, self._lobby, f"sess_{secrets.token_hex(8)}").serve()

    async def _latest(
        self, request: Request, latest: Latest[Document], read: Callable[[str], Document | None]
    ) -> Response:
        name = request.path_params["source"]
        try:
            found = await latest.of(self._lobby.room.source(name), partial(read, name))
        except (ProtocolError, StreamvidError) as error:
            return _refused(error)
        return _sent(request, found)

    # In a thread.

    def _read_picture(self, name: str, t_s: float | None) -> Document | None:
        still = self._lobby.room.still(name, t_s)
        return None if still is None else picture_document(still, t_s)

    def _read_timeline(self, name: str) -> Document:
        return timeline_document(name, self._lobby.room.timeline(name))


def _sent(request: Request, found: Document | None) -> Response:
    if found is None:
        return PlainTextResponse("no picture is kept of that time\n", 404)
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=found.headers)
    return Response(found.body, media_type=found.media_type, headers=found.headers)


def _refused(error: ProtocolError | StreamvidError) -> Response:
    """The ``error`` message that the websocket would have."""
    told = error if isinstance(error, ProtocolError) else as_refusal(error)
    headers: dict[str, str] = {}
    if told.code == "rate_limited":
        status, headers = 429, {"Retry-After": "1"}
    elif isinstance(error, ValueError) or told.code == "bad_value":
        status = 400
    else:
        status = 404 if isinstance(error, ProtocolError | LookupError) else 500
    return Response(text_of(refusal(told)) + "\n", status, headers, media_type="application/json")
