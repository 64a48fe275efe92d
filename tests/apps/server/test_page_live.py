"""The page on live sources: one that is seen, one that is not there.

Slow for the reason told in test_page.py, and since a live source brings a frame a second.
"""

from __future__ import annotations

import re

import pytest

from tests.apps.server.browsing import ask, expect, save

pytestmark = pytest.mark.slow


@pytest.fixture
def page(serve, open_page):
    served = serve("--source", "front=lavfi:testsrc2", "--source", "yard=rtsp://127.0.0.1:9/no")
    # Until the first frames are committed there is no timeline to be fetched.
    return open_page(served.url + "#front", may_fail=True)


def test_live_sources_are_told_by_the_clock(page):
    expect(page.locator("#stage-words")).to_have_text(re.compile(r"^seeing since \d\d:\d\d$"))
    expect(page.locator("#picture-time")).to_have_text(re.compile(r"newest picture, \d+:\d\d:\d\d"))
    expect(page.locator("#to")).to_have_value("now")
    expect(page.locator("#from")).to_have_value(re.compile(r"^\d\d:\d\d:\d\d$"))
    first = page.locator("#picture-time").inner_text()
    expect(page.locator("#picture-time")).not_to_have_text(first)  # it grows
    page.locator("#presets button", has_text="last minute").click()
    expect(page.locator("#about")).to_have_text("About front: last minute")
    turn = ask(page, "What is there?")
    expect(turn.locator(".about")).to_have_text("about last minute")
    expect(turn.locator(".when").first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    save(page, "live-wide-light")
    # A day later by the reader's clock.
    page.evaluate("window.today = Date.now; Date.now = () => today() + 86_400_000")
    later = ask(page, "What was there?")
    expect(later.locator(".when").first).to_have_text(re.compile(r"^\d\d-\d\d \d\d:\d\d:\d\d$"))
    save(page, "live-dated-wide-light")
    later.locator(".moment").first.click()
    expect(page.locator("#moment-time")).to_have_text(
        "front at " + later.locator(".when").first.inner_text()
    )
    page.keyboard.press("Escape")
    page.evaluate("Date.now = today")
    page.locator(".card", has_text="yard").click()
    expect(page.locator("#stage-words")).to_have_text(
        re.compile(r"^blind since \d\d:\d\d: .*refused; attempt \d+ in \d+ s$")
    )
    expect(page.locator("#timeline")).to_be_hidden()
    ask(page, "What is there?")
    expect(page.locator(".turn .problem")).to_contain_text("Nothing of this source is remembered")
    save(page, "blind-wide-light")


def test_a_picture_is_fetched_when_there_is_a_newer_one(page):
    """Commits come every five seconds; the page does not ask each second in between."""
    expect(page.locator("#picture-time")).to_have_text(re.compile(r"newest picture"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 2)[-2]))
    shown = set()
    for _ in range(8):
        shown.add(page.locator("#picture-time").inner_text())
        page.wait_for_timeout(1000)
    assert len(shown) > 1
    assert 1 <= asked.count("picture") <= 4
    assert asked.count("timeline") >= 3
