"""The page in a real browser, before a real server: from opening it to clicking a still.

All of these are slow: a browser's page takes a second to open, and a server as long to start.
"""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from dataclasses import fields
from fractions import Fraction

import av
import pytest
from websockets.sync.client import connect

from apps.server.serving import Serving
from tests.apps.conftest import write_video
from tests.apps.served import await_served
from tests.apps.server.browsing import PHONE, WIDE, ask, expect, pixel, save

pytestmark = pytest.mark.slow
MOST_CLIENTS = next(f.default for f in fields(Serving) if f.name == "most_clients")
SIZES = pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")]
)


@pytest.fixture
def at_the_clip(serve, clip, open_page):
    """A page that shows the clip, watched to its end."""

    def open_it(size=WIDE, scheme="light", **environment):
        served = serve("--source", f"clip={clip}", **environment)
        page = open_page(served.url, size=size, scheme=scheme)
        expect(page.locator("#stage-words")).to_have_text("watched to its end")
        expect(page.locator("#to")).to_have_value("0:09")
        return page

    return open_it


@SIZES
def test_from_opening_to_clicking_a_still(at_the_clip, size, scheme):
    page = at_the_clip(size=size, scheme=scheme)
    expect(page.locator(".card")).to_have_attribute("aria-current", "true")
    expect(page.locator("#picture-time")).to_have_text("newest picture, 0:08")
    assert page.locator("#picture").evaluate("picture => picture.naturalWidth") > 0
    colour = page.evaluate("getComputedStyle(document.body).getPropertyValue('--seen')").strip()
    assert pixel(page, "#timeline canvas", 0.5, 37) == tuple(bytes.fromhex(colour[1:]))

    turn = ask(page, "What is red?")
    expect(turn.locator(".answer")).not_to_be_empty()
    expect(turn.locator(".made summary")).to_contain_text("seen 9 s of 9 s")
    moments = turn.locator(".moment")
    assert moments.count() >= 2
    save(page, f"answer-{size['width']}-{scheme}")

    moments.first.click()
    dialog = page.locator("#moment")
    expect(dialog).to_be_visible()
    picture = page.locator("#moment-picture")
    assert picture.evaluate("async (one) => { await one.decode(); return one.naturalWidth; }") > 0
    first = picture.get_attribute("src")
    expect(page.locator("#moment-before")).to_be_disabled()
    save(page, f"moment-{size['width']}-{scheme}")
    page.locator("#moment-after").click()
    assert picture.get_attribute("src") != first
    page.keyboard.press("ArrowLeft")
    assert picture.get_attribute("src") == first
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert moments.first.evaluate("one => one === document.activeElement")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size["width"], "the page scrolls sideways"


def test_a_range_is_dragged_moved_by_keys_typed_and_cleared(at_the_clip):
    page = at_the_clip()
    drag(page, 1 / 3, 2 / 3)
    start, end = page.locator("#from"), page.locator("#to")
    assert (start.input_value(), end.input_value()) == ("0:03", "0:06")
    turn = ask(page, "What is red?")
    expect(turn.locator(".about")).to_have_text("about 0:03 – 0:06")
    expect(turn.locator(".made summary")).to_contain_text("seen 3 s of 3 s")
    shown = turn.locator(".when").all_inner_texts()
    assert shown
    assert set(shown) <= {"0:03", "0:04", "0:05"}

    first = page.get_by_role("slider", name="Start of the range")
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(first).to_have_attribute("aria-valuetext", "0:04, seen")
    page.keyboard.press("Home")
    expect(start).to_have_value("0:00")
    page.get_by_role("slider", name="End of the range").press("End")
    expect(page.locator("#about")).to_have_text("About clip: all of it")

    start.fill("0:02")
    start.press("Enter")
    expect(page.locator("#about")).to_have_text("About clip: 0:02 – 0:09")
    end.fill("what")
    end.press("Enter")
    expect(page.locator("#range-problem")).to_contain_text("1:30 or 90")
    expect(end).to_have_attribute("aria-invalid", "true")
    first.press("Escape")
    expect(start).to_have_value("0:00")
    drag(page, 0.2, 0.4)
    expect(page.locator("#about-clear")).to_be_visible()
    page.locator("#timeline").dblclick(position={"x": 300, "y": 37})
    expect(page.locator("#about")).to_have_text("About clip: all of it")


