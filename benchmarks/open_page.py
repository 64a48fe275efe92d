"""What an open page of the server fetches, without a browser: pictures and a timeline."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from apps.client import Client

TIMELINE_S = 2.0
PICTURE_S = 1.0
"""How often a picture is fetched of which the server does not say when it changes."""
LOOK_S = 0.1
_TIMEOUT_S = 10.0


class OpenPage:
    """Fetches as ``apps/server/static`` does, over one connection that stays open.

    ``viewer`` is its websocket, ``sources`` are the cards that are seen; the first is chosen. What
    the browser has is asked for by its tag, so that it is not sent again.
    """

    def __init__(self, viewer: Client, sources: Sequence[str]) -> None:
        self._viewer, self._sources = viewer, sources
        host = urlsplit(viewer.address.http("/")).netloc
        self._connection = http.client.HTTPConnection(host, timeout=_TIMEOUT_S)
        self._tags: dict[str, str] = {}
        self._shown_s: dict[str, float] = {}
        self._told_s: dict[str, float | None] = {}
        self._fetched_s: dict[str, float] = {}
        self.fetched = 0
        """Requests so far."""

    async def look(self) -> None:
        """Fetch what is due, again and again. Raises ``OSError`` where nobody answers."""
        try:
            while True:
                for name in self._sources:
                    if self._wants(name):
                        headers = await self._fetch(f"/picture/{name}")
                        self._shown_s[name] = float(headers["X-Frame-Time"])
                timeline = f"/timeline/{self._sources[0]}"
                if self._age_s(timeline) >= TIMELINE_S:
                    await self._fetch(timeline)
                await asyncio.sleep(LOOK_S)
        finally:
            self._connection.close()

    def _wants(self, name: str) -> bool:
        """At once when a newer one is told; where it did not come, or none is told, by and by."""
        before_s, told_s = self._told_s.get(name), self._viewer.statuses[name].picture_s
        self._told_s[name] = told_s
        if told_s is not None and told_s == self._shown_s.get(name):
            return False
        return told_s != before_s or self._age_s(f"/picture/{name}") >= PICTURE_S

    def _age_s(self, path: str) -> float:
        return time.monotonic() - self._fetched_s.get(path, -1e9)

    async def _fetch(self, path: str) -> http.client.HTTPMessage:
        self._fetched_s[path] = time.monotonic()
        self.fetched += 1
        return await asyncio.to_thread(self._ask, path)

    def _ask(self, path: str) -> http.client.HTTPMessage:
        tag = self._tags.get(path)
        headers = self._viewer.address.headers | ({} if tag is None else {"If-None-Match": tag})
        try:
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # it was idle for too long
            self._connection.close()
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
        answer.read()
        if answer.status not in (200, 304):
            raise OSError(f"{path} was answered {answer.status}")
        if (new_tag := answer.headers["ETag"]) is not None:
            self._tags[path] = new_tag
        return answer.headers
