import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import Anchor, Timeline
from streamvid.answer.span import TimeRange, bounds, outside_words, resolved
from streamvid.errors import RangeError

NOON = 1_795_000_000.0
# A minute, then ten minutes in which nobody watched, then a minute and a half.
LINE = Timeline((Anchor(0.0, NOON, run=True), Anchor(660.0, NOON + 660, run=True)), 750.0)


def test_ends_by_the_wall_clock_become_stream_time():
    within = TimeRange(start_wall_s=NOON + 10, end_wall_s=NOON + 700)
    assert resolved(within, LINE) == TimeRange(10.0, 700.0)


def test_an_end_to_come_leaves_the_range_open():
    assert resolved(TimeRange(start_wall_s=NOON, end_wall_s=NOON + 9999), LINE) == TimeRange(0.0)


def test_a_last_stretch_may_end_by_the_wall_clock():
    within = resolved(TimeRange(last_s=20, end_wall_s=NOON + 50), LINE)
    assert bounds(within, LINE.end_s) == (30.0, 50.0)


def test_a_start_before_the_recording_means_its_start():
    assert resolved(TimeRange(start_wall_s=NOON - 99), LINE) == TimeRange(0.0)


@pytest.mark.parametrize(
    ("within", "field", "limit_wall_s"),
    [
        (TimeRange(start_wall_s=NOON + 750), "start_wall_s", NOON + 750),
        (TimeRange(end_wall_s=NOON), "end_wall_s", NOON),
    ],
)
def test_a_range_outside_is_refused_with_both_clocks(within, field, limit_wall_s):
    with pytest.raises(RangeError, match=r"the recording (begins|ends) at 20") as refused:
        resolved(within, LINE)
    assert (refused.value.field, refused.value.limit_wall_s) == (field, limit_wall_s)
    # Whoever knows these three can say the same by another clock.
    assert str(refused.value) == outside_words(field, getattr(within, field), limit_wall_s)


def test_an_end_that_falls_before_the_start_is_refused_as_it_was_said():
    with pytest.raises(RangeError, match="ends at 0:10, not after its start at 1:00") as refused:
        resolved(TimeRange(60.0, end_wall_s=NOON + 10), LINE)
    assert refused.value.field == "end_wall_s"


def test_without_a_wall_clock_it_is_refused():
    with pytest.raises(RangeError, match="no wall clock") as refused:
        resolved(TimeRange(start_wall_s=NOON), None)
    assert refused.value.field == "start_wall_s"
    with pytest.raises(RangeError, match="no wall clock"):
        bounds(TimeRange(end_wall_s=NOON), 60.0)
    assert resolved(TimeRange(1.0, 2.0), None) == TimeRange(1.0, 2.0)


@pytest.mark.parametrize(
    ("ends", "field"),
    [
        ({"start_s": 1.0, "start_wall_s": NOON}, "start_wall_s"),
        ({"end_s": 1.0, "end_wall_s": NOON}, "end_wall_s"),
        ({"last_s": 1.0, "start_wall_s": NOON}, "last_s"),
        ({"last_s": 0.0}, "last_s"),
        ({"start_s": 3.0, "end_s": 2.0}, "end_s"),
        ({"start_wall_s": NOON, "end_wall_s": NOON}, "end_wall_s"),
        ({"start_wall_s": float("nan")}, "start_wall_s"),
        ({"end_wall_s": -1.0}, "end_wall_s"),
    ],
)
def test_what_says_two_things_or_none_is_refused_by_its_field(ends, field):
    with pytest.raises(RangeError) as refused:
        TimeRange(**ends)
    assert refused.value.field == field


def test_a_range_by_the_wall_clock_is_not_everything():
    assert not TimeRange(start_wall_s=NOON).everything
    assert not TimeRange(end_wall_s=NOON).everything


@given(st.floats(0, 749), st.floats(0.01, 1000))
def test_stream_time_to_the_wall_clock_and_back(start_s, length_s):
    within = TimeRange(
        start_wall_s=LINE.to_wall_time(start_s), end_wall_s=LINE.to_wall_time(start_s) + length_s
    )
    found = bounds(resolved(within, LINE), LINE.end_s)
    assert found == pytest.approx((start_s, min(start_s + length_s, 750.0)), abs=1e-4)
