from __future__ import annotations

import numpy as np
import pytest

from memory import (
    Batch,
    GapRow,
    ModelIdentity,
    RangeError,
    Recording,
    TickSpan,
    round_to_segments,
)
from tests.memory.frames import frame_at

TICKS = [t for t in range(160) if t % 5 and not 70 <= t < 80]


@pytest.fixture
def filled(recording: Recording, model: ModelIdentity) -> Recording:
    """Ticks 0 to 159 settled, a gap in the second block, previews beyond."""
    frames = tuple(map(frame_at, TICKS))
    with recording.writer(model) as writer:
        writer.add_previews(map(frame_at, (170, 200)))
        writer.commit(Batch(TickSpan(0, 160), frames, (GapRow(70.0, 80.0, "lost"),)))
    return recording


@pytest.mark.parametrize("chunk_frames", [1, 7, 1000])
def test_numbers_come_in_chunks_in_order(filled: Recording, chunk_frames: int) -> None:
    span = TickSpan(10, 180)
    with filled.snapshot() as now:
        chunks = list(now.tokens(span, previews=True, chunk_frames=chunk_frames))
        embeddings = list(now.embeddings(span, chunk_frames=chunk_frames))
    inside = [t for t in TICKS if t >= 10]
    assert np.concatenate([c.ticks for c in chunks]).tolist() == [*inside, 170]
    assert all(len(c.ticks) <= chunk_frames for c in chunks)
    for chunk in chunks:
        for tick, t_s, values in zip(chunk.ticks, chunk.t_s, chunk.values, strict=True):
            assert t_s == tick + 0.25
            np.testing.assert_array_equal(values, frame_at(int(tick)).tokens)
    assert np.concatenate([c.ticks for c in embeddings]).tolist() == inside


def test_an_empty_range_has_no_chunks(filled: Recording) -> None:
    with filled.snapshot() as now:
        assert list(now.tokens(TickSpan(500, 600))) == []
        assert len(now.frames(TickSpan(500, 600))) == 0
        assert now.prefix_sum(TickSpan(500, 600)).frames == 0


def test_a_chunk_has_frames(filled: Recording) -> None:
    with filled.snapshot() as now, pytest.raises(RangeError, match="ask for 1 or more"):
        list(now.tokens(chunk_frames=0))


def test_stills_come_by_tick_and_from_previews(filled: Recording) -> None:
    with filled.snapshot() as now:
        ticks = [170, 3, 3, 5, *range(60, 160)]
        stills = now.stills(ticks)
        assert list(stills) == [3, *(t for t in TICKS if t >= 60), 170]
        assert stills[170] == b"still 170"
        assert list(now.stills([170, 3], previews=False)) == [3]
        assert now.still_bytes() == sum(len(frame_at(t).still) for t in TICKS)


@pytest.fixture(scope="module")
def shared_ranges() -> list[TickSpan]:
    random = np.random.default_rng(4)
    firsts, lengths = random.integers(0, 180, 60), random.integers(1, 120, 60)
    return [TickSpan(int(f), int(f + n)) for f, n in zip(firsts, lengths, strict=True)]


def test_a_ranges_prefix_sum_is_the_sum_over_its_frames(
    filled: Recording, shared_ranges: list[TickSpan]
) -> None:
    with filled.snapshot() as now:
        for span in shared_ranges:
            found = now.prefix_sum(span)
            inside = [t for t in TICKS if span.first_tick <= t < span.end_tick]
            expected = sum(
                (frame_at(t).fused_prefix.astype(np.float64) for t in inside),
                np.zeros(found.total.shape),
            )
            assert (found.frames, found.edge_ticks) == (len(inside), ())
            # edge frames were rounded to float16: 2**-11 of values below 4, at most 126 of them
            np.testing.assert_allclose(found.total, expected, atol=126 * 4 * 2**-11, rtol=0)


def test_a_rounded_range_is_exact_in_float32(
    filled: Recording, shared_ranges: list[TickSpan]
) -> None:
    with filled.snapshot() as now:
        for span in shared_ranges:
            rounded = round_to_segments(now.segments(), span)
            found = now.prefix_sum(rounded)
            inside = [t for t in TICKS if rounded.first_tick <= t < rounded.end_tick]
            expected = sum(
                (frame_at(t).fused_prefix.astype(np.float64) for t in inside),
                np.zeros(found.total.shape),
            )
            np.testing.assert_allclose(found.total, expected, atol=1e-4, rtol=0)


def test_coverage_of_what_is_stored(filled: Recording) -> None:
    with filled.snapshot() as now:
        found = now.coverage(start_s=60, end_s=90)
        assert (found.seen_s, found.frames) == (20.0, len([t for t in TICKS if 60 <= t < 90]))
        assert found.blind == (GapRow(70.0, 80.0, "lost"),)
        assert now.coverage().previews == 2
