from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import Gap
from capture.live_ticks import LiveTicks


def test_the_rule_of_the_design_in_one_run() -> None:
    ticks = LiveTicks(0)
    assert ticks.see(0, 0.0, limit_s=2.0) == []
    assert ticks.until(3, "stalled") == []  # 1 and 2 are covered by 0
    assert ticks.until(5, "stalled") == [Gap(3.0, 5.0, "stalled")]
    assert ticks.until(6, "no signal") == [Gap(5.0, 6.0, "no signal")]
    assert ticks.see(7, 7.2, limit_s=2.0) == [Gap(6.0, 7.0, "no frames")]
    counts = ticks.counters(9)
    assert (counts.seen, counts.covered, counts.gapped, counts.pending) == (2, 2, 4, 1)


def test_what_only_a_dropped_frame_would_have_covered_is_dropped_with_it() -> None:
    ticks = LiveTicks(0)
    ticks.see(0, 0.0, limit_s=2.0)
    assert ticks.drop(3, 3.0) == [Gap(3.0, 4.0, "dropped")]  # 1 and 2 still covered
    assert ticks.until(8, "stalled") == [Gap(4.0, 6.0, "dropped"), Gap(6.0, 8.0, "stalled")]
    counts = ticks.counters(8)
    assert (counts.covered, counts.dropped, counts.gapped) == (2, 3, 2)


def test_a_settled_tick_cannot_be_seen_again() -> None:
    ticks = LiveTicks(5)
    ticks.see(5, 5.0, limit_s=2.0)
    with pytest.raises(ValueError, match="settled"):
        ticks.see(5, 5.5, limit_s=2.0)


steps = st.lists(
    st.tuples(st.sampled_from(["see", "drop", "until"]), st.integers(0, 6), st.floats(2, 9)),
    max_size=40,
)


@given(first=st.integers(0, 1000), steps=steps, ahead=st.integers(0, 5))
def test_every_tick_is_settled_once_in_order_and_the_sums_hold(first, steps, ahead) -> None:
    ticks = LiveTicks(first)
    told: list[int] = []
    seen = 0
    for what, skip, limit_s in steps:
        before, tick = ticks.end_tick, ticks.end_tick + skip
        if what == "see":
            gaps = ticks.see(tick, tick + 0.5, limit_s=limit_s)
            seen += 1
        elif what == "drop":
            gaps = ticks.drop(tick, tick + 0.5)
        else:
            gaps = ticks.until(tick, "stalled")
        told += [t for gap in gaps for t in range(int(gap.start_s), int(gap.end_s))]
        assert ticks.end_tick >= before
    counts = ticks.counters(ticks.end_tick + ahead)
    assert told == sorted(set(told))
    assert counts.seen == seen
    assert counts.dropped + counts.gapped == len(told)
    assert counts.pending == ahead
    assert counts.expected == ticks.end_tick + ahead - first
    assert counts.expected == (
        counts.seen + counts.covered + counts.dropped + counts.gapped + counts.pending
    )
