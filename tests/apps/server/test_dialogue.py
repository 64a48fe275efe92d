from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cli.ranges import to_range
from apps.server.dialogue import MOST_STRIKES, Ask, Cancel, Dialogue, HangUp, Say, TakePicture
from apps.server.protocol import (
    ConversationItemCreate,
    ErrorRaised,
    InputText,
    Item,
    Limits,
    ResponseCreate,
    ResponseCreated,
    SessionUpdated,
    SourceAdd,
    text_of,
)
from apps.times import parse_moment
from streamvid.answer import TimeRange
from tests.apps.server.protocol.test_wire import CLIENT

SOURCES = ("a", "b")
NOON = 1_790_000_000.0
ITEM = ConversationItemCreate(Item((InputText("Who?"),)))


class Clock:
    """Seconds enough between messages that no rate is met."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        self.now_s += 1.0
        return self.now_s


@pytest.fixture
def said():
    """``said(type, **fields)``: deeds of a fresh dialogue about ``SOURCES``."""
    dialogue, clock = Dialogue(Limits()), Clock()

    def say(type_, **fields):
        return dialogue.receive(json.dumps({"type": type_, **fields}), clock(), SOURCES)

    say.dialogue, say.clock = dialogue, clock
    return say


def put(said, text="Who?"):
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return said("conversation.item.create", item=item)


def error_of(deeds):
    (deed,) = deeds
    assert isinstance(deed, Say)
    assert isinstance(deed.message, ErrorRaised)
    return deed.message


def test_a_question_is_two_messages_and_is_used_up(said):
    put(said)
    created, ask = said("response.create", source="a", start=3, end=9, event_id="q")
    assert created.message == ResponseCreated(ask.response_id, "a", "Who?", "q")
    assert isinstance(ask, Ask)
    assert (ask.question, ask.within, ask.keeps) == ("Who?", TimeRange(3.0, 9.0), True)
    assert error_of(said("response.create", source="b", event_id="r")).code == "no_item"


def test_a_later_question_takes_the_place_of_one_that_waits(said):
    put(said, "one")
    put(said, "two")
    assert said("response.create", source="a")[1].question == "two"


def test_one_answer_a_conversation_and_two_a_session(said):
    put(said)
    first = said("response.create", source="a")[1]
    put(said)
    assert error_of(said("response.create", source="a")).code == "response_in_progress"
    said("response.create", source="b")  # the question still waited
    put(said)
    refused = error_of(said("response.create", source="a", conversation="none"))
    assert refused.code == "too_many_responses"
    assert refused.retryable
    said.dialogue.ended(first.response_id)
    assert isinstance(said("response.create", source="a", conversation="none")[1], Ask)


def test_a_session_s_source_and_deadline_stand_in(said):
    (told,) = said("session.update", source="b", deadline_ms=5000, event_id="u")
    assert told.message == SessionUpdated(5000, True, "b", "u")
    put(said)
    ask = said("response.create")[1]
    assert (ask.source, ask.deadline_ms) == ("b", 5000)


def deadline_refused(deeds, most_ms):
    refused = error_of(deeds)
    assert (refused.code, refused.param, refused.event_id) == ("bad_value", "deadline_ms", "e")
    assert f"{most_ms}" in refused.message


@pytest.mark.parametrize("limits", [Limits(), Limits(deadline_ms=5000)])
def test_a_deadline_beyond_the_limit_is_refused_and_changes_nothing(limits):
    dialogue, clock = Dialogue(limits), Clock()

    def say(type_, **fields):
        return dialogue.receive(json.dumps({"type": type_, **fields}), clock(), SOURCES)

    most_ms = limits.deadline_ms
    late = {"deadline_ms": most_ms + 1, "event_id": "e"}
    deadline_refused(say("session.update", source="b", status=False, **late), most_ms)
    (told,) = say("session.update", event_id="u")
    assert told.message == SessionUpdated(most_ms, True, None, "u")
    (told,) = say("session.update", deadline_ms=most_ms)
    assert told.message.deadline_ms == most_ms
    put(say)
    deadline_refused(say("response.create", source="a", **late), most_ms)
    created, ask = say("response.create", source="a", deadline_ms=most_ms)
    assert (created.message.response_id, ask.deadline_ms) == ("resp_2", most_ms)


def test_without_a_name_only_one_source_can_be_meant(said):
    put(said)
    assert error_of(said("response.create")).code == "no_source"
    alone = Dialogue(Limits())
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
    alone.receive(json.dumps({"type": "conversation.item.create", "item": item}), 0.0, ("a",))
    assert alone.receive('{"type": "response.create"}', 0.0, ("a",))[1].source == "a"


def test_a_bad_range_and_an_empty_question_are_told_with_their_message(said):
    put(said)
    refused = error_of(said("response.create", source="a", start=9, end=3, event_id="q"))
    assert (refused.code, refused.event_id) == ("bad_range", "q")
    assert error_of(put(said, "  \n ")).code == "empty_question"


def test_either_end_may_be_said_by_the_wall_clock(said):
    put(said)
    ask = said("response.create", source="a", start_wall_s=NOON, end_wall_s=NOON + 60)[1]
    assert ask.within == TimeRange(start_wall_s=NOON, end_wall_s=NOON + 60)
    put(said)
    ask = said("response.create", source="b", last=20, end_wall_s=NOON)[1]
    assert ask.within == TimeRange(last_s=20.0, end_wall_s=NOON)


@pytest.mark.parametrize(
    ("code", "param", "times"),
    [
        ("bad_range", "end", {"start": 9, "end": 3}),
        ("bad_range", "last", {"start": 9, "last": 3}),
        ("bad_range", "last", {"start_wall_s": NOON, "last": 3}),
        ("bad_range", "last", {"last": 0}),
        ("bad_range", "start_wall_s", {"start": 9, "start_wall_s": NOON}),
        ("bad_range", "end_wall_s", {"end": 9, "end_wall_s": NOON}),
        ("bad_range", "end_wall_s", {"start_wall_s": NOON, "end_wall_s": NOON}),
        ("bad_value", "start_wall_s", {"start_wall_s": 1e12}),
        ("bad_value", "end_wall_s", {"end_wall_s": "14:02"}),
    ],
)
def test_a_range_that_cannot_be_is_refused_by_its_field(said, code, param, times):
    put(said)
    refused = error_of(said("response.create", source="a", event_id="q", **times))
    assert (refused.code, refused.param, refused.event_id) == (code, param, "q")
    assert isinstance(said("response.create", source="a")[1], Ask)  # the question still waits


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),
    st.integers(1, 10**6),
    st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-11, 0, 2, 13)]),
)
def test_what_is_typed_in_any_zone_reaches_the_server_as_that_moment(start, length_s, zone):
    """A time of the terminal's clock, over the wire, and back on a clock in the same zone."""
    start = start.replace(microsecond=0, tzinfo=zone)
    ends = (start, start + timedelta(seconds=length_s))
    typed = to_range(
        *(parse_moment(f"@{end:%Y-%m-%dT%H:%M:%S}", now_s=0.0, zone=zone) for end in ends)
    )
    message = ResponseCreate(
        source="a", start_wall_s=typed.start_wall_s, end_wall_s=typed.end_wall_s
    )
    dialogue = Dialogue(Limits())
    dialogue.receive(text_of(ITEM), 0.0, SOURCES)
    within = dialogue.receive(text_of(message), 0.0, SOURCES)[1].within
    assert within == typed
    assert datetime.fromtimestamp(within.start_wall_s, zone) == ends[0]
    assert datetime.fromtimestamp(within.end_wall_s, zone) == ends[1]


