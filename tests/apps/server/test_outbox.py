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


def status(source, state="seeing", since=0.0):
    return SourceStatus(source, "live", state, "frames", since)


def everything(outbox):
    taken = []
    while (text := outbox.take()) is not None:
        taken.append(parse_server(text))
    return taken


messages = st.one_of(
    st.text(max_size=30).map(delta),
    st.builds(
        status,
        st.sampled_from("abc"),
        st.sampled_from(["seeing", "stalled"]),
        st.sampled_from([1, 2]),
    ),
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
def test_with_room_enough_all_is_kept_but_what_a_newer_status_of_that_state_says(sent):
    outbox = Outbox(most=1000, most_bytes=10**6)
    for message in sent:
        outbox.put(message)

    def is_renewed(number, status):
        later = (m for m in sent[number + 1 :] if isinstance(m, SourceStatus))
        newer = next((m for m in later if m.source == status.source), None)
        return newer is not None and newer.state == status.state

    assert everything(outbox) == [
        m for n, m in enumerate(sent) if not isinstance(m, SourceStatus) or not is_renewed(n, m)
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
