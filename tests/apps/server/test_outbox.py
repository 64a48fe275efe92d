from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.server.outbox import Outbox, OutboxFullError
from apps.server.protocol import (
    ResponseOutputTextDelta,
    SourceGap,
    SourceStatus,
    parse_server,
    text_of,
)


def delta(text):
    return ResponseOutputTextDelta("resp_1", text)


def status(source, reason="watching"):
    return SourceStatus(source, "file", "seeing", reason, 0.0)


def everything(outbox):
    taken = []
    while (text := outbox.take()) is not None:
        taken.append(parse_server(text))
    return taken


messages = st.one_of(
    st.text(max_size=30).map(delta),
    st.sampled_from("abc").map(status),
    st.sampled_from("abc").map(lambda source: SourceGap(source, 1.0, "hole")),
)


@given(st.lists(messages, max_size=60), st.integers(1, 8))
def test_text_is_never_lost_nor_out_of_order_and_the_bound_holds(sent, most):
    outbox = Outbox(most=most, most_bytes=10**6)
    texts = []
    for message in sent:
        if isinstance(message, ResponseOutputTextDelta):
            texts.append(message)
        try:
            outbox.put(message)
        except OutboxFullError:
            assert len(texts) > most  # nothing but text was left to drop
            break
        assert len(outbox) <= most
    kept = [one for one in everything(outbox) if isinstance(one, ResponseOutputTextDelta)]
    assert kept == texts


@given(st.lists(messages, max_size=60))
def test_with_room_enough_all_is_kept_but_older_statuses(sent):
    outbox = Outbox(most=1000, most_bytes=10**6)
    for message in sent:
        outbox.put(message)
    last = {m.source: n for n, m in enumerate(sent) if isinstance(m, SourceStatus)}
    assert everything(outbox) == [
        m for n, m in enumerate(sent) if not isinstance(m, SourceStatus) or last[m.source] == n
    ]
    assert outbox.dropped == 0


def test_bytes_are_bounded_too():
    outbox = Outbox(most=100, most_bytes=400)
    outbox.put(status("a"))
    outbox.put(delta("x" * 200))
    assert outbox.dropped == 1
    with pytest.raises(OutboxFullError):
        outbox.put(delta("x" * 200))


def test_bytes_come_back_when_taken():
    outbox = Outbox(most=100, most_bytes=len(text_of(delta("x"))) + 10)
    for _ in range(50):
        outbox.put(delta("x"))
        assert outbox.take() is not None
    assert outbox.take() is None
