from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import BLOCK_TICKS, GapRow, TickSpan
from memory.blocks import join_gaps
from streamvid.ingest.parcel import Parcel, ParcelCutter, gapped_ticks, unsettled_part


@dataclass(frozen=True)
class Ticked:
    tick: int


@st.composite
def stretches(draw: st.DrawFn) -> tuple[list[Ticked | GapRow], int]:
    """Frames and gaps in order of time, as a source gives them, and the end tick."""
    end = draw(st.integers(1, 300))
    items: list[Ticked | GapRow] = []
    tick = 0
    while tick < end:
        kind = draw(st.sampled_from(["frame", "frame", "frame", "covered", "gap"]))
        if kind == "frame":
            items.append(Ticked(tick))
            tick += 1
        elif kind == "covered":
            tick += 1
        else:
            length = min(draw(st.integers(1, 150)), end - tick)
            items.append(GapRow(float(tick), float(tick + length), "no frames"))
            tick += length
    return items, end


def cut(
    items: list[Ticked | GapRow], first_tick: int, end_tick: int, batch: int
) -> list[Parcel[Ticked]]:
    cutter: ParcelCutter[Ticked] = ParcelCutter(first_tick, batch_frames=batch)
    parcels: list[Parcel[Ticked]] = []
    for item in items:
        parcels += cutter.gap(item) if isinstance(item, GapRow) else cutter.frame(item)
    parcels += cutter.finish(end_tick)
    assert cutter.next_tick == end_tick
    return parcels


@settings(deadline=None)
@given(stretches(), st.integers(1, 20))
def test_parcels_tile_the_ticks_and_lose_nothing(
    stretch: tuple[list[Ticked | GapRow], int], batch: int
) -> None:
    items, end = stretch
    parcels = cut(items, 0, end, batch)
    spans = [parcel.span for parcel in parcels]
    assert spans[0].first_tick == 0
    assert spans[-1].end_tick == end
    assert all(a.end_tick == b.first_tick for a, b in itertools.pairwise(spans))
    frames = [frame for parcel in parcels for frame in parcel.frames]
    assert frames == [item for item in items if isinstance(item, Ticked)]
    gaps = [item for item in items if isinstance(item, GapRow)]
    assert join_gaps(g for p in parcels for g in p.gaps) == join_gaps(gaps)
    assert sum(gapped_ticks(parcel.gaps) for parcel in parcels) == gapped_ticks(tuple(gaps))


@settings(deadline=None)
@given(stretches(), st.integers(1, 20))
def test_a_parcel_keeps_to_its_block_its_batch_and_one_side_of_a_gap(
    stretch: tuple[list[Ticked | GapRow], int], batch: int
) -> None:
    items, end = stretch
    gaps = [item for item in items if isinstance(item, GapRow)]
    for parcel in cut(items, 0, end, batch):
        span = parcel.span
        assert span.first_tick // BLOCK_TICKS == (span.end_tick - 1) // BLOCK_TICKS
        assert len(parcel.frames) <= batch
        ticks = [frame.tick for frame in parcel.frames]
        assert all(span.first_tick <= tick < span.end_tick for tick in ticks)
        assert not any(a < gap.start_s < b for gap in gaps for a, b in itertools.pairwise(ticks))
        assert all(span.first_tick <= g.start_s < g.end_s <= span.end_tick for g in parcel.gaps)


@settings(deadline=None)
@given(stretches(), st.integers(1, 20), st.data())
def test_blocks_in_any_order_are_cut_like_one_pass(
    stretch: tuple[list[Ticked | GapRow], int], batch: int, data: st.DataObject
) -> None:
    items, end = stretch
    borders = [*range(0, end, BLOCK_TICKS), end]
    blocks = list(itertools.pairwise(borders))
    apart: list[Parcel[Ticked]] = []
    for first, last in data.draw(st.permutations(blocks)):
        inside: list[Ticked | GapRow] = []
        for item in items:
            if isinstance(item, Ticked):
                if first <= item.tick < last:
                    inside.append(item)
            elif item.start_s < last and item.end_s > first:
                inside.append(GapRow(max(item.start_s, first), min(item.end_s, last), item.reason))
        apart += cut(inside, first, last, batch)

    def contents(parcels: list[Parcel[Ticked]]) -> list[tuple[Ticked, ...]]:
        ordered = sorted(parcels, key=lambda p: p.span.first_tick)
        return [parcel.frames for parcel in ordered if parcel.frames]

    assert contents(apart) == contents(cut(items, 0, end, batch))


@settings(deadline=None)
@given(stretches(), st.integers(1, 20), st.integers(0, 300))
def test_what_is_settled_is_left_out_and_the_rest_is_kept(
    stretch: tuple[list[Ticked | GapRow], int], batch: int, settled: int
) -> None:
    items, end = stretch
    parts = [unsettled_part(p, settled) for p in cut(items, 0, end, batch)]
    left = [part for part in parts if part is not None]
    assert [f for p in left for f in p.frames] == [
        item for item in items if isinstance(item, Ticked) and item.tick >= settled
    ]
    if settled < end:
        assert left[0].span.first_tick == settled
        assert left[-1].span.end_tick == end
    else:
        assert left == []


def test_a_settled_parcel_is_whole_or_absent_where_the_cut_is_the_same() -> None:
    parcels = cut([Ticked(t) for t in range(20)], 0, 20, 8)
    assert [p.span for p in parcels] == [TickSpan(0, 8), TickSpan(8, 16), TickSpan(16, 20)]
    assert [unsettled_part(p, 8) for p in parcels] == [None, *parcels[1:]]


@pytest.mark.parametrize(("first_tick", "batch"), [(1, 8), (64, 0)])
def test_a_stretch_that_cannot_be_cut_is_refused(first_tick: int, batch: int) -> None:
    with pytest.raises(ValueError, match="cannot be cut"):
        ParcelCutter(first_tick, batch_frames=batch)
