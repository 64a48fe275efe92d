"""The page's camera button, with the browser's made-up camera.

Slow for the reason told in test_page.py.
"""

from __future__ import annotations

import re

import pytest

from tests.apps.server.browsing import INSECURE, PHONE, ask, expect, save

pytestmark = pytest.mark.slow


def test_a_server_that_takes_no_pictures_says_which_flag_lets_it(serve, clip, open_page):
    page = open_page(serve("--source", f"clip={clip}").url, size=PHONE)
    expect(page.locator("#stage-words")).to_have_text("watched to its end")
    page.locator("#camera-start").click()
    problem = page.locator("#camera-problem")
    expect(problem).to_contain_text("--allow-source push:")
    expect(page.locator("#camera")).to_be_hidden()
    expect(page.locator("#camera-start")).to_be_enabled()
    assert page.evaluate("document.getElementById('camera-video').srcObject") is None
    save(page, "camera-refused-phone-light")


def test_a_page_that_gets_no_camera_says_why(serve, clip, open_page, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-long-enough-token\n")
    served = serve("--source", f"clip={clip}", "--token-file", token)
    page = open_page(served.url.replace("127.0.0.1", INSECURE), may_fail=True)
    page.get_by_label("Token", exact=True).fill("a-long-enough-token")
    page.keyboard.press("Enter")
    expect(page.locator("#stage-words")).to_have_text("watched to its end")
    page.locator("#camera-start").click()
    expect(page.locator("#camera-problem")).to_contain_text("--tls-cert")


def test_the_camera_is_watched_and_asked_about(serve, open_page):
    # Until the first pictures are committed there is no timeline to be fetched.
    page = open_page(serve("--allow-source", "push:").url, may_fail=True)
    page.locator("#camera-start").click()
    expect(page.locator(".card .name")).to_have_text("camera")
    expect(page.locator("#camera-state")).to_contain_text("3 pictures sent")
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#to")).to_have_value("now")
    turn = ask(page, "What is there?")
    expect(turn.locator(".answer")).not_to_be_empty()
    save(page, "camera-wide-light")
    turn.locator(".moment").first.click()
    expect(page.locator("#moment-time")).to_have_text(re.compile("^camera.* at "))
    still = page.locator("#moment-picture")
    assert still.evaluate("async (one) => { await one.decode(); return one.naturalWidth; }") > 0
    page.keyboard.press("Escape")
    expect(page.locator("#moment")).to_be_hidden()
    page.locator("#camera-stop").click()
    expect(page.locator("#camera")).to_be_hidden()
    expect(page.locator(".card")).to_have_count(0)
