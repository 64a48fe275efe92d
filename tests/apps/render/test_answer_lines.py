"""What stands below an answer, to a reader in Berlin whose clock says 18:00 on 24 November."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.render.answer_lines import answer_lines, moment_lines, search_lines, timing_line
from apps.stills import SavedMoment
from streamvid.answer import Answer, CoverageReport, SearchResult, Timings, Usage

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 18, 0, tzinfo=BERLIN)
HERE = {"now_s": NOW.timestamp(), "zone": BERLIN}
COVERAGE = CoverageReport(0.0, 60.0, 50.0, 50, 0, ((20.0, 30.0, "hole"),), "seen 50 s of 1 min")


def answer(**changed):
    values = {
        "text": "A dog.",
        "question": "What?",
        "recording_id": "ab" * 32,
        "finish": "stop",
        "exactness": ("bounded 16 of 50", "merged view"),
        "evidence": (),
        "coverage": COVERAGE,
        "timings": Timings(first_text_s=1.25),
        "usage": Usage(range_frames=50, view_tokens=50, tokens_per_s=24.4),
        "language_model": "smollm2 bf16",
    }
    return Answer(**(values | changed))


def covering(start_s, end_s):
    return CoverageReport(start_s, end_s, end_s - start_s, 1, 0, (), "seen")


def seen_at(clock, t_s=24.0):
    wall_s = datetime.fromisoformat(clock).replace(tzinfo=BERLIN).timestamp()
    return SavedMoment(t_s, 0.25, Path("a.jpg"), wall_s)


def test_moments_stand_in_columns():
    moments = [SavedMoment(75.0, 0.25, Path("s/a.jpg")), SavedMoment(3723.0, -0.1, Path("s/b.jpg"))]
    assert moment_lines(moments, COVERAGE, **HERE) == [
        "   1:15   0.250  s/a.jpg",
        "1:02:03  -0.100  s/b.jpg",
    ]


def test_a_live_moment_of_today_says_the_wall_clock():
    (line,) = moment_lines([seen_at("2026-11-24T14:02:11")], COVERAGE, **HERE)
    assert line == "0:24 (14:02:11)   0.250  a.jpg"


def test_one_of_another_day_says_that_day():
    (line,) = moment_lines([seen_at("2026-11-23T14:02:11")], COVERAGE, **HERE)
    assert line == "0:24 (2026-11-23 14:02:11)   0.250  a.jpg"


def test_the_day_is_the_reader_s():
    moment = seen_at("2026-11-24T00:30:00")  # still the 23rd in New York
    (line,) = moment_lines([moment], covering(24, 25), now_s=NOW.timestamp(), zone=BERLIN)
    assert line.startswith("0:24 (00:30:00)")
    york = ZoneInfo("America/New_York")
    (line,) = moment_lines([moment], covering(24, 25), now_s=NOW.timestamp(), zone=york)
    assert line.startswith("0:24 (2026-11-23 18:30:00)")


def test_moments_of_two_days_all_say_theirs():
    moments = [seen_at("2026-11-24T00:00:05", 70.0), seen_at("2026-11-23T23:59:55", 60.0)]
    lines = moment_lines(moments, covering(55, 80), **HERE)
    assert [line.split("  ")[0] for line in lines] == [
        "1:10 (2026-11-24 00:00:05)",
        "1:00 (2026-11-23 23:59:55)",
    ]


@pytest.mark.parametrize(
    ("start_s", "end_s", "shown"),
    [
        (0.0, 100.0, "1:00 (00:01:30)"),  # it begins 30 s into the day
        (0.0, 23 * 3600.0, "1:00 (00:01:30)"),
        (0.0, 24 * 3600.0, "1:00 (2026-11-24 00:01:30)"),
        (-40.0, 100.0, "1:00 (2026-11-24 00:01:30)"),
    ],
)
def test_a_range_of_several_days_has_its_moments_dated(start_s, end_s, shown):
    moment = seen_at("2026-11-24T00:01:30", 60.0)
    (line,) = moment_lines([moment], covering(start_s, end_s), **HERE)
    assert line.split("  ")[0] == shown


@given(
    st.lists(st.tuples(st.integers(0, 400_000), st.floats(0, 0.99)), min_size=1, max_size=5),
    st.integers(0, 400_000),
    st.sampled_from([UTC, BERLIN, ZoneInfo("Pacific/Auckland")]),
)
def test_a_clock_without_a_date_is_of_today(seconds, now_s, zone):
    """Whoever reads a time of day alone and takes it for today's is never wrong."""
    began = datetime(2026, 3, 28, tzinfo=UTC)  # the clocks change in Berlin within these days
    moments = [
        SavedMoment(s + part, 0.5, Path("a.jpg"), began.timestamp() + s + part)
        for s, part in seconds
    ]
    now = (began + timedelta(seconds=now_s)).astimezone(zone)
    covered = covering(min(m.t_s for m in moments), max(m.t_s for m in moments))
    lines = moment_lines(moments, covered, now_s=now.timestamp(), zone=zone)
    for moment, line in zip(moments, lines, strict=True):
        clock = line[line.index("(") + 1 : line.index(")")]
        then = datetime.fromtimestamp(moment.wall_s, zone)
        assert clock in (f"{then:%H:%M:%S}", f"{then:%Y-%m-%d %H:%M:%S}")
        assert len(clock) > 8 or then.date() == now.date()


def test_below_an_answer_stand_moments_coverage_and_exactness():
    lines = answer_lines(answer(), [SavedMoment(5.0, 0.3, Path("a.jpg"))], **HERE)
    assert lines == [
        "0:05   0.300  a.jpg",
        "seen 50 s of 1 min",
        "exactness: bounded 16 of 50, merged view",
    ]


@pytest.mark.parametrize(
    ("finish", "word"),
    [("length", "max_new_tokens"), ("cancelled", "cancelled"), ("deadline", "deadline")],
)
def test_an_answer_that_did_not_end_says_so(finish, word):
    assert word in answer_lines(answer(finish=finish), [], **HERE)[-1]


def test_a_blind_answer_claims_no_exactness():
    assert answer_lines(answer(finish="blind"), [], **HERE) == [COVERAGE.text]


def test_a_search_says_days_as_an_answer_does():
    moments = [seen_at("2026-11-23T14:02:11")]
    found = SearchResult("a dog", "ab" * 32, (), COVERAGE, 0.1)
    assert search_lines(found, moments, **HERE) == [
        "0:24 (2026-11-23 14:02:11)   0.250  a.jpg",
        "seen 50 s of 1 min",
    ]


def test_timing_says_when_the_memory_was_not_read_again():
    assert "read before" not in timing_line(answer())
    assert "read before" in timing_line(answer(usage=Usage(context_reused=True)))


def test_no_words_have_no_timing():
    assert timing_line(answer(text="")) == "50 frames in 50 tokens; smollm2 bf16"
    assert timing_line(answer()).startswith("first words after 1.2 s, 24 tokens/s, 50 frames")
