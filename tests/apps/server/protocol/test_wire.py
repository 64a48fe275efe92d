from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.server.protocol import (
    CLIENT_TYPES,
    SERVER_TYPES,
    Found,
    ProtocolError,
    ResponseCreate,
    SessionUpdate,
    parse_client,
    parse_server,
    text_of,
)
from apps.server.protocol.schema import document_of, read
from tests.apps.server.messages import values_of

CLIENT = st.one_of(*map(values_of, CLIENT_TYPES.values()))
SERVER = st.one_of(*map(values_of, SERVER_TYPES.values()))

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(CLIENT)
def test_every_client_message_reads_as_it_was_written(message):
    assert parse_client(text_of(message)) == message


@given(SERVER)
def test_every_server_message_reads_as_it_was_written(message):
    text = text_of(message)
    assert text.isascii()
    assert parse_server(text) == message


@given(values_of(Found))
def test_a_search_s_document_reads_as_it_was_written(found):
    document = json.loads(json.dumps(document_of(found)))
    assert read(Found, document, strict=True) == found


@given(anything)
def test_any_json_is_a_message_or_a_protocol_error(document):
    for parse in (parse_client, parse_server):
        raised = None
        try:
            parse(json.dumps(document))
        except ProtocolError as error:
            raised = error
        assert raised is None or 0 < len(raised.message) < 1000
        assert raised is None or "\n" not in raised.message


@given(st.sampled_from(sorted(CLIENT_TYPES)), st.dictionaries(st.text(), anything, max_size=4))
def test_any_fields_of_a_known_type_are_a_message_or_a_protocol_error(name, rest):
    try:
        message = parse_client(json.dumps({**rest, "type": name}))
    except ProtocolError:
        return
    assert message.type == name


@given(CLIENT, st.data())
def test_one_wrong_field_is_named(message, data):
    document = json.loads(text_of(message))
    name = data.draw(st.sampled_from([key for key in document if key != "type"] or ["event_id"]))
    document[name] = {"wrong": [1]}
    with pytest.raises(ProtocolError) as raised:
        parse_client(json.dumps(document))
    assert (raised.value.param or "").split(".")[0] == name
    assert raised.value.event_id == (None if name == "event_id" else message.event_id)


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
def test_any_text_is_a_message_or_a_protocol_error(text):
    for parse in (parse_client, parse_server):
        with pytest.raises(ProtocolError):
            parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        '{"type":' * 10_000,
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        '{"type": "response.create", "start": NaN}',
        '{"type": "response.create", "start": 1e999}',
        '{"type": "response.create", "start": Infinity}',
        '{"type": "response.create", "start": true}',
        '{"type": "response.create", "start": -1}',
        '{"type": "response.create", "start": ' + "9" * 5000 + "}",
        '{"type": "response.create", "start": ' + "9" * 4000 + "}",
        '{"type": "response.create", "start_wall_s": "@14:02"}',
        '{"type": "response.create", "start_wall_s": -1}',
        '{"type": "response.create", "end_wall_s": 1e12}',
        '{"type": "response.create", "end_wall_s": {"wall_s": 1}}',
        '{"type": "response.create", "wall_s": 1}',
        '{"type": "response.create", "deadline_ms": 1.5}',
        '{"type": "response.create", "deadline_ms": 0}',
        '{"type": "response.create", "source": "../../etc"}',
        '{"type": "response.create", "source": "a\\u0000b"}',
        '{"type": "response.create", "event_id": "\\ud800"}',
        '{"type": "response.create", "conversation": ["auto"]}',
        '{"type": "response.create", "type": "session.update"}',
        '{"type": ["response.create"]}',
        '{"type": {}}',
        '"response.create"',
        "null",
        "",
        '{"type": "response.create"} {}',
    ],
    ids=lambda text: text[:50],
)
def test_hostile_texts_are_refused(text):
    with pytest.raises(ProtocolError):
        parse_client(text)


def test_an_error_says_which_field_and_what_it_may_be():
    with pytest.raises(ProtocolError) as raised:
        parse_client('{"type": "response.create", "event_id": "q7", "start": "soon"}')
    error = raised.value
    assert (error.code, error.param, error.event_id) == ("bad_value", "start", "q7")
    assert error.message == "start is 'soon'; pass a number"
    assert not error.retryable


def test_a_field_deep_inside_is_named_by_its_path():
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": 3}]}
    with pytest.raises(ProtocolError) as raised:
        parse_client(json.dumps({"type": "conversation.item.create", "item": item}))
    assert raised.value.param == "item.content.0.text"


def test_a_misspelt_field_is_refused_by_the_server_and_passed_over_by_a_client():
    with pytest.raises(ProtocolError) as raised:
        parse_client('{"type": "response.create", "deadline": 5}')
    assert (raised.value.code, raised.value.param) == ("unknown_field", "deadline")
    assert parse_server('{"type": "source.removed", "source": "a", "later": 1}').source == "a"


def test_what_is_left_out_is_what_null_is():
    assert parse_client('{"type": "session.update", "source": null}') == SessionUpdate()
    assert parse_client('{"type": "response.create"}') == ResponseCreate()


def test_whole_numbers_are_seconds_too():
    message = parse_client('{"type": "response.create", "start": 3}')
    assert isinstance(message, ResponseCreate)
    assert isinstance(message.start, float)
