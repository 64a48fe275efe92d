from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.counters import MAX_TICKS, Counters, Ledger
from tests.capture.untimed import UNTIMED

STATES = ["seen", "covered", "dropped", "gapped"]
SETTLINGS = st.lists(
    st.tuples(st.integers(0, 49), st.integers(0, 20), st.sampled_from(STATES)), max_size=30
)


def total(counters: Counters) -> int:
    return counters.seen + counters.covered + counters.dropped + counters.gapped + counters.pending


@UNTIMED
@given(SETTLINGS, st.integers(0, 70))
def test_the_identity_survives_any_order_of_settling(
    settlings: list[tuple[int, int, str]], cut: int
) -> None:
    ledger = Ledger(10)
    for first, length, state in settlings:
        ledger.expect(first + length)
        ledger.settle(first, first + length, state)
        counters = ledger.counters()
        assert counters.expected == len(ledger) == total(counters)
    assert ledger.counters(0, cut) + ledger.counters(cut) == ledger.counters()


@UNTIMED
@given(SETTLINGS)
def test_settling_again_changes_nothing(settlings: list[tuple[int, int, str]]) -> None:
    ledger = Ledger(80)
    for first, length, state in settlings * 2:
        ledger.settle(first, first + length, state)
    once = Ledger(80)
    for first, length, state in settlings:
        once.settle(first, first + length, state)
    assert ledger.counters() == once.counters()


def test_damage_of_a_tick_is_replaced_and_belongs_to_its_stretch() -> None:
    ledger = Ledger(4)
    ledger.damage(1, 2, 0)
    ledger.damage(1, 2, 1)
    ledger.damage(3, 1, 0)
    assert (ledger.counters().damaged_packets, ledger.counters().damaged_frames) == (3, 1)
    assert ledger.counters(0, 3).damaged_packets == 2
    assert ledger.counters(2).damaged_frames == 0


def test_a_ledger_has_an_end() -> None:
    with pytest.raises(ValueError, match=str(MAX_TICKS)):
        Ledger().expect(MAX_TICKS + 1)