def test_cancel_names_one_answer_or_means_all(said):
    put(said)
    first = said("response.create", source="a")[1].response_id
    put(said)
    second = said("response.create", source="b")[1].response_id
    assert said("response.cancel", response_id=second) == [Cancel((second,))]
    assert said("response.cancel") == [Cancel((first, second))]
    assert error_of(said("response.cancel", response_id="resp_99")).code == "no_response"


JPEG = b"\xff\xd8\xff\xe0rest"


def test_a_picture_follows_its_header(said):
    assert said("input_video_frame.append", source="a", size_bytes=len(JPEG), t=2) == []
    (deed,) = said.dialogue.receive(JPEG, said.clock(), SOURCES)
    assert deed == TakePicture("a", JPEG, 2.0, None)


def test_a_picture_without_header_of_another_size_or_kind_is_told(said):
    receive = said.dialogue.receive
    assert error_of(receive(JPEG, said.clock(), SOURCES)).code == "no_picture_header"
    said("input_video_frame.append", source="a", size_bytes=3)
    assert error_of(receive(JPEG, said.clock(), SOURCES)).code == "bad_picture"
    said("input_video_frame.append", source="a", size_bytes=4)
    assert error_of(receive(b"GIF8", said.clock(), SOURCES)).code == "bad_picture"


def test_a_header_whose_picture_does_not_follow_is_dropped_and_the_message_counts(said):
    said("input_video_frame.append", source="a", size_bytes=9, event_id="h")
    lost, update = said("session.update", event_id="u")
    assert (lost.message.code, lost.message.event_id) == ("picture_expected", "h")
    assert update.message.event_id == "u"


def test_too_large_a_text_is_told_and_not_parsed(said):
    long = '{"type": "session.update", "event_id": "' + "x" * 70_000
    assert error_of(said.dialogue.receive(long, said.clock(), SOURCES)).code == "too_large"


def test_a_flood_is_told_then_cut_off_and_patience_is_forgiven(said):
    dialogue, flood = said.dialogue, '{"type": "session.update"}'
    burst = [dialogue.receive(flood, 0.0, SOURCES) for _ in range(40)]
    assert all(isinstance(deed.message, SessionUpdated) for (deed,) in burst)
    for _ in range(MOST_STRIKES):
        assert error_of(dialogue.receive(flood, 0.0, SOURCES)).code == "rate_limited"
    assert isinstance(dialogue.receive(flood, 5.0, SOURCES)[0].message, SessionUpdated)
    for _ in range(200):
        deeds = dialogue.receive(flood, 5.0, SOURCES)
    assert isinstance(deeds[0], HangUp)
    assert deeds[0].code == 1008


def test_adding_a_source_is_left_to_whoever_may(said):
    (deed,) = said("source.add", source="c", address="x.mp4", event_id="e")
    assert deed == SourceAdd("c", "x.mp4", "e")


@given(st.lists(st.one_of(CLIENT.map(text_of), st.text(), st.binary()), max_size=12))
def test_whatever_comes_deeds_are_said_and_no_more_answers_run_than_may(messages):
    limits = Limits()
    dialogue, running = Dialogue(limits), 0
    for number, message in enumerate(messages):
        for deed in dialogue.receive(message, float(number), SOURCES):
            running += isinstance(deed, Ask)
    assert running <= limits.responses
