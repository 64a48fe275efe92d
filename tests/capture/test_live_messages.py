from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import Address, Credentials, LiveSettings
from capture.live_messages import (
    Failed,
    Note,
    Opened,
    Picture,
    decode_message,
    decode_order,
    encode_message,
    encode_order,
)
from capture.live_order import live_order
from capture.live_outbox import Outbox

numbers = st.floats(allow_nan=False, allow_infinity=False)


def picture(tick: int = 0) -> Picture:
    return Picture(np.zeros((2, 2, 3), np.uint8), tick, 0.0, 0.0, 0.0, 0.0, 0.0)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**9), numbers, st.randoms())
def test_pictures_cross_the_pipe_bit_by_bit(height, width, tick, at_s, chance) -> None:
    pixels = np.frombuffer(chance.randbytes(height * width * 3), np.uint8)
    sent = Picture(pixels.reshape(height, width, 3), tick, 1.5, at_s, at_s, 2.5, 0.1, corrupt=True)
    got = decode_message(encode_message(sent))
    assert isinstance(got, Picture)
    assert (got.pixels == sent.pixels).all()
    for field in dataclasses.fields(Picture):
        if field.name != "pixels":
            assert getattr(got, field.name) == getattr(sent, field.name)


@given(st.text(), st.text(), st.lists(st.text()))
def test_words_cross_the_pipe(codec, detail, options) -> None:
    for sent in (
        Opened(codec, (3, 4), ignored_options=tuple(options)),
        Note("clock", detail),
        Failed("lost", detail),
    ):
        assert decode_message(encode_message(sent)) == sent


@given(st.binary(max_size=200))
def test_noise_is_refused(noise) -> None:
    with pytest.raises(ValueError, match="malformed"):
        decode_message(noise)


def test_a_picture_whose_size_lies_is_refused() -> None:
    with pytest.raises(ValueError, match="malformed"):
        decode_message(encode_message(picture())[:-1])


def test_an_order_crosses_the_pipe_and_never_prints_its_password() -> None:
    address = Address.parse("rtsp://eye:s3cret@cam/x?token=abcdef")
    order = live_order(address, LiveSettings(), Credentials("eye", "s3cret"), origin_s=3.5)
    again = decode_order(encode_order(order))
    for field in dataclasses.fields(order):
        assert getattr(again, field.name) == getattr(order, field.name)
    assert "s3cret" not in repr(order)
    assert {"s3cret", "eye", "abcdef"} <= set(order.secrets)


@given(st.lists(st.sampled_from(["picture", "note", "take"]), max_size=60))
def test_the_newest_picture_wins_and_nothing_else_is_lost(steps) -> None:
    outbox, sent_notes, sent_pictures = Outbox(), 0, 0
    notes, pictures, waiting, replaced = [], [], 0, 0

    def take() -> None:
        nonlocal waiting, replaced
        message = outbox.take()
        waiting -= 1
        if isinstance(message, Picture):
            pictures.append(message.tick)
            replaced = message.replaced
        else:
            notes.append(message.detail)

    has_picture = False
    for step in steps:
        if step == "picture":
            outbox.put(picture(sent_pictures))
            sent_pictures += 1
            waiting += not has_picture
            has_picture = True
        elif step == "note":
            outbox.put(Note("clock", str(sent_notes)))
            sent_notes += 1
            waiting += 1
        elif waiting:
            count = len(pictures)
            take()
            has_picture = has_picture and len(pictures) == count
    while waiting:
        take()
    assert notes == [str(n) for n in range(sent_notes)]
    assert pictures == sorted(set(pictures))
    assert not sent_pictures or pictures[-1] == sent_pictures - 1
    assert len(pictures) + replaced == sent_pictures
