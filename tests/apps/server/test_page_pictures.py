"""When the page fetches a picture, in a real browser before a server that a test makes up."""

from __future__ import annotations

import pytest

from apps.server.web import STATIC

pytestmark = pytest.mark.slow  # a browser takes a second to start
ADDRESS = "http://page.test/"
BEGIN = """async () => {
  const { Pictures } = await import('http://page.test/pictures.js');
  window.told = {}; // name -> the time that the server tells
  window.shown = [];
  window.setInterval = (look) => { window.tick = look; };
  window.pictures = new Pictures({
    names: () => ['front'],
    isWanted: (name, t_s) => window.told[name] !== t_s,
    onPicture: (name, picture) => window.shown.push(picture.t_s),
  });
}"""
TICK = """async () => {
  window.tick();
  while (window.pictures.busy.size) await new Promise((then) => setTimeout(then, 10));
}"""


class Front:
    """A page with ``Pictures`` alone, and the server's newest picture."""

    def __init__(self, page) -> None:
        self.page, self.t_s, self.tag, self.asked = page, 7.0, '"a"', 0
        page.route(f"{ADDRESS}**", self._answer)
        page.goto(f"{ADDRESS}icon.svg")
        page.evaluate(BEGIN)

    def _answer(self, route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if not path.startswith("picture/"):
            route.fulfill(path=STATIC / path)
            return
        self.asked += 1
        headers = {"ETag": self.tag, "X-Frame-Time": str(self.t_s)}
        route.fulfill(body=b"a picture", content_type="image/jpeg", headers=headers)

    def tell(self, t_s: float) -> None:
        self.page.evaluate(
            "(t_s) => { window.told.front = t_s; window.pictures.lookAt('front'); }", t_s
        )

    def tick(self) -> tuple[int, list[float]]:
        """Another second is over: how often was asked by then, and what was shown."""
        self.page.evaluate(TICK)
        return self.asked, self.page.evaluate("window.shown")


@pytest.fixture
def front(browser):
    context = browser.new_context()
    yield Front(context.new_page())
    context.close()


def test_a_picture_is_fetched_again_when_a_newer_one_is_told(front):
    front.tell(7.0)
    assert front.tick() == (1, [7])
    assert front.tick() == (1, [7])
    front.t_s, front.tag = 12.0, '"b"'
    assert front.tick() == (1, [7])
    front.tell(12.0)
    assert front.tick() == (2, [7, 12])


def test_one_that_was_told_and_did_not_come_is_asked_for_again(front):
    front.tell(9.0)
    front.tick()
    assert front.tick()[1] == [7]
    front.t_s, front.tag = 9.0, '"b"'
    asked, shown = front.tick()
    assert shown == [7, 9]
    assert front.tick() == (asked, shown)


def test_without_a_word_it_is_asked_for_each_second(front):
    before, _ = front.tick()
    asked, shown = front.tick()
    assert (asked, shown) == (before + 1, [7])


def test_the_time_of_a_picture_that_stays_the_same_goes_on(front):
    front.tell(7.0)
    front.tick()
    front.t_s = 12.0
    front.tell(12.0)
    assert front.tick()[1] == [7, 12]


def test_what_was_forgotten_is_fetched_whatever_is_told(front):
    front.tell(7.0)
    assert front.tick()[0] == 1
    front.page.evaluate("window.pictures.forget('front')")
    assert front.tick()[0] == 2
