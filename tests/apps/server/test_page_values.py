"""The page's pure parts, called in a real browser: times, ranges, views, words, waiting."""

from __future__ import annotations

import re

import pytest

from apps.server.web import STATIC

pytestmark = pytest.mark.slow  # a browser takes a second to start


@pytest.fixture(scope="module")
def call(browser):
    """``call(module, expression)``: its value, the module's names in ``m``; in Berlin."""
    context = browser.new_context(timezone_id="Europe/Berlin")
    page = context.new_page()
    page.route(
        "http://page.test/**",
        lambda route: route.fulfill(path=STATIC / (route.request.url.rsplit("/", 1)[1])),
    )
    page.goto("http://page.test/icon.svg")

    def evaluate(module, expression):
        loaded = f"import('http://page.test/{module}.js')"
        return page.evaluate(f"{loaded}.then((m) => {{ {SETUP}; return {expression}; }})")

    yield evaluate
    context.close()


SETUP = """
const status = (more) => ({kind: 'live', state: 'seeing', reason: 'frames',
  since: new Date(new Date().setHours(14, 2, 0, 0)) / 1000, reconnects: 0, previews: 0, ticks: null,
  ...more});
const started = new Date(2026, 10, 24, 23, 0, 0) / 1000;
"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("m.clock(65)", "1:05"),
        ("m.clock(3723.4)", "1:02:03"),
        ("m.clock(59.96, {fine: true})", "1:00"),
        ("m.clock(1.62, {fine: true})", "0:01.6"),
        ("m.duration(0)", "0 s"),
        ("m.duration(61)", "1 min 1 s"),
        ("m.duration(3600)", "1 h"),
        ("m.duration(3 * 86400 + 4 * 3600 + 5)", "3 d 4 h"),
        ("m.size(18874368)", "19 MB"),
        ("m.size(1500)", "1.5 kB"),
        ("new m.TimeBase().parse('1:02:03', 0)", 3723),
        ("new m.TimeBase().parse(' 90.5 ', 0)", 90.5),
        ("new m.TimeBase().parse('soon', 0)", None),
        ("new m.TimeBase(started).parse('23:30', 3 * 3600)", 1800),
        ("new m.TimeBase(started).parse('1:15:30', 3 * 3600)", 2.25 * 3600 + 30),
        ("new m.TimeBase(started).parse('11-24 23:30', 9e5)", 1800),
        ("new m.TimeBase(started).parse('25 o clock', 3600)", None),
        ("m.labels(0, 60, 14, new m.TimeBase()).map(one => one.text).join()",
         "0:00,0:15,0:30,0:45,1:00"),
        ("m.labels(0, 7200, 3600, new m.TimeBase(started)).map(one => one.text).join()",
         "23:00,11-25,01:00"),
    ],
)  # fmt: skip
def test_times(call, expression, value):
    assert call("times", expression) == value


@pytest.mark.parametrize(
    ("seconds", "now_s", "range_s", "shown"),
    [
        # A recording that began at 23:00; the times are told at ``now_s`` of it.
        ([60], 1800, None, ["23:01:00"]),
        ([60], 7200, None, ["11-24 23:01:00"]),
        ([60, 3660], 3700, None, ["11-24 23:01:00", "11-25 00:01:00"]),
        ([3660], 3700, None, ["00:01:00"]),
        ([3660], 3700, [3600, 3700], ["00:01:00"]),
        ([3660], 3700, [0, 3700], ["11-25 00:01:00"]),
        ([60], 1800, [0, 3601], ["11-24 23:01:00"]),
    ],
)
def test_moments_of_today_have_no_date_and_all_others_have(call, seconds, now_s, range_s, shown):
    moments = f"{seconds}.map((t_s) => ({{t_s, wall_s: started + t_s}}))"
    base = f"new m.TimeBase(started, () => started + {now_s})"
    covered = "null" if range_s is None else "{{start_s: {}, end_s: {}}}".format(*range_s)
    times = call("times", f"m.momentTimes({moments}, {base}, {{coverage: {covered}}})")
    assert times == [{"short": text, "long": text} for text in shown]


def test_a_moment_s_own_clock_wins_and_none_is_needed(call):
    """Where the clock was set; of a recording told in minutes; of a file."""
    base = "new m.TimeBase(started, () => started)"
    moment = "[{t_s: 60, wall_s: started + 90}]"
    (told,) = call("times", f"m.momentTimes({moment}, {base})")
    assert told == {"short": "23:01:30", "long": "23:01:30"}
    plain = "new m.TimeBase(null, () => started)"
    (told,) = call("times", f"m.momentTimes({moment}, {plain})")
    assert told == {"short": "1:00", "long": "1:00 (23:01:30)"}
    (told,) = call("times", f"m.momentTimes([{{t_s: 61.5}}], {plain}, {{fine: true}})")
    assert told == {"short": "1:01.5", "long": "1:01.5"}


def test_a_time_that_was_shown_leads_back(call):
    """Every shown time of three days, by the recording's clock and by the wall's."""
    wrong = call(
        "times",
        """[null, started].flatMap((start) => {
          const end_s = 3 * 86400;
          const base = new m.TimeBase(start, () => started + end_s);
          return Array.from({length: 2000}, (_, n) => (n * 12989) % end_s)
            .filter((t) => Math.abs(base.parse(base.text(t), end_s) - t) >= 1);
        })""",
    )
    assert wrong == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("m.shown(null, 90)", [0, 90]),
        ("m.shown({length_s: 10, to_s: null}, 90)", [80, 90]),
        ("m.shown(m.zoomed(null, 100, 0.5, 50), 100)", [25, 75]),
        ("m.zoomed({length_s: 60, to_s: 70}, 100, 2, 50)", None),
        ("m.shown(m.zoomed(null, 100, 1e-9, 50), 100)", [47.5, 52.5]),
        ("m.zoomed(null, 3, 0.5, 1)", None),
        ("m.moved({length_s: 10, to_s: 50}, 100, 1e9)", {"length_s": 10, "to_s": None}),
        ("m.shown(m.showing({length_s: 10, to_s: 50}, 100, 5), 100)", [5, 15]),
        ("m.between(6, 3.04, 9)", {"start_s": 3, "end_s": 6}),
        ("m.between(3, 100, 9)", {"start_s": 3, "end_s": None}),
        ("m.between(-3, 100, 9)", None),
        ("m.between(3, 3.01, 9)", None),
        ("m.chosen({last_s: 600}, 3600)", [3000, 3600]),
        ("m.asked({last_s: 600})", {"last": 600}),
        ("m.asked({start_s: 3, end_s: null})", {"start": 3}),
        ("m.asked({start_s: 3, end_s: 6})", {"start": 3, "end": 6}),
        ("m.asked(null)", {}),
    ],
)
def test_ranges_and_views(call, expression, value):
    assert call("span", expression) == value


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("{}", "seeing since 14:02"),
        ("{disk: 'full', detail: 'the disk is full'}", "seeing since 14:02, but the disk is full"),
        ("{state: 'stalled', reason: 'nothing arrives'}", "blind since 14:02: nothing arrives"),
        ("{state: 'reconnecting', reason: 'unreachable', detail: 'connection refused', attempt: 3,"
         " next_attempt_in_s: 12}", "blind since 14:02: connection refused; attempt 3 in 12 s"),
        ("{state: 'reconnecting', reason: 'lost', detail: 'the server ended the stream',"
         " attempt: 2}", "blind since 14:02: the server ended the stream; attempt 2 is under way"),
        ("{state: 'refused', reason: 'refused', detail: 'wrong password', attempt: 2,"
         " next_attempt_in_s: 290}",
         "refused since 14:02: wrong password; attempt 2 in 4 min 50 s"),
        ("{state: 'stopped', reason: 'closed'}", "stopped at 14:02"),
        ("{kind: 'file', reason: 'watching', ticks: {expected: 200, pending: 123}}",
         "watching, 38 % of the film"),
        ("{kind: 'file', reason: 'first coarse pass'}", "first coarse pass"),
        ("{kind: 'file', state: 'ended'}", "watched to its end"),
        ("{state: 'ended'}", "ended at 14:02"),
    ],
)  # fmt: skip
def test_states_in_words(call, status, text):
    assert call("words", f"m.stateWords(status({status})).text") == text


def test_every_error_and_approximation_of_the_docs_has_words(call):
    errors = call("words", "m.errorWords({code: 'odd', message: 'it broke'})")
    assert errors == ["It broke.", ""]
    named = (
        "exact", "bounded 16 of 90", "merged view", "sealed prefix", "key frames only",
        "previews 3 of 20", "7 s not watched yet", "rounded range", "history kept",
        "past trained length",
    )  # fmt: skip
    for one in named:
        (words,) = call("words", f"m.exactnessWords([{one!r}])")
        assert words.endswith(".")
        assert words != one


def test_waiting_grows_and_is_spread(call):
    waits = call("connection", "[0, 1, 2, 3, 9].flatMap((n) => [m.backOff(n, 0), m.backOff(n, 1)])")
    assert waits == pytest.approx([0.8, 1.2, 1.6, 2.4, 4, 6, 8, 12, 24, 36])


def test_every_code_of_an_error_has_words(call):
    """Codes that only a program can bring about keep the server's own."""
    page = (STATIC.parent.parent.parent / "docs" / "protocol.md").read_text()
    rows = page.split("| `code` | what happened |")[1].split("\n\n")[0].splitlines()
    codes = {code for row in rows if row for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    told = {
        code
        for code in codes
        if call("words", f"m.errorWords({{code: '{code}', message: 'x'}})[1]")
    }
    assert codes - told == {
        "not_json", "unknown_type", "unknown_field", "missing_field", "bad_value", "no_item",
        "source_exists", "cannot_open", "not_yours", "no_response", "picture_expected",
        "no_picture_header", "bad_picture", "not_pushed",
    }  # fmt: skip
