"""The page's camera button, with the browser's made-up camera.

Slow for the reason told in test_page.py.
"""

from __future__ import annotations

import json
import re

import pytest
from websockets.sync.client import connect

from tests.apps.server.browsing import INSECURE, PHONE, ask, expect, save
from tests.capture.pushing import jpeg

pytestmark = pytest.mark.slow
OWN_NAME = re.compile("camera-[0-9a-f]{8}")


def show_camera(page, pictures: int = 2) -> str:
    """Press the button, wait until the server has so many pictures; the source's name."""
    page.locator("#camera-start").click()
    state = page.locator("#camera-state")
    expect(state).to_have_text(re.compile(f"{pictures} pictures sent as"))
    return re.search("“(.+)”", state.inner_text())[1]


def recordings(program) -> dict[str, int]:
    """Names of what is remembered, and how many runs filled each."""
    listed = json.loads(program.run("list", "--json").stdout)["recordings"]
    return {line["name"]: line["runs"] for line in listed}


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
    expect(page.locator(".card .name")).to_have_text(OWN_NAME)
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


def test_each_browser_has_a_recording_of_its_own_and_goes_on_with_it(serve, program, open_page):
    served = serve("--allow-source", "push:")
    one, other = open_page(served.url, may_fail=True), open_page(served.url, may_fail=True)
    first, second = show_camera(one), show_camera(other)
    assert OWN_NAME.fullmatch(first)
    assert OWN_NAME.fullmatch(second)
    assert first != second
    # The page is left without a word, and the source waits for whoever goes on.
    one.reload()
    expect(one.locator(".card")).to_have_count(2)
    assert show_camera(one) == first
    expect(one.locator(".card")).to_have_count(2)
    # Another tab of the same browser is another camera.
    tab = one.context.new_page()
    tab.goto(served.url)
    assert show_camera(tab) == f"{first}-2"
    tab.close()
    other.close()
    one.locator("#camera-stop").click()
    expect(one.locator(".card")).to_have_count(2)
    assert show_camera(one) == first
    assert served.stop()[0] == 0

    again = serve("--allow-source", "push:", "--port", str(served.port))
    one.goto(again.url)
    assert show_camera(one) == first
    expect(one.locator(".card .name")).to_have_text(first)
    assert again.stop()[0] == 0
    found = recordings(program)
    assert set(found) == {f"push:{name}" for name in (first, second, f"{first}-2")}
    assert found[f"push:{first}"] == 3  # stopped once, and once the server was
    assert found[f"push:{second}"] == 1


def test_a_recording_that_is_still_written_is_waited_for(serve, open_page):
    page = open_page(serve("--allow-source", "push:").url, may_fail=True)
    own = show_camera(page)
    page.locator("#camera-stop").click()
    expect(page.locator(".card")).to_have_count(0)
    heard = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda said: heard.append(str(said))))
    page.reload()
    with connect(serve("--allow-source", "push:").ws, proxy=None) as another:
        another.send(json.dumps({"type": "source.add", "source": own, "address": "push:"}))
        while json.loads(another.recv())["type"] != "source.added":
            pass
        # Another server fills the recording, once it says what that takes.
        picture = jpeg(1)
        header = {"type": "input_video_frame.append", "source": own, "size_bytes": len(picture)}
        another.send(json.dumps(header))
        another.send(picture)
        while not json.loads(another.recv()).get("memory_bytes"):
            pass
        page.locator("#camera-start").click()
        expect(page.locator("#camera-state")).to_have_text("Asking the server")
        while not any("cannot_open" in said for said in heard):
            page.wait_for_timeout(50)
        another.send(json.dumps({"type": "source.remove", "source": own}))
        expect(page.locator("#camera-state")).to_contain_text(f"1 picture sent as “{own}”")


def test_a_browser_that_keeps_nothing_shows_its_camera_all_the_same(serve, program, open_page):
    page = open_page(serve("--allow-source", "push:").url, may_fail=True)
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
    )
    page.reload()
    first = show_camera(page)
    page.locator("#camera-stop").click()
    assert show_camera(page) == first  # as long as the page is open
    page.reload()
    assert show_camera(page) != first
