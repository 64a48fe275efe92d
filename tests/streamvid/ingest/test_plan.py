from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from memory import BLOCK_TICKS, TickSpan
from streamvid.ingest.plan import BlockPlan, open_blocks

ends = st.integers(1, 1500)
wishes = st.lists(st.tuples(st.floats(0, 1600), st.floats(0, 1600)).map(sorted).map(tuple))


@st.composite
def settled_spans(draw: st.DrawFn, end_tick: int) -> list[TickSpan]:
    """Spans as memory has them: each begins at a block's first tick; they do not touch."""
    spans: list[TickSpan] = []
    block, blocks = 0, -(-end_tick // BLOCK_TICKS)
    while block < blocks:
        block += draw(st.integers(0, 3))
        first = block * BLOCK_TICKS
        length = draw(st.integers(1, 200))
        if first < end_tick:
            spans.append(TickSpan(first, min(first + length, end_tick)))
        block = -(-(first + length) // BLOCK_TICKS) + 1
    return spans


@settings(deadline=None)
@given(ends, st.data())
def test_open_blocks_are_those_with_a_tick_that_is_not_settled(
    end_tick: int, data: st.DataObject
) -> None:
    spans = data.draw(settled_spans(end_tick))
    settled = {tick for span in spans for tick in range(span.first_tick, span.end_tick)}
    missing = {tick // BLOCK_TICKS for tick in range(end_tick) if tick not in settled}
    assert open_blocks(end_tick, spans) == sorted(missing)


@settings(deadline=None)
@given(ends, wishes, st.data())
def test_every_open_block_is_taken_once_whatever_is_wanted(
    end_tick: int, wanted: list[tuple[float, float]], data: st.DataObject
) -> None:
    spans = data.draw(settled_spans(end_tick))
    plan = BlockPlan(end_tick, spans)
    taken: list[int] = []
    wishes_left = list(wanted)
    while (span := plan.take()) is not None:
        assert span.first_tick % BLOCK_TICKS == 0
        assert span.first_tick < span.end_tick <= end_tick
        # A run may be left after any of its blocks, when a wish came in between.
        blocks = range(span.first_tick // BLOCK_TICKS, -(-span.end_tick // BLOCK_TICKS))
        done = data.draw(st.integers(1, len(blocks)))
        end = min((blocks[0] + done) * BLOCK_TICKS, span.end_tick)
        plan.leave(TickSpan(span.first_tick, end))
        taken += blocks[:done]
        if wishes_left:
            plan.want([wishes_left.pop()])
    assert sorted(taken) == open_blocks(end_tick, spans)


@settings(deadline=None)
@given(st.integers(200, 1500), st.floats(0, 190), st.floats(1, 100))
def test_what_is_wanted_comes_first(end_tick: int, start_s: float, length_s: float) -> None:
    plan = BlockPlan(end_tick, [])
    plan.want([(start_s, start_s + length_s)])
    assert plan.interrupted
    span = plan.take()
    assert span is not None
    assert span.first_tick <= start_s < span.first_tick + BLOCK_TICKS
    plan.leave(span)
    assert span.end_tick >= min(start_s + length_s, end_tick)
    assert not plan.interrupted


def test_wishes_that_are_settled_or_outside_are_passed_over() -> None:
    plan = BlockPlan(200, [TickSpan(0, 64)])
    plan.want([(0, 10), (900, 950), (130, 140)])
    assert plan.take() == TickSpan(128, 192)


def test_a_block_that_is_settled_in_part_is_done_again_whole() -> None:
    plan = BlockPlan(200, [TickSpan(0, 100)])
    assert plan.take() == TickSpan(64, 200)
    plan.leave(TickSpan(64, 200))
    assert plan.take() is None


def test_a_plan_within_a_range_has_its_blocks_alone() -> None:
    plan = BlockPlan(1000, [TickSpan(0, 80)], within=(70.0, 200.0))
    assert plan.take() == TickSpan(64, 256)
    plan.leave(TickSpan(64, 256))
    assert plan.take() is None
