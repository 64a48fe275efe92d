"""Reencoding through a session: as a fresh ingest, killed, read meanwhile, refused."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from memory import Home, ModelIdentity, Recording
from streamvid.answer.moments import Moments
from streamvid.answer.range_frames import frames_in
from streamvid.answer.reading import Readings
from streamvid.answer.span import TimeRange
from streamvid.errors import (
    IngestInterruptedError,
    ModelMismatchError,
    RecordingBusyError,
    RecordingError,
    RecordingNotFoundError,
    StillMissingError,
)
from streamvid.ingest import IngestProgress
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.ingest_child import NOISE, TWO_PASSES
from tests.streamvid.reencode_child import second_model
from tests.streamvid.tiny_model import TinyModel

ROOT = Path(__file__).parents[3]
LIMIT_S = 60
EVENTS = 39
"""What a reencode of the clip has: a batch or a report of progress each; one is behind the swap."""


def first_model() -> TinyModel:
    return TinyModel(batch_noise=NOISE)


def refuse_to_load() -> TinyModel:
    raise AssertionError("a model was loaded")


def ingested(
    home: Path, clip: Path, load: Callable[[], TinyModel], settings: Settings | None = None
) -> Path:
    with Session(home, load, settings=settings) as session:
        session.ingest(clip)
    return home


def recording_in(home: Path) -> Recording:
    (line,) = Home(home).list()
    return Home(home).get(line.id)


def digest(home: Path) -> str:
    with recording_in(home).snapshot() as snapshot:
        return snapshot.digest()


def child(home: Path, source: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.streamvid.reencode_child", str(home), str(source), what],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_a_block(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    while int(process.stdout.readline()) == 0:
        pass


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 s with a gap inside a block and one over a block's border."""
    folder = tmp_path_factory.mktemp("clips")
    colours = ("red", "green", "blue")
    return film(
        folder / "clip.mp4", 200, gaps=[(20, 33), (100, 140)],
        colour_at=lambda second: colours[second // 30 % 3],
    )  # fmt: skip


@pytest.fixture(scope="module")
def under_first(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingested(tmp_path_factory.mktemp("first"), clip, first_model)


@pytest.fixture(scope="module")
def under_second(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a fresh ingest by the second model holds."""
    return digest(ingested(tmp_path_factory.mktemp("second"), clip, second_model))


@pytest.fixture
def home(under_first: Path, tmp_path: Path) -> Path:
    shutil.copytree(under_first, tmp_path / "home")
    return tmp_path / "home"


def test_it_equals_a_fresh_ingest_under_the_second_model(
    home: Path, clip: Path, under_second: str
) -> None:
    told: list[IngestProgress] = []
    with Session(home, second_model) as session:
        with pytest.raises(ModelMismatchError, match="reencode"):
            session.ask(clip, "what ?").result()
        report = session.reencode(clip, progress=told.append)
        assert (report.frames, report.previews, report.new_frames) == (147, 0, 147)
        assert not report.already
        assert not report.resumed
        assert report.fingerprint == second_model().fingerprint
        assert session.ask(clip, "what ?").result().text
        assert session.reencode("clip.mp4").already
        assert not session.inspect(clip).summary.busy
    assert digest(home) == under_second
    assert {progress.stage for progress in told} == {"reencoding", "finished"}
    done = [progress.done_ticks for progress in told]
    assert done == sorted(done)
    assert (done[0], done[-1], told[-1].expected_ticks) == (0, 147, 147)
    with Session(home, first_model) as session, pytest.raises(ModelMismatchError):
        session.ask(clip, "what ?").result()


def test_what_was_read_before_is_not_used_for_numbers_that_replaced_it(
    home: Path, clip: Path
) -> None:
    settings = Settings()
    query = np.ones(first_model().spec.embedding_width, np.float32)

    def look(readings: Readings, moments: Moments) -> tuple[str, list[float]]:
        recording = recording_in(home)
        with recording.snapshot() as snapshot:
            frames = frames_in(snapshot, recording, TimeRange(), settings)
            view = readings.read(snapshot, frames, view_tokens=32).view
            found = moments.search(snapshot, frames, query, 5)
        return view.digest, [moment.score for moment in found]

    kept = Readings(settings), Moments(settings)
    before = look(*kept)
    with Session(home, second_model) as session:  # as another process would
        session.reencode(clip)
    assert look(*kept) == look(Readings(settings), Moments(settings)) != before


def test_a_model_that_stores_no_prefixes_and_back_again(home: Path, clip: Path) -> None:
    before = digest(home)

    def bare() -> TinyModel:
        return TinyModel(seed=3, keeps_fused_prefix=False, batch_noise=NOISE)

    with Session(home, bare) as session:
        session.reencode(clip)
        edges = session.ask(clip, "what ?").result()
        assert edges.text
    with recording_in(home).snapshot() as snapshot:
        assert snapshot.fused_prefixes([0, 1]) == {}
    with Session(home, first_model) as session:
        session.reencode(clip)
    assert digest(home) == before


def test_previews_are_encoded_too_and_ingest_goes_on(
    clip: Path, tmp_path: Path, under_second: str
) -> None:
    homes = {}
    for name, load in (("first", first_model), ("second", second_model)):
        previewed = homes[name] = tmp_path / name

        def stop_after_previews(progress: IngestProgress) -> None:
            if progress.stage == "frames":
                raise KeyboardInterrupt

        with (
            Session(previewed, load, settings=TWO_PASSES) as session,
            pytest.raises(KeyboardInterrupt),
        ):
            session.ingest(clip, progress=stop_after_previews)
        assert session.inspect(clip).previews > 8
    with Session(homes["first"], second_model, settings=TWO_PASSES) as session:
        report = session.reencode(clip)
        assert report.new_frames == report.previews > 8
        assert digest(homes["first"]) == digest(homes["second"])
        assert "previews" in " ".join(session.ask("clip.mp4", "what ?").result().exactness)
        assert session.ingest(clip).complete
    assert digest(homes["first"]) == under_second


def kill_and_rerun(home: Path, clip: Path, kill_at: int, under_second: str) -> None:
    before = digest(home)
    with child(home, clip, f"kill:{kill_at}") as process:
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == -signal.SIGKILL
    if recording_in(home).info.model.fingerprint == first_model().fingerprint:
        assert digest(home) == before
        with Session(home, first_model) as session:
            assert session.ask(clip, "what ?").result().text
    else:  # only the last report comes after the swap
        assert digest(home) == under_second
    with Session(home, second_model) as session:
        session.reencode(clip)
    assert digest(home) == under_second


@pytest.mark.parametrize("kill_at", [3, 17])
def test_a_killed_reencode_leaves_the_old_recording(
    kill_at: int, home: Path, clip: Path, under_second: str
) -> None:
    kill_and_rerun(home, clip, kill_at, under_second)


@pytest.mark.slow  # 18 processes, each started, killed and gone on with
@pytest.mark.parametrize("seed", range(18))
def test_a_killed_reencode_leaves_the_old_recording_at_every_seed(
    seed: int, home: Path, clip: Path, under_second: str
) -> None:
    kill_at = int(np.random.default_rng(seed).integers(1, EVENTS + 1))
    kill_and_rerun(home, clip, kill_at, under_second)


def test_readers_see_the_old_model_until_the_new_one_is_whole(
    home: Path, clip: Path, under_second: str
) -> None:
    with (
        child(home, clip, "hold") as process,
        Session(home, first_model) as session,
        session.conversation(clip) as talk,
    ):
        wait_for_a_block(process)
        assert session.inspect(clip).summary.busy
        assert session.ask(clip, "what ?").result().text == talk.ask("what ?").result().text
        for refused in (session.remove, session.reencode):
            with pytest.raises(RecordingBusyError, match=str(process.pid)):
                refused(clip)
        let_go(process)
        assert process.wait(LIMIT_S) == 0
        # opened under the old model: it must not read the new one's numbers as its own
        with pytest.raises(ModelMismatchError, match="reencode"):
            talk.ask("and now ?").result()
    assert digest(home) == under_second


def test_a_stopped_reencode_goes_on(home: Path, clip: Path, under_second: str) -> None:
    blocks: list[int] = []

    def told(progress: IngestProgress) -> None:
        blocks.append(progress.done_ticks)

    with Session(home, second_model) as session:
        with pytest.raises(IngestInterruptedError, match="it is as it was, run it again"):
            session.reencode(clip, progress=told, cancelled=lambda: len(blocks) > 2)
        report = session.reencode(clip)
    assert report.resumed
    assert 0 < report.new_frames == 147 - blocks[-1]
    assert digest(home) == under_second


def test_what_cannot_be_reencoded_is_refused_before_a_model_loads(home: Path, clip: Path) -> None:
    with Session(home, refuse_to_load) as session:
        with pytest.raises(RecordingNotFoundError):
            session.reencode("nobody")
        connection = sqlite3.connect(recording_in(home).path)
        connection.execute("DELETE FROM stills WHERE tick = 3")
        connection.commit()
        connection.close()
        with pytest.raises(StillMissingError, match=r"'clip\.mp4' has 1 frames without a still"):
            session.reencode(clip)


def test_a_damaged_still_stops_it_and_changes_nothing(home: Path, clip: Path) -> None:
    connection = sqlite3.connect(recording_in(home).path)
    connection.execute("UPDATE stills SET value = x'00' WHERE tick = 150")
    connection.commit()
    connection.close()
    before = digest(home)
    with (
        Session(home, second_model) as session,
        pytest.raises(RecordingError, match="still of 1 bytes"),
    ):
        session.reencode(clip)
    assert digest(home) == before
    identity: ModelIdentity = recording_in(home).info.model
    assert identity.fingerprint == first_model().fingerprint
