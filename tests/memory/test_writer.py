from __future__ import annotations

import dataclasses
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import (
    Batch,
    CommitRefusedError,
    Counters,
    EventRow,
    GapRow,
    Home,
    ModelIdentity,
    Recording,
    Source,
    TickSpan,
)
from tests.memory.frames import GEOMETRY, RAM_FOLDER, batch_of, frame_at


def test_what_was_committed_is_read_back(recording: Recording, model: ModelIdentity) -> None:
    frame = dataclasses.replace(frame_at(3), kind="key", wall_s=5.5, corrupt=True)
    counters = Counters(expected=4, seen=1, covered=3, damage_packets=2)
    with recording.writer(model) as writer:
        writer.commit(
            Batch(
                TickSpan(0, 4),
                (frame,),
                events=(EventRow(1.0, "anchored", "clock jumped", 7.0),),
                counters=counters,
                notes={"pass": "2"},
                complete=True,
            )
        )
    with recording.snapshot() as now:
        table = now.frames()
        assert (table.ticks.tolist(), table.t_s.tolist()) == ([3], [3.25])
        assert (table.wall_s.tolist(), table.key.tolist()) == ([5.5], [True])
        assert (table.corrupt.tolist(), table.preview.tolist()) == ([True], [False])
        (tokens,) = now.tokens()
        np.testing.assert_array_equal(tokens.values, frame.tokens[None])
        (embeddings,) = now.embeddings()
        np.testing.assert_array_equal(embeddings.values[0], frame.embedding.astype(np.float16))
        assert now.stills([3, 99]) == {3: b"still 3"}
        np.testing.assert_array_equal(
            now.fused_prefixes([3])[3], frame.fused_prefix.astype(np.float16)
        )
        assert now.counters() == counters
        assert now.notes() == {"pass": "2"}
        assert now.events() == [EventRow(1.0, "anchored", "clock jumped", 7.0)]
        assert now.complete


def test_an_open_block_grows_and_its_sum_with_it(
    recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 5))
        writer.commit(batch_of(5, 7))
    with recording.snapshot() as now:
        (segment,) = now.segments()
        assert (segment.first_tick, segment.last_tick, segment.frames) == (0, 6, 7)
        total = now.prefix_sum()
        assert total.frames == 7
        expected = np.zeros_like(total.total)
        for tick in range(7):
            expected += frame_at(tick).fused_prefix
        np.testing.assert_array_equal(total.total, expected)


def test_a_gap_between_two_frames_cuts_their_block(
    recording: Recording, model: ModelIdentity
) -> None:
    frames = tuple(frame_at(t) for t in (0, 1, 8, 9))
    with recording.writer(model) as writer:
        writer.commit(Batch(TickSpan(0, 10), frames, (GapRow(3.0, 8.0, "no_signal"),)))
    with recording.snapshot() as now:
        assert [(s.first_tick, s.last_tick) for s in now.segments()] == [(0, 1), (8, 9)]
        assert now.gaps() == [GapRow(3.0, 8.0, "no_signal")]


def test_a_gap_told_after_the_frame_behind_it_is_refused(
    recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        writer.commit(Batch(TickSpan(0, 10), (frame_at(0), frame_at(9))))
        with pytest.raises(CommitRefusedError, match="comes after the frames behind it"):
            writer.commit(Batch(TickSpan(10, 11), gaps=(GapRow(3.0, 8.0, "late"),)))
        assert writer.settled() == [TickSpan(0, 10)]


def test_a_commit_replaces_the_previews_of_its_ticks_alone(
    recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        assert writer.add_previews(frame_at(t, after_s=0.5) for t in (2, 40, 70, 200)) == 4
        writer.commit(batch_of(64, 128))
        assert writer.add_previews([frame_at(71)]) == 0
    with recording.snapshot() as now:
        table = now.frames(previews=True)
        assert table.ticks[table.preview].tolist() == [2, 40, 200]
        assert now.frame_count() == 64
        assert now.preview_count() == 3


def test_previews_keep_their_prefix_under_any_geometry(home: Home, model: ModelIdentity) -> None:
    bare = dataclasses.replace(model.geometry, keeps_fused_prefix=False)
    other = ModelIdentity("bare", bare)
    recording = home.create(Source("a" * 64, "file", "a"), other, created_wall_s=0.0)
    with recording.writer(other) as writer:
        writer.commit(batch_of(0, 64))
        writer.add_previews([frame_at(100)])
    with recording.snapshot() as now:
        assert now.fused_prefixes([0, 1]) == {}
        total = now.prefix_sum(TickSpan(0, 128), previews=True)
        assert (total.frames, total.previews, total.edge_ticks) == (65, 1, ())
        cut = now.prefix_sum(TickSpan(60, 128), previews=True)
        assert (cut.frames, cut.edge_ticks) == (1, (60, 61, 62, 63))


def test_wishes_are_taken_once_oldest_first(recording: Recording, model: ModelIdentity) -> None:
    recording.wanted(5.0, 9.0)
    with recording.writer(model) as writer:
        recording.wanted(1.0, 2.0)
        assert writer.take_wanted() == [(5.0, 9.0), (1.0, 2.0)]
        assert writer.take_wanted() == []


def test_wishes_are_bounded(recording: Recording, model: ModelIdentity) -> None:
    for start in range(70):
        recording.wanted(start, start + 1)
    with recording.writer(model) as writer:
        assert writer.take_wanted() == [(float(s), s + 1.0) for s in range(6, 70)]


def test_a_refused_commit_leaves_no_trace(recording: Recording, model: ModelIdentity) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 10))
        with recording.snapshot() as now:
            before = now.digest()
        with pytest.raises(CommitRefusedError, match="settled already"):
            writer.commit(batch_of(9, 12, events=(EventRow(1.0, "x"),)))
        with recording.snapshot() as now:
            assert now.digest() == before


