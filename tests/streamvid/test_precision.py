"""Recordings made in another precision than this process's own: followed, side by side."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory import Home
from streamvid.engine import Engine, Priority
from streamvid.errors import IngestInterruptedError, ModelMismatchError
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

NOISE = 1e-3
SMALL = Settings(commit_frames=16)


def own() -> TinyModel:
    return TinyModel(batch_noise=NOISE)


def elsewhere() -> TinyModel:
    return TinyModel(batch_noise=NOISE, precision="bf16")


def digest(home: Path, clip: Path) -> str:
    with Home(home).open(clip).snapshot() as snapshot:
        return snapshot.digest()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clips")
    colours = ("red", "green", "blue")
    return (
        film(folder / "one.mp4", 100, colour_at=lambda second: colours[second // 20 % 3]),
        film(folder / "two.mp4", 90, colour_at=lambda second: colours[second // 30 % 3]),
    )


@pytest.fixture(scope="module")
def made_elsewhere(clips: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("elsewhere")
    with Session(home, elsewhere) as session:
        session.ingest(clips[0])
    return home


@pytest.fixture
def home(made_elsewhere: Path, tmp_path: Path) -> Path:
    """The recording of the first clip, moved here from a machine that uses bf16."""
    shutil.copytree(made_elsewhere, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(own) as engine:
        yield engine


def test_it_is_answered_as_where_it_was_made(home: Path, clips: tuple[Path, Path]) -> None:
    exact = Settings(fusion="full", weighting="span")
    with Session(home, elsewhere, settings=exact) as session:
        there = session.ask(clips[0], "what is red ?").result()
        found = session.search(clips[0], "green")
    with Session(home, own, settings=exact) as session:
        here = session.ask(clips[0], "what is red ?").result()
        assert (here.text, here.exactness) == (there.text, there.exactness)
        assert session.search(clips[0], "green").moments == found.moments


def test_a_process_goes_to_and_fro_between_recordings(
    home: Path, clips: tuple[Path, Path], tmp_path: Path
) -> None:
    with Session(tmp_path / "apart", own) as session:
        session.ingest(clips[1])
        alone = session.ask(clips[1], "what ?").result().text
    with Session(home, own) as session:
        first = session.ask(clips[0], "what ?").result().text
        session.ingest(clips[1])  # a new one is made in this machine's own precision
        with session.conversation(clips[0]) as old, session.conversation(clips[1]) as new:
            for _ in range(2):
                assert session.ask(clips[0], "what ?").result().text == first
                assert session.ask(clips[1], "what ?").result().text == alone
            assert old.ask("what ?").result().text == first
            assert new.ask("what ?").result().text == alone
    assert digest(home, clips[1]) == digest(tmp_path / "apart", clips[1])


def test_an_unfinished_ingest_is_gone_on_with_in_its_precision(
    clips: tuple[Path, Path], made_elsewhere: Path, tmp_path: Path
) -> None:
    kept: list[int] = []
    with (
        Session(tmp_path, elsewhere, settings=SMALL) as session,
        pytest.raises(IngestInterruptedError),
    ):
        session.ingest(
            clips[0],
            progress=lambda told: kept.append(told.frames),
            cancelled=lambda: kept[-1:] > [16],
        )
    with Session(tmp_path, own) as session:
        report = session.ingest(clips[0])
    assert report.resumed
    assert report.new_frames > 0
    assert digest(tmp_path, clips[0]) == digest(made_elsewhere, clips[0])


def test_reencode_takes_it_to_this_machines_own_precision(
    home: Path, clips: tuple[Path, Path], tmp_path: Path
) -> None:
    with Session(tmp_path / "fresh", own) as session:
        session.ingest(clips[0])
        fresh = session.ask(clips[0], "what ?").result().text
    with Session(home, own) as session:
        session.ask(clips[0], "what ?").result()
        assert not session.reencode(clips[0]).already
        assert session.ask(clips[0], "what ?").result().text == fresh
    assert digest(home, clips[0]) == digest(tmp_path / "fresh", clips[0])


def test_another_model_is_refused_in_any_precision(home: Path, clips: tuple[Path, Path]) -> None:
    with (
        Session(home, lambda: TinyModel(seed=5)) as session,
        pytest.raises(ModelMismatchError, match="reencode"),
    ):
        session.ask(clips[0], "what ?").result()


def test_each_owners_jobs_are_done_in_its_precision(engine: Engine) -> None:
    def seen_by(owner: str) -> str:
        return engine.submit(
            lambda model: model.fingerprint, priority=Priority.FILE, owner=owner
        ).result()

    theirs = elsewhere().fingerprint
    assert engine.follow("moved", theirs).fingerprint == theirs
    assert engine.follow("stranger", "another").fingerprint == own().fingerprint
    assert [seen_by(owner) for owner in ("moved", "other", "moved", "stranger")] == [
        theirs, own().fingerprint, theirs, own().fingerprint,
    ]  # fmt: skip
    engine.unfollow("moved")
    assert seen_by("moved") == own().fingerprint
    with engine.question() as owner:
        engine.follow(owner, theirs)
        assert seen_by(owner) == theirs
    assert seen_by(owner) == own().fingerprint
