"""Prefix means, fusion and contexts against the same things computed the long way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from capture import decode_still
from memory import Home, Recording, Snapshot
from streamvid.answer import jobs
from streamvid.answer.contexts import ContextStore
from streamvid.answer.range_frames import frames_in
from streamvid.answer.reading import Readings
from streamvid.answer.span import TimeRange
from streamvid.answer.states import FrameKey, StatesCache
from streamvid.engine import Engine
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import HEAD, TAIL, D, TinyModel

RANGES = [TimeRange(), TimeRange(10, 20), TimeRange(50, 130), TimeRange(64, 128), TimeRange(199)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clips") / "clip.mp4", 200, gaps=[(30, 40), (100, 120)])


@pytest.fixture(scope="module", params=[True, False], ids=["prefix per frame", "block sums"])
def recording(
    request: pytest.FixtureRequest, clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Recording:
    home = tmp_path_factory.mktemp("home")
    with Session(home, lambda: TinyModel(keeps_fused_prefix=request.param)) as session:
        report = session.ingest(clip)
    return Home(home).get(report.recording_id)


@pytest.fixture
def engine(recording: Recording) -> Iterator[Engine]:
    keeps = recording.info.model.geometry.keeps_fused_prefix
    with Engine(lambda: TinyModel(keeps_fused_prefix=keeps)) as engine:
        yield engine


@pytest.fixture
def snapshot(recording: Recording) -> Iterator[Snapshot]:
    with recording.snapshot() as snapshot:
        yield snapshot


@pytest.mark.parametrize("within", RANGES)
def test_the_prefix_mean_is_that_of_the_ranges_frames(
    recording: Recording, engine: Engine, snapshot: Snapshot, within: TimeRange
) -> None:
    settings = Settings()
    frames = frames_in(snapshot, recording, within, settings)
    reading = Readings(settings).read(snapshot, frames, view_tokens=500)
    mean = jobs.prefix_mean(engine, snapshot, reading.prefix, "q")
    stills = snapshot.stills(frames.table.ticks.tolist())
    again = TinyModel().encode([decode_still(still) for still in stills.values()])
    assert mean.shape == (len(HEAD + TAIL), D)
    # Prefixes that are kept per frame are kept in half precision.
    np.testing.assert_allclose(mean, again.fused_prefix.mean(0), atol=5e-3)


@pytest.mark.parametrize("step_frames", [1, 4, 1000])
def test_fusing_in_steps_is_fusing_at_once(
    recording: Recording, engine: Engine, snapshot: Snapshot, step_frames: int
) -> None:
    ticks = snapshot.frames().ticks.tolist()[:150:7]
    frames = [(FrameKey("r", tick, False), 1.0 + tick % 3) for tick in ticks]
    fusion = jobs.Fusion(
        engine, StatesCache(10**6), snapshot, "why ?", frames,
        step_frames=step_frames, owner="q", follows=False, check=lambda: None,
    )  # fmt: skip
    fusion.start()
    got = fusion.finish()
    stills = [decode_still(still) for still in snapshot.stills(ticks).values()]
    expected = TinyModel().fuse("why ?", stills, [weight for _, weight in frames])
    np.testing.assert_allclose(got.mean(), expected.mean(), atol=1e-5)
    assert got.weight == pytest.approx(expected.weight)


def test_a_context_in_chunks_is_a_context_at_once(engine: Engine) -> None:
    rng = np.random.default_rng(0)
    head = rng.normal(size=(6, D)).astype(np.float32)
    tokens = rng.normal(size=(100, D)).astype(np.float32)
    store = ContextStore(10**9)
    key = jobs.context_key("r", head, "view")

    def take(chunk_tokens: int) -> tuple[np.ndarray, bool]:
        kept, reused = jobs.take_context(
            engine, store, key, head, tokens,
            chunk_tokens=chunk_tokens, owner="q", check=lambda: None,
        )  # fmt: skip
        assert kept.view_length == 106
        rows = kept.context.rows.copy()
        store.give_back(kept)
        return rows, reused

    in_chunks, first_reused = take(7)
    _, second_reused = take(7)
    store.forget("r")
    at_once, _ = take(1000)
    np.testing.assert_array_equal(in_chunks, at_once)
    assert (first_reused, second_reused) == (False, True)


def test_a_prefill_that_is_called_off_closes_its_context(engine: Engine) -> None:
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    store = ContextStore(10**9)
    head, tokens = np.zeros((6, D), np.float32), np.zeros((5000, D), np.float32)
    with pytest.raises(StopError):
        jobs.take_context(
            engine, store, jobs.context_key("r", head, "v"), head, tokens,
            chunk_tokens=1, owner="q", check=stop,
        )  # fmt: skip
    assert len(store) == 0
