"""A browser before a real server."""

from __future__ import annotations

import pytest

MAY_FAIL = ("Failed to load", "WebSocket", "The Cross-Origin-Opener-Policy header has been ignored")


@pytest.fixture(scope="module")
def browser():
    """This system's Chromium, with a made-up camera.

    Of one module, since its driver runs an event loop in this thread: other tests run their own.
    """
    from tests.apps.server import browsing

    if browsing.chromium() is None:
        pytest.skip("no chromium is installed")
    with browsing.playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=browsing.chromium(), args=list(browsing.ARGUMENTS)
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """``open_page(url, size=, scheme=)``: a page of its own that may say and fetch nothing odd.

    With ``may_fail``, requests may fail, as they do where a server ends.
    """
    from tests.apps.server import browsing

    opened = []

    def open_it(url: str, *, size=None, scheme="light", may_fail=False):
        context = browser.new_context(
            viewport=size or browsing.WIDE,
            color_scheme=scheme,
            reduced_motion="reduce",
            has_touch=size == browsing.PHONE,
        )
        context.set_default_timeout(browsing.TIMEOUT_MS)
        page = context.new_page()
        odd: list[str] = []
        page.on("pageerror", lambda error: odd.append(f"uncaught: {error}"))
        page.on("console", lambda said: odd.append(said.text) if said.type == "error" else None)
        own = tuple(kind + url.split(":", 1)[1].split("#")[0] for kind in ("http:", "ws:"))
        own += ("blob:", "data:")
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(own) else odd.append(f"asked {asked.url}"),
        )
        opened.append((context, odd, may_fail))
        page.goto(url)
        return page

    yield open_it
    for context, odd, may_fail in opened:
        context.close()
        if may_fail:
            odd = [one for one in odd if not one.startswith(MAY_FAIL)]
        assert not odd
