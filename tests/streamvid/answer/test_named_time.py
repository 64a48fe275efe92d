"""Which part of a range a question names, and when it names none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.answer.named_time import EDGE_SHARE, MOMENT_S, named_stretch


@pytest.mark.parametrize(
    ("question", "stretch"),
    [
        ("How many cups are on the shelf at 20 seconds?", (18.5, 21.5)),
        ("What enters at about 17 seconds?", (15.5, 18.5)),
        ("Who stands there at 1:05?", (63.5, 66.5)),
        ("Who stands there at 0:01:05?", (63.5, 66.5)),
        ("What is it at 20s", (18.5, 21.5)),
        ("What is it at 1.5 minutes?", (88.5, 91.5)),
        ("What is it at two minutes?", (118.5, 120.0)),
        ("Is there a car between 20 and 24 seconds?", (20.0, 24.0)),
        ("Is there a car from 0:20 to 0:24?", (20.0, 24.0)),
        ("Is there a car between 50 seconds and 1 minute?", (50.0, 60.0)),
        ("Is anybody there in the first second?", (10.0, 11.0)),
        ("Is anybody there during the first four seconds?", (10.0, 14.0)),
        ("What is shown in the last 30 seconds?", (90.0, 120.0)),
        ("What happens at the end?", (98.0, 120.0)),
        ("What happens near the very end of the video?", (98.0, 120.0)),
        ("At the beginning, who is there?", (10.0, 32.0)),
        ("What is he doing in the first scene?", (10.0, 32.0)),
        ("What is written in the last picture?", (118.5, 120.0)),
        ("What is written in the very first frame?", (10.0, 11.5)),
        ("Who speaks in the second half?", (65.0, 120.0)),
        ("WHO SPEAKS   in the first\nhalf of it?", (10.0, 65.0)),
    ],
)
def test_a_time_that_is_named_is_understood(question, stretch):
    assert named_stretch(question, 10.0, 120.0) == pytest.approx(stretch)


@pytest.mark.parametrize(
    "question",
    [
        "Is there a dog?",
        "When does the dog come?",
        "At about which second does the car come?",
        "Does it come at the start or at the end of the video?",
        "Is it shown in the first or in the second half?",
        "What happens before the end?",
        "What stands at the end of the street?",
        "Who is at the start line?",
        "Who comes first?",
        "What colour is the last car?",
        "How many people come after the first 5 seconds?",
        "Does it take about 30 minutes?",
        "What is different at 20 seconds and at 40 seconds?",
        "Who is there at 3:00?",
        "Who is there at 5 seconds?",
        "Which 2 men sit at 3 tables?",
        "What ends at the endless road?",
        "",
    ],
)
def test_where_no_single_time_of_the_range_is_named_there_is_none(question):
    assert named_stretch(question, 10.0, 120.0) is None


@given(
    st.lists(
        st.sampled_from(
            (
                "at",
                "the",
                "end",
                "start",
                "first",
                "last",
                "of",
                "second",
                "half",
                "20",
                "0:30",
                "seconds",
                "between",
                "and",
                "minute",
                "or",
                "one",
                "video",
                "in",
                "picture",
                "?",
            )
        ),
        max_size=12,
    ).map(" ".join)
    | st.text(max_size=60),
    st.floats(0, 1000),
    st.floats(0.1, 1000),
)
def test_whatever_is_named_lies_in_the_range(question, start_s, length_s):
    named = named_stretch(question, start_s, start_s + length_s)
    assert named is None or start_s <= named[0] < named[1] <= start_s + length_s


def test_an_edge_is_longer_than_a_moment_in_all_but_the_shortest_ranges():
    named = named_stretch("What happens at the end?", 0.0, 60.0)
    assert named == (60.0 - 60.0 / EDGE_SHARE, 60.0)
    assert named[1] - named[0] > 2 * MOMENT_S
