from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory import DROPPED, Counters, GapRow, TickSpan, tally

REASONS = ["off", "stalled", DROPPED]


@st.composite
def commits(draw: st.DrawFn) -> tuple[TickSpan, list[int], list[GapRow]]:
    first = draw(st.integers(0, 50))
    span = TickSpan(first, first + draw(st.integers(1, 40)))
    ticks = draw(st.sets(st.integers(span.first_tick, span.end_tick - 1)))
    gaps = []
    for _ in range(draw(st.integers(0, 5))):
        times = st.integers(2 * span.first_tick - 6, 2 * span.end_tick + 6)
        start, end = sorted((draw(times), draw(times)))
        if start < end:
            gaps.append(GapRow(start / 2, end / 2, draw(st.sampled_from(REASONS))))
    return span, sorted(ticks), gaps


@given(commits())
def test_the_ticks_divide_as_if_each_were_asked(
    commit: tuple[TickSpan, list[int], list[GapRow]],
) -> None:
    span, ticks, gaps = commit
    found = {"seen": 0, "covered": 0, "dropped": 0, "gapped": 0}
    for tick in range(span.first_tick, span.end_tick):
        reasons = {g.reason for g in gaps if g.start_s <= tick + 0.5 < g.end_s}
        if tick in ticks:
            found["seen"] += 1
        elif DROPPED in reasons:
            found["dropped"] += 1
        else:
            found["gapped" if reasons else "covered"] += 1
    counted = tally(span, ticks, gaps)
    assert counted == Counters(expected=span.ticks, **found)
    assert counted.balanced


def test_a_year_of_nothing_takes_no_time() -> None:
    year = TickSpan(10, 10 + 31_536_000)
    counted = tally(year, [], [GapRow(10.0, float(year.end_tick), "off")])
    assert counted == Counters(expected=year.ticks, gapped=year.ticks)


def test_totals_add_up() -> None:
    total = Counters(expected=3, seen=3, damage_frames=1).plus(Counters(expected=2, dropped=2))
    assert total == Counters(expected=5, seen=3, dropped=2, damage_frames=1)
