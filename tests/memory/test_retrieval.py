from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.errors import RangeError
from memory.faiss_index import FaissIndex
from memory.recording import Recording
from memory.retrieval import FlatIndex, Moment, MomentIndex, fill_index, thin
from memory.rows import Chunk, ModelIdentity, TickSpan
from tests.memory.frames import batch_of, frame_at

WIDTH = 6
MAKERS: list[Callable[[int], MomentIndex]] = [FlatIndex, FaissIndex]
each_index = pytest.mark.parametrize("make", MAKERS, ids=["flat", "faiss"])


def rows(ticks: list[int], *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings of small integers, so that inner products are exact and ties happen."""
    random = np.random.default_rng(seed)
    column = np.array(ticks, np.int64)
    table = random.integers(-3, 4, size=(500, WIDTH)).astype(np.float32)
    return column, column + 0.5, table[column]


def brute_force(
    ticks: list[int], query: np.ndarray, k: int, start_s: float, end_s: float, apart_s: float
) -> list[Moment]:
    column, t_s, embeddings = rows(sorted(set(ticks)))
    found = sorted(
        (-float(e @ query), float(t), int(tick))
        for tick, t, e in zip(column, t_s, embeddings, strict=True)
        if start_s <= t < end_s
    )
    moments: list[Moment] = []
    for negative, t, tick in found:
        if len(moments) < k and all(abs(t - m.t_s) >= apart_s for m in moments):
            moments.append(Moment(tick, t, -negative))
    return moments


def scores_of(moments: list[Moment]) -> list[float]:
    return [m.score for m in moments]


@settings(deadline=None, max_examples=60)
@given(
    ticks=st.lists(st.integers(0, 400), max_size=150),
    query=st.lists(st.integers(-3, 3), min_size=WIDTH, max_size=WIDTH),
    k=st.integers(1, 20),
    start_s=st.sampled_from([0.0, 17.5, 100.2]),
    length_s=st.sampled_from([math.inf, 60.0, 0.25]),
    apart_s=st.sampled_from([0.0, 1.0, 10.0]),
    cut=st.integers(0, 150),
)
def test_search_finds_what_brute_force_finds(
    ticks: list[int],
    query: list[int],
    k: int,
    start_s: float,
    length_s: float,
    apart_s: float,
    cut: int,
) -> None:
    sought = np.array(query, np.float32)
    end_s = start_s + length_s
    expected = brute_force(ticks, sought, k, start_s, end_s, apart_s)
    flat = FlatIndex(WIDTH)
    for part in (ticks[:cut], ticks[cut:]):  # in any order, some ticks again
        flat.append(*rows(part))
    assert len(flat) == len(set(ticks))
    found = flat.search(sought, k, start_s=start_s, end_s=end_s, min_separation_s=apart_s)
    assert found == expected


@settings(deadline=None, max_examples=60)
@given(
    ticks=st.lists(st.integers(0, 400), max_size=150),
    seed=st.integers(0, 99),
    k=st.integers(1, 20),
    start_s=st.sampled_from([0.0, 17.5, 100.2]),
    length_s=st.sampled_from([math.inf, 60.0, 0.25]),
    apart_s=st.sampled_from([0.0, 1.0, 10.0, 300.0]),
    cut=st.integers(0, 150),
)
def test_faiss_finds_what_flat_finds(
    ticks: list[int],
    seed: int,
    k: int,
    start_s: float,
    length_s: float,
    apart_s: float,
    cut: int,
) -> None:
    # a query of real numbers: no ties, which the two may break otherwise
    sought = np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)
    unlike = np.random.default_rng(7).normal(size=(401, WIDTH)).astype(np.float32)
    flat, other = FlatIndex(WIDTH), FaissIndex(WIDTH)
    for part in (ticks[:cut], ticks[cut:]):
        column = np.array(part, np.int64)
        for index in (flat, other):
            index.append(column, column + 0.5, unlike[column])
    assert len(flat) == len(other)
    end_s = start_s + length_s
    first, second = (
        index.search(sought, k, start_s=start_s, end_s=end_s, min_separation_s=apart_s)
        for index in (flat, other)
    )
    assert [m.tick for m in first] == [m.tick for m in second]
    np.testing.assert_allclose(scores_of(first), scores_of(second), rtol=1e-5, atol=1e-6)


@each_index
def test_an_empty_index_finds_nothing(make: Callable[[int], MomentIndex]) -> None:
    index = make(WIDTH)
    index.append(*rows([]))
    assert len(index) == 0
    assert index.search(np.ones(WIDTH, np.float32), 3) == []


@each_index
def test_moments_keep_apart_and_come_best_first(make: Callable[[int], MomentIndex]) -> None:
    index = make(WIDTH)
    index.append(*rows(list(range(300))))
    found = index.search(np.ones(WIDTH, np.float32), 10)
    assert len(found) == 10
    assert scores_of(found) == sorted(scores_of(found), reverse=True)
    times = sorted(m.t_s for m in found)
    assert min(np.diff(times)) >= 10


@each_index
@pytest.mark.parametrize(
    ("query", "k", "range_s", "match"),
    [
        (np.ones(5), 3, (0, 9), r"query is \[5\]; give \[6\]"),
        (np.full(6, np.nan), 3, (0, 9), "embed the phrase anew"),
        (np.ones(6), 0, (0, 9), "ask for 1 or more"),
        (np.ones(6), 3, (9, 9), "end it after its start"),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    make: Callable[[int], MomentIndex],
    query: np.ndarray,
    k: int,
    range_s: tuple[float, float],
    match: str,
) -> None:
    index = make(WIDTH)
    with pytest.raises(RangeError, match=match):
        index.search(query.astype(np.float32), k, start_s=range_s[0], end_s=range_s[1])


@each_index
def test_rows_of_a_wrong_shape_are_refused(make: Callable[[int], MomentIndex]) -> None:
    ticks, t_s, embeddings = rows([1, 2])
    with pytest.raises(RangeError, match=r"give \[2, 6\]"):
        make(WIDTH).append(ticks, t_s, embeddings[:, :5])
    with pytest.raises(RangeError):
        make(WIDTH).append(ticks, t_s[:1], embeddings)


@each_index
def test_an_index_is_filled_from_a_recording(
    make: Callable[[int], MomentIndex], recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 100))
        writer.add_previews([frame_at(150)])
    index = make(model.geometry.embedding_width)
    with recording.snapshot() as now:
        fill_index(index, now.embeddings(TickSpan(0, 200), previews=True, chunk_frames=30))
    assert len(index) == 101
    for tick in (0, 57, 150):
        best = index.search(frame_at(tick).embedding, 1)[0]
        assert best.tick == tick
        assert best.score == pytest.approx(1, abs=2e-3)


def test_thinning_takes_the_earlier_of_equals() -> None:
    ticks = np.arange(5)
    found = thin(ticks, ticks.astype(np.float64), np.ones(5, np.float32), 3, 2.0)
    assert [m.tick for m in found] == [0, 2, 4]


def test_the_same_frames_again_replace_themselves() -> None:
    index = FlatIndex(WIDTH)
    ticks, t_s, embeddings = rows([4, 2, 4])
    fill_index(index, [Chunk(ticks, t_s, embeddings.astype(np.float16))] * 2)
    assert len(index) == 2


@each_index
def test_an_index_forgets_what_retention_dropped(make: Callable[[int], MomentIndex]) -> None:
    index, fresh = make(WIDTH), make(WIDTH)
    index.append(*rows(list(range(300))))
    index.forget_before(128)
    fresh.append(*rows(list(range(128, 300))))
    assert len(index) == 172
    query = np.ones(WIDTH, np.float32)
    assert index.search(query, 20) == fresh.search(query, 20)
    assert index.search(query, 3, end_s=120.0) == []
    index.forget_before(128)
    index.append(*rows(list(range(300, 400))))
    fresh.append(*rows(list(range(300, 400))))
    assert index.search(query, 20) == fresh.search(query, 20)
    index.forget_before(499)
    assert len(index) == 0
    assert index.search(query, 3) == []
    index.append(*rows([499]))
    assert [m.tick for m in index.search(query, 3)] == [499]