def test_a_time_is_looked_at_and_asked_about_from_its_still(at_the_clip):
    page = at_the_clip()
    box = page.locator("#timeline").bounding_box()
    page.locator("#timeline").click(position={"x": box["width"] * 4.5 / 9, "y": 37})
    expect(page.locator("#picture-time")).to_have_text("at 0:04")
    page.locator("#newest").click()
    expect(page.locator("#picture-time")).to_have_text("newest picture, 0:08")
    turn = ask(page, "What is red?")
    turn.locator(".moment").last.click()
    page.locator("#moment-ask").click()
    expect(page.locator("#moment")).to_be_hidden()
    expect(page.locator("#question")).to_be_focused()
    expect(page.locator("#about")).not_to_have_text("About clip: all of it")


HEADERS_ALONE_BYTES = 300
"""What a browser reckons an answer at whose body it had already."""


@pytest.mark.parametrize("path", ["picture/clip", "timeline/clip"])
def test_what_the_browser_has_is_not_sent_again(at_the_clip, path):
    page = at_the_clip()
    length, transferred = page.evaluate(
        """async (path) => {
          await (await fetch(path)).blob();
          performance.clearResourceTimings();
          const { size } = await (await fetch(path)).blob();
          for (;;) {
            const [entry] = performance.getEntriesByName(new URL(path, location));
            if (entry) return [size, entry.transferSize];
            await new Promise((then) => setTimeout(then, 10));
          }
        }""",
        path,
    )
    assert length > 0
    assert transferred == HEADERS_ALONE_BYTES


def test_what_was_not_seen_is_told(serve, open_page, tmp_path):
    seen = write_video(tmp_path / "gap.mp4", ["red"] * 4, fps=4)
    holed = tmp_path / "holed.mp4"
    leave_out(seen, holed, first=4)
    served = serve("--source", f"holed={holed}")
    page = open_page(served.url)
    expect(page.locator("#gaps-summary")).to_have_text(re.compile(r"^1 gap, \d+ s not seen$"))
    page.locator("#gaps-summary").click()
    gap = page.locator("#gap-list button")
    expect(gap).to_contain_text("no frames")
    box = page.locator("#timeline").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 37)
    expect(page.locator("#hint")).to_contain_text("not seen: no frames")
    save(page, "gap-wide-light")
    gap.click()
    expect(page.locator("#picture-time")).to_contain_text("last seen before")


