import contextlib
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.errors import TimeTextError
from apps.times import format_time, format_wall, is_of_day, parse_moment, parse_time


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


ZONES = [timezone(timedelta(hours=hours)) for hours in (-11, 0, 2, 13)]


@given(st.integers(86_400 * 4, 4_000_000_000), st.sampled_from(ZONES), st.times())
def test_a_clock_time_is_the_latest_that_is_past(now_s, zone, clock):
    clock = clock.replace(microsecond=0)
    found = parse_moment(f"@{clock:%H:%M:%S}", now_s=now_s, zone=zone)
    assert now_s - 86_400 < found.wall_s <= now_s
    assert datetime.fromtimestamp(found.wall_s, zone).time() == clock


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.sampled_from(ZONES))
def test_a_date_and_time_is_read_as_it_is_written(moment, zone):
    moment = moment.replace(microsecond=0, tzinfo=zone)
    found = parse_moment(f"@{moment:%Y-%m-%dT%H:%M:%S}", now_s=0, zone=zone)
    assert datetime.fromtimestamp(found.wall_s, zone) == moment
    to_minute = parse_moment(f"@{moment:%Y-%m-%dT%H:%M}", now_s=0, zone=zone)
    assert to_minute.wall_s == found.wall_s - moment.second


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@given(now_s=st.integers(1_700_000_000, 1_800_000_000), clock=st.times())
def test_clocks_that_change_leave_it_past(zone, now_s, clock):
    clock = clock.replace(microsecond=0)
    found = parse_moment(f"@{clock:%H:%M:%S}", now_s=now_s, zone=ZoneInfo(zone))
    assert now_s - 2 * 90_000 < found.wall_s <= now_s
    assert datetime.fromtimestamp(found.wall_s, ZoneInfo(zone)).time() == clock


@pytest.mark.parametrize(
    "text",
    [
        "@", "@14", "@25:00", "@14:60", "@14:02:60", "@2026-13-01T00:00", "@2026-11-24",
        "@1969-01-01T00:00", "@14:02Z", "@-1:00", "@\u0663:\u0660\u0660",
    ],
)  # fmt: skip
def test_what_is_on_no_clock_is_refused(text):
    with pytest.raises(TimeTextError):
        parse_moment(text, now_s=1e9, zone=UTC)


def test_without_an_at_it_is_stream_time():
    assert parse_moment("1:15", now_s=1e9) == 75.0


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.sampled_from(ZONES))
def test_a_wall_clock_that_was_written_is_read_again(moment, zone):
    wall_s = moment.replace(microsecond=0, tzinfo=zone).timestamp()
    dated = format_wall(wall_s, dated=True, zone=zone)
    assert parse_moment(f"@{dated.replace(' ', 'T')}", now_s=0, zone=zone).wall_s == wall_s
    assert dated.endswith(format_wall(wall_s, dated=False, zone=zone))


@given(st.integers(86_400, 4_000_000_000), st.integers(-200_000, 200_000), st.sampled_from(ZONES))
def test_of_a_day_is_what_has_its_date(now_s, away_s, zone):
    then, now = (datetime.fromtimestamp(s, zone) for s in (now_s + away_s, now_s))
    assert is_of_day(now_s + away_s, now_s, zone) == (then.date() == now.date())


@pytest.mark.parametrize(
    ("clock", "hours"),
    [("2026-03-29T12:00", 23), ("2026-06-01T12:00", 24), ("2026-10-25T12:00", 25)],
)
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(clock, hours):
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime.fromisoformat(clock).replace(tzinfo=berlin)
    midnight_s = now.replace(hour=0).timestamp()
    day = [is_of_day(midnight_s + 3600 * h, now.timestamp(), berlin) for h in range(-1, 26)]
    assert day.count(True) == hours
    assert day[1]
    assert not day[0]
