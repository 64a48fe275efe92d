"""Ingest in processes of their own: killed at any point, watched and asked by others."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from memory import Home
from streamvid.answer import TimeRange
from streamvid.errors import IngestInterruptedError, RecordingBusyError
from streamvid.ingest import IngestProgress
from streamvid.session import Session
from tests.streamvid.films import film
from tests.streamvid.ingest_child import NOISE, ONE_PASS, TWO_PASSES
from tests.streamvid.tiny_model import TinyModel

ROOT = Path(__file__).parents[3]
LIMIT_S = 60


def load() -> TinyModel:
    return TinyModel(batch_noise=NOISE)


def child(home: Path, file: Path, *, two_passes: bool, what: str) -> subprocess.Popen[str]:
    arguments = [str(home), str(file), str(int(two_passes)), what]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.streamvid.ingest_child", *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def digest(home: Path) -> str:
    (line,) = Home(home).list()
    with Home(home).get(line.id).snapshot() as snapshot:
        assert snapshot.complete
        return snapshot.digest()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    return film(folder / "clip.mp4", 200, gaps=[(20, 33), (100, 140)])


@pytest.fixture(scope="module")
def whole(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("whole")
    with Session(home, load) as session:
        session.ingest(clip)
    return digest(home)


def events(seed: int) -> tuple[int, bool]:
    """At which event the child dies, and whether it makes two passes: by seed."""
    rng = np.random.default_rng(seed)
    two_passes = bool(seed % 2)
    return int(rng.integers(3, 40 if two_passes else 32)), two_passes


def kill_and_go_on(seed: int, clip: Path, whole: str, home: Path) -> None:
    kill_at, two_passes = events(seed)
    with child(home, clip, two_passes=two_passes, what=f"kill:{kill_at}") as process:
        told, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == -signal.SIGKILL
    acknowledged = max((int(line) for line in told.split()), default=0)
    settings = TWO_PASSES if two_passes else ONE_PASS
    lines = Home(home).list()
    if lines:
        with Home(home).get(lines[0].id).snapshot() as snapshot:
            assert sum(span.ticks for span in snapshot.settled()) >= acknowledged
            assert snapshot.counters().balanced
    else:
        assert acknowledged == 0
    with Session(home, load, settings=settings) as session:
        report = session.ingest(clip)
    assert report.complete
    assert report.new_frames <= report.frames
    assert digest(home) == whole


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_ingest_goes_on_as_if_it_never_was(
    seed: int, clip: Path, whole: str, tmp_path: Path
) -> None:
    kill_and_go_on(seed, clip, whole, tmp_path)


@pytest.mark.slow  # 18 processes, each started, killed and gone on with
@pytest.mark.parametrize("seed", range(2, 20))
def test_a_killed_ingest_goes_on_at_every_seed(
    seed: int, clip: Path, whole: str, tmp_path: Path
) -> None:
    kill_and_go_on(seed, clip, whole, tmp_path)


def test_ctrl_c_keeps_what_was_ingested(clip: Path, whole: str, tmp_path: Path) -> None:
    with child(tmp_path, clip, two_passes=False, what="hold") as process:
        wait_for_a_commit(process)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=LIMIT_S)
    assert process.returncode == -signal.SIGINT
    assert told.splitlines()[-1] == "KeyboardInterrupt"  # and nothing that came in its way
    with Session(tmp_path, load, settings=ONE_PASS) as session:
        kept = session.inspect(clip).frames
        assert kept > 0
        assert session.ingest(clip).new_frames == 147 - kept
    assert digest(tmp_path) == whole


def wait_for_a_commit(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    while int(process.stdout.readline()) == 0:
        pass


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.parametrize("two_passes", [False, True])
def test_a_question_is_answered_while_another_process_ingests(
    two_passes: bool, clip: Path, whole: str, tmp_path: Path
) -> None:
    with (
        child(tmp_path, clip, two_passes=two_passes, what="hold") as process,
        Session(tmp_path, load) as session,
    ):
        wait_for_a_commit(process)
        assert session.inspect(clip).summary.busy
        answer = session.ask(clip, "what ?", now=True).result()
        assert answer.text
        assert "exact" not in answer.exactness
        assert answer.usage.range_frames > 0
        assert bool(answer.coverage.preview_frames) == two_passes
        assert "still to watch" in answer.coverage.text
        found = session.search(clip, "red", now=True)  # without ``now`` it would wait for ever
        assert found.moments
        assert found.coverage.pending_s > 0
        with pytest.raises(RecordingBusyError, match="stop that first"):
            session.remove(clip)
        let_go(process)
        assert process.wait(LIMIT_S) == 0
        assert session.ask(clip, "what ?").result().usage.range_frames == 147
    assert digest(tmp_path) == whole


def test_a_question_about_a_stretch_has_it_done_first(
    clip: Path, whole: str, tmp_path: Path
) -> None:
    with (
        child(tmp_path, clip, two_passes=True, what="hold") as process,
        Session(tmp_path, load) as session,
    ):
        wait_for_a_commit(process)
        session.ask(clip, "what ?", now=True, within=TimeRange(150, 160)).result()
        (line,) = Home(tmp_path).list()
        asked = sqlite3.connect(tmp_path / line.id / "memory.db")
        assert asked.execute("SELECT * FROM wanted").fetchall() == [(150.0, 160.0)]
        asked.close()
        let_go(process)
        assert process.wait(LIMIT_S) == 0
    assert digest(tmp_path) == whole


def test_a_second_ingest_looks_on_and_takes_over_from_one_that_died(
    clip: Path, whole: str, tmp_path: Path
) -> None:
    looking = threading.Event()
    stages: list[str] = []

    def told(progress: IngestProgress) -> None:
        stages.append(progress.stage)
        looking.set()

    with (
        child(tmp_path, clip, two_passes=False, what="hold") as process,
        Session(tmp_path, load, settings=ONE_PASS) as session,
    ):
        wait_for_a_commit(process)
        reports = []
        second = threading.Thread(
            target=lambda: reports.append(session.ingest(clip, progress=told))
        )
        second.start()
        assert looking.wait(LIMIT_S)
        process.kill()
        second.join(LIMIT_S)
    (report,) = reports
    assert report.attached
    assert report.resumed
    assert report.complete
    assert 0 < report.new_frames < report.frames
    assert stages[0] == "attached"
    assert stages[-1] == "finished"
    assert digest(tmp_path) == whole


def test_a_second_ingest_ends_with_the_first(clip: Path, whole: str, tmp_path: Path) -> None:
    looking = threading.Event()
    with (
        child(tmp_path, clip, two_passes=False, what="hold") as process,
        Session(tmp_path, load) as session,
    ):
        wait_for_a_commit(process)
        reports = []
        second = threading.Thread(
            target=lambda: reports.append(
                session.ingest(clip, progress=lambda progress: looking.set())
            )
        )
        second.start()
        assert looking.wait(LIMIT_S)
        let_go(process)
        second.join(LIMIT_S)
    (report,) = reports
    assert (report.attached, report.complete, report.new_frames) == (True, True, 0)
    assert digest(tmp_path) == whole


def test_looking_on_can_be_given_up(clip: Path, tmp_path: Path) -> None:
    with (
        child(tmp_path, clip, two_passes=False, what="hold") as process,
        Session(tmp_path, load) as session,
    ):
        wait_for_a_commit(process)
        with pytest.raises(IngestInterruptedError, match="goes on"):
            session.ingest(clip, cancelled=lambda: True)
        let_go(process)
        assert process.wait(LIMIT_S) == 0
