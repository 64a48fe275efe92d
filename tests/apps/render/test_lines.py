from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.render.lines import (
    format_bytes,
    inspection_lines,
    list_lines,
    one_line,
    plain,
    report_line,
    settings_lines,
)
from apps.settings import resolve
from streamvid.ingest import IngestReport
from streamvid.session import GapReport, Inspection, RecordingSummary


def summary(**changed):
    values = {
        "recording_id": "ab" * 32,
        "name": "holiday.mp4",
        "source": "/films/holiday.mp4",
        "length_s": 3723.0,
        "frames": 3000,
        "size_bytes": 12_500_000,
        "created_wall_s": 0.0,
        "updated_wall_s": 0.0,
        "complete": True,
        "busy": False,
    }
    return RecordingSummary(**(values | changed))


def report(**changed):
    values = {
        "recording_id": "ab" * 32,
        "name": "holiday.mp4",
        "frames": 60,
        "new_frames": 60,
        "complete": True,
        "resumed": False,
        "attached": False,
        "two_passes": False,
        "elapsed_s": 2.0,
        "ticks_expected": 60,
        "ticks_covered": 0,
        "ticks_dropped": 0,
        "ticks_gapped": 0,
        "ticks_pending": 0,
        "damage_packets": 0,
        "damage_frames": 0,
    }
    return IngestReport(**(values | changed))


@given(st.text())
def test_plain_text_cannot_steer_a_terminal(text):
    shown = plain(text)
    assert not any(ord(c) < 0x20 and c not in "\n\t" for c in shown)
    assert not any(0x7F <= ord(c) < 0xA0 for c in shown)
    assert plain(shown) == shown


def test_plain_text_keeps_every_script():
    assert plain("¿Qué? 何 в кадре 🐕\n") == "¿Qué? 何 в кадре 🐕\n"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "holiday.mp4: remembered 60 frames in 2.0 s"),
        ({"new_frames": 0}, "holiday.mp4: remembered already: 60 frames"),
        ({"attached": True}, "holiday.mp4: watched by another streamvid: 60 frames"),
        (
            {"resumed": True, "new_frames": 20, "ticks_gapped": 8, "damage_packets": 3},
            "holiday.mp4: went on and remembered 20 frames in 2.0 s, 8 s not seen,"
            " damaged: packets 3, frames 0",
        ),
    ],
)
def test_a_report_says_what_was_done(changed, text):
    assert report_line(report(**changed)) == text


def test_an_inspection_tells_each_second_and_gap():
    seen = Inspection(
        summary=summary(name="a\x1b[31mb"),
        fingerprint="f" * 64,
        model="nano",
        frames=10,
        previews=4,
        ticks_expected=20,
        ticks_seen=10,
        ticks_covered=2,
        ticks_dropped=0,
        ticks_gapped=8,
        ticks_pending=0,
        gaps=(GapReport(5.0, 13.0, "hole"),),
        damage_packets=1,
        damage_frames=2,
        size_bytes=1000,
        width=576,
        tokens_per_frame=1,
        replaces="cd" * 32,
        coverage_text="seen 12 s of 20 s",
    )
    text = "\n".join(inspection_lines(seen))
    assert "20 = 10 seen + 2 covered + 0 dropped + 8 in gaps + 0 pending" in text
    assert "gap       0:05 to 0:13: hole" in text
    assert "10 and 4 previews" in text
    assert "packets 1, frames 2" in text
    assert "cdcd" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "complete"),
        ({"complete": False}, "unfinished"),
        ({"busy": True, "complete": False}, "being watched"),
        ({"busy": True}, "being reencoded"),
    ],
)
def test_the_list_has_a_line_a_recording_in_columns(changed, state):
    head, row = list_lines([summary(**changed)])
    assert row.startswith("holiday.mp4  abababababab  1:02:03  12.5 MB")
    assert row.index(state) == head.index("state")


def test_the_list_tells_live_recordings_apart_by_their_names():
    names = ["push:camera-3f9a1c07", "push:camera-3f9b55d2", "front"]
    lives = [summary(kind="live", name=name, recording_id=name, runs=1) for name in names]
    _, *rows = list_lines([*lives, summary(kind="live", name="", recording_id="push:phone")])
    assert [row.split("  ")[0] for row in rows] == [*names, "-"]
    assert all("  its name  " in row for row in rows[:3])
    assert "  push:phone  " in rows[3]


def test_the_list_says_how_much_of_an_unfinished_one_was_watched():
    _, row = list_lines([summary(complete=False, length_s=64.0, expected_s=190.0)])
    assert "  1:04 of 3:10  " in row


def test_the_list_says_what_is_wrong_with_a_broken_one():
    broken = summary(name="", complete=False, problem="'x.db' is damaged; remove it")
    _, row = list_lines([broken])
    assert row.startswith("-  ")
    assert row.endswith("  -        broken: 'x.db' is damaged; remove it")
    assert "1970" not in row


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_500_000, "12.5 MB"), (3 * 10**12, "3.0 TB")],
)
def test_sizes_are_short(size, text):
    assert format_bytes(size) == text


def test_settings_show_value_and_origin():
    resolved = resolve(
        folders={"home": Path("/h"), "cache": Path("/c")},
        file={},
        file_name="f",
        environment={},
        flags={"seed": "5"},
    )
    lines = settings_lines(resolved)
    assert len(lines) == len(resolved.values())
    (seed,) = [line.split() for line in lines if line.startswith("seed ")]
    assert seed == ["seed", "5", "flag"]


def test_a_name_with_a_line_break_stays_on_its_line():
    assert one_line("a\nb\r\nc\td\x1b[2J") == "a b c d[2J"
    assert len(list_lines([summary(name="first\nsecond")])) == 2
    assert "\n" not in report_line(report(name="first\nsecond"))


@given(st.text())
def test_one_line_is_one_whatever_the_name(text):
    assert len(one_line(text).splitlines()) <= 1


def test_wide_characters_keep_the_columns():
    # One a terminal shows in two columns, one that sits on the letter before it.
    head, wide, marked = list_lines([summary(name="\u72d7.mp4"), summary(name="hu\u0308nd.mp4")])
    at = head.index("id")
    assert wide.index("abab") == at - 1
    assert marked.index("abab") == at + 1
