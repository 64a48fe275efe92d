"""Who may come in: token, cookie, origin and host, as functions of a request's headers.

A token is compared in constant time and stands in no log, message or address.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import urlsplit

COOKIE = "streamvid"
SHORTEST_TOKEN = 16
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Verdict = Literal["welcome", "wrong host", "wrong origin", "no token"]
OPEN_PATHS = ("/", "/healthz", "/login")
"""Beside ``/static/``: what needs no token, since it tells nothing."""
_MODEL_PATHS = ("/search/",)
"""Beside the websocket: what takes the model, so that a foreign page's mere request costs."""


@dataclass(frozen=True, slots=True)
class Access:
    """Rules of one server. Without a ``token``, everybody who reaches its address is let in.

    ``origins`` are further pages' origins (``https://example.org``) that may open a websocket, and
    search.
    """

    token: str | None = field(repr=False)
    host: str
    secure: bool = False
    origins: frozenset[str] = frozenset()

    def verdict(self, path: str, headers: Mapping[str, str], *, websocket: bool) -> Verdict:
        """Whether a request may come in; ``headers`` by lower-case name."""
        host = headers.get("host", "")
        if self.token is None and not self._own(host):
            # Without a token only the name keeps a foreign page out: it may point its own at us.
            return "wrong host"
        takes_model = websocket or path.startswith(_MODEL_PATHS)
        if takes_model and self._of_foreign_page(headers, host):
            return "wrong origin"
        if path in OPEN_PATHS or path.startswith("/static/") or self.knows(headers):
            return "welcome"
        return "no token"

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether the token, or a cookie made from it, comes with ``headers``."""
        if self.token is None:
            return True
        return self.brings_token(headers) or _equal(_cookie(headers), self.cookie_value())

    def brings_token(self, headers: Mapping[str, str]) -> bool:
        """Whether the token itself comes with ``headers``."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return self.token is not None and _equal(
            given.strip() if scheme.lower() == "bearer" else "", self.token
        )

    def cookie_value(self) -> str:
        """What a browser keeps in place of the token: it leads to no token, and outlives us."""
        key = (self.token or "").encode()
        return hmac.new(key, b"streamvid browser cookie 1", hashlib.sha256).hexdigest()

    def _own(self, host: str) -> bool:
        name = _host_name(host)
        allowed = {_host_name(urlsplit(origin).netloc) for origin in self.origins}
        return name in _LOOPBACK or name == self.host.lower() or name in allowed

    def _of_foreign_page(self, headers: Mapping[str, str], host: str) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            return not self._same(origin, host)
        # Of a page's pictures and links a browser tells no origin, but how near the page is.
        return headers.get("sec-fetch-site") in ("cross-site", "same-site")

    def _same(self, origin: str, host: str) -> bool:
        scheme = "https" if self.secure else "http"
        return origin in self.origins or (bool(host) and origin == f"{scheme}://{host}")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    return host.lower() in _LOOPBACK or host.startswith("127.")


def _host_name(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:  # half an address in brackets
        return ""


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _equal(given: str, wanted: str) -> bool:
    # Digests of equal length, so that not even a length can be timed.
    pair = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, wanted)]
    return hmac.compare_digest(*pair)
