import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.errors import TimeTextError
from apps.times import format_time, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("75", 75.0),
        ("75.5", 75.5),
        ("75s", 75.0),
        ("1:15", 75.0),
        ("01:15", 75.0),
        ("90:00", 5400.0),
        ("1:02:03", 3723.0),
        ("0:00:59.25", 59.25),
        ("  2:00 ", 120.0),
        ("30:00:00", 108000.0),
    ],
)
def test_reads_seconds_and_clocks(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "abc", "-5", "1:", ":30", "1:5", "1:60", "1:60:00", "1:2:3", "1e3", "nan", "inf", "1:00:",
     "١:٠٠", "1 00", "1:00:00:00"],
)  # fmt: skip
def test_refuses_what_is_no_time_in_one_line(text):
    with pytest.raises(TimeTextError) as caught:
        parse_time(text)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.integers(min_value=0, max_value=10**7))
def test_reading_undoes_writing(seconds):
    assert parse_time(format_time(seconds)) == seconds


@given(st.floats(min_value=0, max_value=1e7, allow_nan=False))
def test_writing_cuts_parts_of_a_second_off(seconds):
    assert format_time(seconds) == format_time(int(seconds))


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text):
    with contextlib.suppress(TimeTextError):
        assert parse_time(text) >= 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.99, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (-1, "0:00")],
)
def test_hours_show_only_from_an_hour_on(seconds, text):
    assert format_time(seconds) == text
