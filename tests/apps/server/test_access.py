from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.server.access import Access, is_loopback

TOKEN = "correct-horse-battery"
OPEN = Access(None, "127.0.0.1")
LOCKED = Access(TOKEN, "0.0.0.0")


def verdict(access, path="/ws", *, websocket=True, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return access.verdict(path, named, websocket=websocket)


def test_a_program_on_this_machine_needs_nothing():
    assert verdict(OPEN, host="127.0.0.1:8765") == "welcome"
    assert verdict(OPEN, host="localhost:1") == "welcome"
    assert verdict(OPEN, host="[::1]:8765") == "welcome"


@pytest.mark.parametrize("host", ["evil.example:8765", "", "127.0.0.1.evil.example", "[::1"])
def test_a_foreign_name_for_this_machine_is_refused(host):
    assert verdict(OPEN, host=host) == "wrong host"
    assert verdict(OPEN, "/stills/a/1", websocket=False, host=host) == "wrong host"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", ""])
def test_a_foreign_page_opens_no_websocket(origin):
    assert verdict(OPEN, host="127.0.0.1:8765", origin=origin) == "wrong origin"


def test_the_own_page_and_named_ones_may():
    assert verdict(OPEN, host="127.0.0.1:8765", origin="http://127.0.0.1:8765") == "welcome"
    named = Access(None, "127.0.0.1", origins=frozenset({"https://cams.example"}))
    assert verdict(named, host="127.0.0.1:8765", origin="https://cams.example") == "welcome"
    tls = Access(None, "127.0.0.1", secure=True)
    assert verdict(tls, host="localhost:1", origin="https://localhost:1") == "welcome"
    assert verdict(tls, host="localhost:1", origin="http://localhost:1") == "wrong origin"


SEARCH = "/search/clip"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},  # of a picture or a link a browser tells no origin
        {"sec_fetch_site": "same-site"},  # another port of this machine
        {"origin": "http://evil.example", "sec_fetch_site": "same-origin"},
    ],
)
def test_a_foreign_page_cannot_set_the_model_to_work(headers):
    host = "127.0.0.1:8765"
    assert verdict(OPEN, SEARCH, websocket=False, host=host, **headers) == "wrong origin"
    assert verdict(OPEN, host=host, **headers) == "wrong origin"
    assert verdict(OPEN, "/picture/clip", websocket=False, host=host, **headers) == "welcome"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:8765", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "https://cams.example", "sec_fetch_site": "cross-site"},
    ],
)
def test_programs_and_pages_that_may_connect_search(headers):
    access = Access(None, "127.0.0.1", origins=frozenset({"https://cams.example"}))
    host = "127.0.0.1:8765"
    assert verdict(access, SEARCH, websocket=False, host=host, **headers) == "welcome"
    assert verdict(access, host=host, **headers) == "welcome"


def test_a_token_opens_and_nothing_like_it_does():
    host = "192.168.1.2:8765"
    assert verdict(LOCKED, host=host, authorization=f"Bearer {TOKEN}") == "welcome"
    for given_ in ("", TOKEN, f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer Correct"):
        assert verdict(LOCKED, host=host, authorization=given_) == "no token"
    for path in ("/stills/a/1", "/picture/a", "/timeline/a", "/ws", "/other", "/healthz/x"):
        assert verdict(LOCKED, path, websocket=False, host=host) == "no token"
    for path in ("/", "/healthz", "/login", "/static/page.js"):
        assert verdict(LOCKED, path, websocket=False, host=host) == "welcome"


def test_a_cookie_stands_for_the_token_without_holding_it():
    value = LOCKED.cookie_value()
    assert TOKEN not in value
    assert verdict(LOCKED, host="h", cookie=f"x=1; streamvid={value}") == "welcome"
    other = Access("another-token-than-that", "0.0.0.0")
    assert verdict(other, host="h", cookie=f"streamvid={value}") == "no token"


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_headers_hold_there_is_a_verdict(host, origin, authorization, cookie):
    for access in (OPEN, LOCKED):
        assert verdict(
            access, host=host, origin=origin, authorization=authorization, cookie=cookie
        ) in ("wrong host", "wrong origin", "no token")


def test_a_token_is_not_shown():
    assert TOKEN not in repr(LOCKED)


def test_loopback_is_told_from_what_others_reach():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "localhost", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.2", "example.org")))