@pytest.mark.parametrize("by", ["button", "Escape"])
def test_an_answer_is_stopped_and_moves_nothing_while_it_is_written(at_the_clip, pipes, by):
    page = at_the_clip(STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment)
    page.fill("#question", "What is red?")
    page.keyboard.press("Enter")
    pipes.wait()
    turn = page.locator(".turn")
    expect(turn).to_have_attribute("data-state", "writing")
    expect(turn.locator(".answer")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#send")).to_be_hidden()
    places = "[...document.querySelectorAll('#ask, .asked, .moments')].map(one => one.offsetTop)"
    before = page.evaluate(places)
    page.evaluate("document.querySelector('.answer span').append('more words. ')")
    assert page.evaluate(places) == before
    if by == "button":
        page.locator("#stop").click()
    else:
        page.keyboard.press("Escape")
    pipes.let_go()
    expect(turn).to_have_attribute("data-state", "over")
    expect(turn.locator(".cut")).to_have_text("stopped")
    expect(turn.locator(".answer")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#send")).to_be_visible()


def test_a_conversation_goes_on_and_begins_anew(at_the_clip):
    page = at_the_clip()
    kept = "Earlier questions and answers were kept"
    expect(page.locator("#anew")).to_be_disabled()
    assert kept not in how_made(ask(page, "What is red?"))
    assert kept in how_made(ask(page, "And now?"))
    page.locator("#anew").click()
    expect(page.locator(".divider")).to_have_text("A new conversation begins here.")
    assert kept not in how_made(ask(page, "What is red?"))
    expect(page.locator(".turn")).to_have_count(3)
    save(page, "conversation-wide-light")


def test_each_source_has_a_conversation_and_a_range(serve, clip, long_clip, open_page):
    served = serve("--source", f"short={clip}", "--source", f"long={long_clip}")
    page = open_page(served.url + "#long")
    expect(page.locator("#stage-name")).to_have_text("long")
    expect(page.locator("#stage-words")).to_have_text("watched to its end")
    expect(page.locator("#to")).to_have_value("2:20")
    drag(page, 0.5, 1)
    ask(page, "What is red?")
    page.locator(".card", has_text="short").click()
    expect(page.locator("#nothing-asked")).to_be_visible()
    expect(page.locator("#about")).to_have_text("About short: all of it")
    page.locator(".card", has_text="long").click()
    expect(page.locator(".turn .about")).to_have_text("about 1:10 – 2:20")
    page.locator("#zoom-in").click()
    expect(page.locator("#overview")).not_to_have_class("idle")
    page.locator("#zoom-all").click()
    expect(page.locator("#zoom-all")).to_be_disabled()


def test_errors_are_told_with_what_to_do(at_the_clip):
    page = at_the_clip()
    page.locator("#send").click()
    expect(page.locator("#ask-problem")).to_have_text("Write a question first.")
    page.fill("#question", "word " * 1500)
    page.keyboard.press("Enter")
    problem = page.locator(".turn .problem")
    expect(problem).to_contain_text("The question is longer than the model can read. Shorten it.")


def test_it_comes_back_when_the_server_does(program, clip, open_page):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = ("serve", "--port", str(port), "--json", "--source", f"clip={clip}")
    first = await_served(program.start(*arguments))
    page = open_page(first.url, may_fail=True)
    expect(page.locator("#stage-words")).to_have_text("watched to its end")
    ask(page, "What is red?")
    first.stop()
    expect(page.locator("#connection-text")).to_have_text(re.compile("shutting down|shut down"))
    expect(page.locator("#countdown")).to_have_text(re.compile(r"Trying again in \d+ s\."))
    page.fill("#question", "Still there?")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-problem")).to_contain_text("Not connected")
    save(page, "away-wide-light")
    # So long that the server has started before the page tries by itself.
    expect(page.locator("#countdown")).to_have_text(re.compile(r"Trying again in (9|10) s\."))
    await_served(program.start(*arguments))
    page.locator("#retry").click()
    expect(page.locator("#connection-text")).to_have_text("Connected")
    expect(page.locator(".divider")).to_contain_text("not remembered any more")
    page.keyboard.press("Enter")
    page.locator("#question").press("Enter")
    expect(page.locator(".turn")).to_have_count(2)


def test_a_token_is_asked_for(serve, clip, open_page, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-long-enough-token\n")
    served = serve("--source", f"clip={clip}", "--token-file", token)
    page = open_page(served.url, may_fail=True)
    field = page.get_by_label("Token", exact=True)
    field.fill("not the right one, ü")
    field.press("Enter")
    expect(page.locator("#token-problem")).to_have_text("That is not this server's token.")
    save(page, "login-wide-light")
    field.fill("a-long-enough-token")
    field.press("Enter")
    expect(page.locator("#login")).to_be_hidden()
    expect(page.locator("#stage-words")).to_have_text("watched to its end")
    page.reload()
    expect(page.locator("#connection-text")).to_have_text("Connected")


def test_a_server_that_is_full_is_told(at_the_clip):
    page = at_the_clip()
    address = page.url.replace("http", "ws", 1).split("#")[0] + "ws"
    with ExitStack() as others:
        for _ in range(MOST_CLIENTS - 1):
            others.enter_context(connect(address, proxy=None))
        late = page.context.new_page()
        late.goto(page.url)
        expect(late.locator("#connection-text")).to_have_text(
            "The server is there but takes no further viewer."
        )
        expect(late.locator("#countdown")).to_contain_text("Trying again")
    expect(late.locator("#connection-text")).to_have_text("Connected")


def test_a_range_is_dragged_with_a_finger(at_the_clip):
    page = at_the_clip(size=PHONE)
    page.locator("#timeline").scroll_into_view_if_needed()
    box = page.locator("#timeline").bounding_box()
    finger = page.context.new_cdp_session(page)
    at = {"y": box["y"] + 37}
    for kind, part in [("touchStart", 1 / 3), ("touchMove", 0.5), ("touchMove", 2 / 3)]:
        points = [{"x": box["x"] + box["width"] * part, **at}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#about")).to_have_text("About clip: 0:03 – 0:06")
    expect(page.locator("#hint")).to_be_hidden()


def test_no_source_is_told(serve, open_page, tmp_path):
    page = open_page(serve("--media-root", tmp_path).url)
    expect(page.locator("#no-source")).to_contain_text("Nothing is being watched")
    expect(page.locator("#workplace")).to_be_hidden()
    save(page, "no-source-wide-light")


def how_made(turn):
    turn.locator(".made summary").click()
    return turn.locator(".made ul").inner_text()


def drag(page, start, end):
    """Drag over the timeline between two parts of its width."""
    expect(page.locator("#timeline")).to_be_visible()
    box = page.locator("#timeline").bounding_box()
    y = box["y"] + 37
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=4)
    page.mouse.up()


def leave_out(source, target, *, first):
    """Copy a video of four frames a second, from number ``first`` on ten seconds later."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = written.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number, frame in enumerate(read.decode(video=0)):
            frame.pts = number + (40 if number >= first else 0)
            frame.time_base = Fraction(1, 4)
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))
