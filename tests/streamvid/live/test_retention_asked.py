"""Questions about a recording whose oldest frames went between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import memory
from memory import Home, describe_live
from streamvid.answer import TimeRange
from streamvid.engine import Engine
from streamvid.live import Keep, Watch, WatchPlan
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.live.scripted_feed import ScriptedFeed, picture
from tests.streamvid.tiny_model import TinyModel

NAME = "front"
BLOCK = 64
PATIENCE_S = 60.0


class Camera:
    """One recording, filled by a run after the other; the session that asks lives on meanwhile."""

    def __init__(self, folder: Path, engine: Engine, settings: Settings) -> None:
        self.home, self._engine, self._settings = Home(folder), engine, settings

    def see(self, ticks: range, *, keep: Keep | None = None) -> None:
        feed = ScriptedFeed(ticks.start)
        plan = WatchPlan(describe_live("rtsp://cam/1", name=NAME), lambda first: feed, keep)
        # The camera's clock says 1000 at tick 0, and no time passes between runs.
        watch = Watch(
            self.home, self._engine, self._settings, plan, wall_s=lambda: 1000.0 + ticks.start
        )
        watch.start()
        feed.put(*map(picture, ticks))
        feed.finish()
        assert watch.join(PATIENCE_S)

    def forget_a_block(self) -> None:
        recording = self.home.get(NAME)
        with recording.writer(recording.info.model) as writer:
            assert writer.drop_oldest(1, most_blocks=1) is not None

    def ticks(self) -> list[int]:
        with self.home.get(NAME).snapshot() as snapshot:
            return snapshot.frames().ticks.tolist()


@pytest.fixture(params=["flat", "faiss"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return Settings(commit_s=0.05, moment_separation_s=0.5, search_index=request.param)


@pytest.fixture
def camera(tmp_path: Path, settings: Settings) -> Iterator[Camera]:
    with Engine(TinyModel) as engine:
        yield Camera(tmp_path, engine, settings)


@pytest.fixture
def session(tmp_path: Path, settings: Settings) -> Iterator[Session]:
    with Session(tmp_path, TinyModel, settings=settings) as opened:
        yield opened


def found(session: Session, within: TimeRange | None = None) -> list[int]:
    moments = session.search(NAME, "red", limit=1000, within=within or TimeRange()).moments
    return sorted(moment.tick for moment in moments)


def test_as_many_frames_as_before_but_others(camera: Camera, session: Session) -> None:
    camera.see(range(3 * BLOCK))
    assert found(session) == camera.ticks() == list(range(3 * BLOCK))
    assert session.ask(NAME, "What?").result().coverage.frames == 3 * BLOCK
    camera.forget_a_block()
    camera.see(range(3 * BLOCK, 4 * BLOCK))
    kept = list(range(BLOCK, 4 * BLOCK))
    assert camera.ticks() == kept
    assert found(session) == kept
    answer = session.ask(NAME, "What?").result()
    assert answer.coverage.frames == 3 * BLOCK
    assert answer.evidence
    assert all(moment.tick in kept for moment in answer.evidence)


def test_frames_that_only_went_are_not_found(camera: Camera, session: Session) -> None:
    camera.see(range(2 * BLOCK))
    assert len(found(session)) == 2 * BLOCK
    camera.forget_a_block()
    assert found(session) == list(range(BLOCK, 2 * BLOCK))
    assert found(session, TimeRange(0.0, float(BLOCK))) == []
    blind = session.ask(NAME, "What?", within=TimeRange(0.0, BLOCK - 1.0)).result()
    assert blind.finish == "blind"
    assert blind.coverage.blind[0][2] == memory.RETENTION


def test_a_talk_goes_on_over_what_was_forgotten(camera: Camera, session: Session) -> None:
    camera.see(range(2 * BLOCK))
    with session.recorded(NAME).conversation() as talk:
        talk.ask("What is red ?").result()
        camera.see(range(2 * BLOCK, 20 * BLOCK), keep=Keep(memory.BESIDE_BYTES + 400_000))
        kept = camera.ticks()
        assert kept[0] > 0
        answer = talk.ask("And what is blue ?").result()
    assert answer.coverage.frames == len(kept)
    assert all(moment.tick in kept for moment in answer.evidence)
    assert found(session) == kept
