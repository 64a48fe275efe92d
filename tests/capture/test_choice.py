from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

import capture
from capture.choice import Choice, Damage, Doubts, Sampled
from capture.counters import Ledger
from capture.reader import Reader
from tests.capture.untimed import UNTIMED
from tests.capture.videos import video


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a choice asks of a picture it does not convert."""

    is_corrupt: bool


@pytest.fixture(scope="module")
def reader(video_folder: Path) -> Reader:
    return Reader(video("intra.mp4", video_folder), capture.Settings(), Event())


PICTURES = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=40)


@UNTIMED
@given(pictures=PICTURES)
def test_each_tick_gets_its_first_clean_picture_else_its_first(
    reader: Reader, pictures: list[tuple[int, bool]]
) -> None:
    pictures = sorted(pictures, key=lambda picture: picture[0])
    choice, chosen = Choice(reader, range(0)), []
    for number, (tick, is_corrupt) in enumerate(pictures):
        chosen += choice.offer(tick, float(number), Picture(is_corrupt))
    chosen += choice.flush()
    for sampled in chosen:
        inside = [
            (number, is_corrupt)
            for number, (tick, is_corrupt) in enumerate(pictures)
            if tick == sampled.tick
        ]
        clean = [number for number, is_corrupt in inside if not is_corrupt]
        assert sampled.t_s == (clean[0] if clean else inside[0][0])
        assert sampled.corrupt == (not clean)
        assert sampled.pixels is None
    assert [sampled.tick for sampled in chosen] == sorted({tick for tick, _ in pictures})


@UNTIMED
@given(pictures=PICTURES)
def test_pictures_in_any_order_never_send_ticks_backwards(
    reader: Reader, pictures: list[tuple[int, bool]]
) -> None:
    choice = Choice(reader, range(0))
    chosen: list[Sampled] = []
    for tick, is_corrupt in pictures:
        chosen += choice.offer(tick, float(tick), Picture(is_corrupt))
    chosen += choice.flush()
    ticks = [sampled.tick for sampled in chosen]
    assert ticks == sorted(set(ticks))


def test_a_lost_picture_is_damage_unless_its_damage_is_known() -> None:
    ledger = Ledger(4)
    damage = Damage(ledger, 0, 4)
    damage.add(0, packets=2)
    for tick in (0, 1, 2):
        damage.lose(tick)
    damage.add(2, packets=1)
    damage.add(9, packets=5)
    counters = ledger.counters()
    assert (counters.damaged_packets, counters.damaged_frames) == (3, 1)
    assert 0 in damage
    assert 9 not in damage


def test_a_doubted_packet_is_settled_by_its_own_picture() -> None:
    doubts = Doubts(field_span=30)
    doubts.add(100, 1)
    assert doubts.settle(60) == 0
    assert doubts.settle(101) == 0
    assert doubts.settle(100) == 1
    assert doubts.settle(100) == 0
    assert doubts.open_ticks() == []


def test_a_second_field_belongs_to_the_picture_before_it() -> None:
    doubts = Doubts(field_span=30)
    doubts.add(120, 1)
    doubts.add(100, 1)
    assert doubts.settle(100) == 2


def test_a_doubted_packet_without_a_picture_stays_open() -> None:
    doubts = Doubts()
    doubts.add(100, 4)
    doubts.add(None, 5)
    assert doubts.settle(None) == 1
    assert doubts.open_ticks() == [4]