def test_a_closed_writer_lets_the_next_go_on(recording: Recording, model: ModelIdentity) -> None:
    for first in (0, 7, 64):
        with recording.writer(model) as writer:
            writer.commit(batch_of(first, 7 if first == 0 else first + 57))
            writer.close()
    with recording.snapshot() as now:
        assert now.settled() == [TickSpan(0, 121)]
        assert [s.frames for s in now.segments()] == [64, 57]


@dataclasses.dataclass(frozen=True, slots=True)
class Film:
    """What a source would give: ticks that have a frame, and gaps."""

    ticks: list[int]
    gaps: list[GapRow]
    end_tick: int


@st.composite
def films(draw: st.DrawFn) -> Film:
    end_tick = draw(st.integers(1, 200))
    gaps: list[GapRow] = []
    start = 0
    for _ in range(draw(st.integers(0, 4))):
        first = draw(st.integers(start, end_tick))
        end = draw(st.integers(first, end_tick))
        if first < end:
            gaps.append(GapRow(float(first), float(end), draw(st.sampled_from(["lost", "black"]))))
        start = end + 1
        if start > end_tick:
            break
    blind = {t for g in gaps for t in range(int(g.start_s), int(g.end_s))}
    missing = draw(st.sets(st.integers(0, end_tick - 1), max_size=20))
    ticks = [t for t in range(end_tick) if t not in blind | missing]
    return Film(ticks, gaps, end_tick)


@st.composite
def ways(draw: st.DrawFn, film: Film) -> list[TickSpan]:
    """Blocks in any order, each in one or several commits."""
    firsts = draw(st.permutations(range(0, film.end_tick, 64)))
    spans: list[TickSpan] = []
    for first in firsts:
        end = min(first + 64, film.end_tick)
        inner = draw(st.sets(st.integers(first, end), max_size=3)) - {first, end}
        borders = [first, *sorted(inner), end]
        spans += [TickSpan(a, b) for a, b in itertools.pairwise(borders)]
    return spans


def remember(folder: Path, film: Film, spans: list[TickSpan], *, clip: bool, seed: int) -> str:
    """Commit ``film`` span by span into a new recording; return its digest."""
    model = ModelIdentity("m", GEOMETRY)
    source = Source("c" * 64, "file", "film")
    recording = Home(folder).create(source, model, created_wall_s=float(seed))
    with recording.writer(model) as writer:
        if clip:
            writer.add_previews(frame_at(t, after_s=0.75) for t in range(0, film.end_tick, 7))
        for number, span in enumerate(spans):
            gaps = [g for g in film.gaps if g.start_s < span.end_tick and g.end_s > span.first_tick]
            if clip:
                gaps = [
                    GapRow(
                        max(g.start_s, float(span.first_tick)),
                        min(g.end_s, float(span.end_tick)),
                        g.reason,
                    )
                    for g in gaps
                ]
            frames = tuple(
                dataclasses.replace(frame_at(t), wall_s=float(seed + t))
                for t in film.ticks
                if span.first_tick <= t < span.end_tick
            )
            last = number == len(spans) - 1
            counters = Counters(expected=9, seen=9) if last else None
            writer.commit(Batch(span, frames, tuple(gaps), counters=counters, complete=last))
    with recording.snapshot() as now:
        assert now.settled() == [TickSpan(0, film.end_tick)]
        assert now.preview_count() == 0
        return now.digest()


@settings(max_examples=25, deadline=None)
@given(film=films(), choices=st.data())
def test_finished_memory_is_the_same_whatever_the_order_of_commits(
    film: Film, choices: st.DataObject
) -> None:
    spans = choices.draw(ways(film))
    with tempfile.TemporaryDirectory(dir=RAM_FOLDER) as folder:
        single = [TickSpan(0, film.end_tick)]
        one_pass = remember(Path(folder) / "one", film, single, clip=False, seed=1)
        two_pass = remember(Path(folder) / "two", film, spans, clip=True, seed=2)
    assert one_pass == two_pass
