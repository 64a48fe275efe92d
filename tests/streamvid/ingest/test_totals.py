from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import Batch, Counters, GapRow, Geometry, Home, ModelIdentity, Source, TickSpan
from streamvid.ingest.totals import DAMAGE_NOTE, EXPECTED_NOTE, Totals, counters_of

steps = st.lists(st.tuples(st.integers(1, 64), st.floats(0, 1), st.floats(0, 1)), max_size=20)


@settings(deadline=None)
@given(steps, st.none() | st.integers(0, 2000))
def test_ticks_add_up_after_every_commit(
    commits: list[tuple[int, float, float]], promised: int | None
) -> None:
    totals, tick = Totals(frames=0, gapped=0, settled=0, expected_ticks=promised), 0
    for length, gapped_share, seen_share in commits:
        gapped = round(length * gapped_share)
        seen = round((length - gapped) * seen_share)
        gaps = [GapRow(float(tick), float(tick + gapped), "no frames")] if gapped else []
        totals = totals.after(TickSpan(tick, tick + length), seen, gaps, last=False)
        tick += length
        counters = totals.counters()
        assert counters.balanced
        assert min(counters.seen, counters.covered, counters.gapped, counters.pending) >= 0
        assert counters.expected == max(promised or 0, tick)
    if commits:
        done = totals.after(TickSpan(tick, tick + 1), 1, [], last=True)
        assert done.counters().expected == tick + 1
        assert done.counters().pending == 0


def test_a_block_that_is_done_again_replaces_its_damage() -> None:
    totals = Totals(frames=0, gapped=0, settled=0, damage={0: (3, 1), 1: (0, 0), 2: (1, 0)})
    assert (totals.counters().damage_packets, totals.counters().damage_frames) == (4, 1)
    assert json.loads(totals.notes()[DAMAGE_NOTE]) == {"0": [3, 1], "2": [1, 0]}
    again = totals.after(TickSpan(0, 64), 64, [], last=False)
    again.damage[0] = (2, 0)
    assert again.counters().damage_packets == 3
    assert totals.damage[0] == (3, 1)  # what failed to be committed changes nothing


@pytest.mark.parametrize(
    ("settled", "expected"), [(0, True), (40, True), (9, False)], ids=["unknown", "last", "more"]
)
def test_what_may_be_the_end_is_known(settled: int, expected: bool) -> None:
    promised = None if settled == 0 else 50
    totals = Totals(frames=0, gapped=0, settled=settled, expected_ticks=promised)
    assert totals.would_finish(10) is expected


def test_totals_are_read_back_and_a_promise_counts_until_the_first_commit(tmp_path: Path) -> None:
    identity = ModelIdentity("f", Geometry(4, 1, 4, 2, keeps_fused_prefix=True))
    recording = Home(tmp_path).create(Source("i" * 8, "file", "a"), identity, created_wall_s=0.0)
    with recording.writer(identity) as writer:
        writer.note(**{EXPECTED_NOTE: "90"})
        with recording.snapshot() as snapshot:
            assert counters_of(snapshot) == Counters(expected=90, pending=90)
        totals = Totals(frames=0, gapped=0, settled=0, expected_ticks=90, damage={1: (2, 5)})
        span, gaps = TickSpan(0, 30), (GapRow(10.0, 30.0, "no frames"),)
        after = totals.after(span, 0, gaps, last=False)
        writer.commit(Batch(span, gaps=gaps, counters=after.counters(), notes=after.notes()))
    with recording.snapshot() as snapshot:
        again = Totals.of(snapshot)
        assert counters_of(snapshot) == after.counters()
    assert (again.frames, again.gapped, again.settled) == (0, 20, 30)
    assert again.damage == {1: (2, 5)}
