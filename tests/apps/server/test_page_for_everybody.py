"""The page by keyboard, for screen readers, and in colours that can be read.

Slow for the reason told in test_page.py.
"""

from __future__ import annotations

import pytest

from tests.apps.server.browsing import PHONE, WIDE, ask, expect

pytestmark = pytest.mark.slow

NAMELESS = """
() => [...document.querySelectorAll(
  'button, input, textarea, select, a[href], [role=slider], dialog[open], main section, video')]
  .filter((one) => {
  const by = one.getAttribute('aria-labelledby');
  const text = (one.getAttribute('aria-label') || (by && document.getElementById(by)?.textContent)
    || [...(one.labels ?? [])].map((label) => label.textContent).join('') || '').trim()
    || (one.matches('button, a') ? one.textContent.trim() : '');
  return !text && one.getAttribute('aria-hidden') !== 'true';
}).map((one) => one.outerHTML.slice(0, 120))
"""

PALE = """
() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => top.slice(0, 3).map((c, n) => c * top[3] + under[n] * (1 - top[3]));
  const light = (colour) => colour.slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (one) => {
    const layers = [];
    for (let up = one; up; up = up.parentElement) {
      layers.push(parse(getComputedStyle(up).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const pale = [];
  for (const one of document.querySelectorAll('body *')) {
    const words = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!words || one.closest(':disabled, .unseen, script') || !one.checkVisibility()) continue;
    const style = getComputedStyle(one);
    const under = ground(one);
    const [a, b] = [light(over(parse(style.color), under)), light(under)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) pale.push(`${ratio.toFixed(2)}: ${one.textContent.trim().slice(0, 40)}`);
  }
  return pale;
}
"""

SMALL = """
() => [...document.querySelectorAll('button, input, textarea, [role=slider], summary')]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.getBoundingClientRect(), one.id || one.textContent])
  .filter(([box]) => box.width < 24 || box.height < 24).map(([, name]) => name)
"""


@pytest.fixture
def page_of(serve, clip, open_page):
    """A page with an answer on it."""

    def open_it(**looks):
        page = open_page(serve("--source", f"clip={clip}").url, **looks)
        expect(page.locator("#stage-words")).to_have_text("watched to its end")
        expect(page.locator("#to")).to_have_value("0:09")
        ask(page, "What is red?").locator(".made summary").click()
        return page

    return open_it


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_words_can_be_read_and_buttons_be_hit(page_of, size, scheme):
    page = page_of(size=size, scheme=scheme)
    assert page.evaluate(PALE) == []
    assert page.evaluate(SMALL) == []
    page.locator(".moment").first.click()
    assert page.evaluate(PALE) == []


def test_everything_has_a_name_and_a_place(page_of):
    page = page_of()
    assert page.evaluate(NAMELESS) == []
    page.locator(".moment").first.click()
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("h1").count() == 1
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "aria-describedby", "for"):
        named = page.evaluate(
            f"[...document.querySelectorAll('[{name}]')].map(one => one.getAttribute('{name}'))"
        )
        assert named
        assert {one for text in named for one in text.split()} <= set(ids)
    assert page.locator("[role=slider]").count() == 2
    for slider in page.locator("[role=slider]").all():
        for name in ("aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext"):
            assert slider.get_attribute(name), name
    assert page.locator(".answer").get_attribute("aria-live") == "polite"


def test_all_of_it_is_reached_by_tabulator(page_of):
    page = page_of()
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
    page.locator("body").press("Tab")  # from wherever the last click was
    reached, unringed = [], []
    for _ in range(40):
        name, ringed = page.evaluate(
            "(() => { const one = document.activeElement; const style = getComputedStyle(one);"
            " return [one.id || one.className || one.tagName,"
            "  style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]; })()"
        )
        if reached and name == reached[0]:
            break
        reached.append(name)
        if not ringed and name != "BODY":
            unringed.append(name)
        page.keyboard.press("Tab")
    assert unringed == []
    wanted = ["skip", "camera-start", "card", "handle start", "handle end", "from", "to"]
    wanted += ["zoom-in", "anew", "moment", "question", "send"]
    assert [name for name in wanted if name not in reached] == [], " ".join(reached)


def test_motion_is_left_out_where_it_is_not_wanted(page_of):
    page = page_of()  # asked for with reduced motion
    assert page.evaluate("document.getAnimations().length") == 0
