"""Questions after a stopped ingest: they go on with it where that brings something better soon."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamvid.answer import TimeRange
from streamvid.errors import IngestInterruptedError
from streamvid.ingest import IngestProgress
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

SHORT = Settings(commit_frames=8)
LONG = Settings(two_pass_min_s=60, preview_frames=30)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clips") / "clip.mp4", 120)


def stop_once(
    session: Session, clip: Path, enough: Callable[[IngestProgress], bool]
) -> list[IngestProgress]:
    """Ask, as with Ctrl-C once ``enough`` was told; give what was told until it had stopped."""
    told: list[IngestProgress] = []
    stop = threading.Event()

    def progress(one: IngestProgress) -> None:
        told.append(one)
        if enough(one):
            stop.set()

    with pytest.raises(IngestInterruptedError):
        session.ask(clip, "what ?", now=True, progress=progress, cancelled=stop.is_set)
    return told


def test_a_stopped_question_is_gone_on_with_by_the_next(clip: Path, tmp_path: Path) -> None:
    """The model encodes five batches; then no more than what is on its way when it is stopped."""
    allowed = threading.Semaphore(5)

    def hold(frames: int) -> None:
        allowed.acquire(timeout=5)

    def enough(one: IngestProgress) -> bool:
        if one.done_ticks:
            allowed.release(4)
        return one.done_ticks > 0

    with Session(tmp_path, lambda: TinyModel(on_encode=hold), settings=SHORT) as session:
        told = stop_once(session, clip, enough)
        seen = session.inspect(clip)
        assert 0 < seen.frames < 120
        # Whoever stopped it learns how far it came, not what was told last before.
        assert told[-1].done_ticks == seen.ticks_expected - seen.ticks_pending
    with Session(tmp_path, TinyModel, settings=SHORT) as session:
        answer = session.ask(clip, "what ?", now=True).result()
        assert answer.usage.range_frames == 120
        assert session.inspect(clip).summary.complete


def interrupt_in_previews(one: IngestProgress) -> None:
    if one.stage == "previews" and one.previews:
        raise KeyboardInterrupt


def interrupt_behind_previews(one: IngestProgress) -> None:
    if one.stage == "frames":
        raise KeyboardInterrupt


def test_previews_that_were_stopped_are_gone_on_with(clip: Path, tmp_path: Path) -> None:
    with Session(tmp_path, TinyModel, settings=LONG) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(clip, progress=interrupt_in_previews)
        assert session.inspect(clip).previews == 8
        session.ask(clip, "what ?", now=True)
        seen = session.inspect(clip)
        # Frames that are watched behind the previews replace theirs.
        assert seen.previews + seen.frames >= 30


def test_previews_that_are_all_there_are_enough_and_not_made_again(
    clip: Path, tmp_path: Path
) -> None:
    model = TinyModel()
    with Session(tmp_path, lambda: model, settings=LONG) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(clip, progress=interrupt_behind_previews)
        assert session.inspect(clip).previews == model.encoded_frames == 30
        answer = session.ask(clip, "what ?", now=True).result()
        assert "previews 30 of 120" in answer.exactness
        assert "90 s not watched yet" in answer.exactness
        assert answer.coverage.pending_s == 90
        assert model.encoded_frames == 30
        assert session.ingest(clip).frames == 120
        assert model.encoded_frames == 150


def test_progress_counts_previews(clip: Path, tmp_path: Path) -> None:
    told: list[IngestProgress] = []
    with Session(tmp_path, TinyModel, settings=LONG) as session:
        session.ingest(clip, progress=told.append)
    previews = [one for one in told if one.stage == "previews"]
    assert [one.previews for one in previews] == [0, 8, 16, 24, 30]
    assert {one.expected_previews for one in previews} == {30}


def test_a_range_that_is_settled_needs_no_more(clip: Path, tmp_path: Path) -> None:
    within = TimeRange(0, 30)
    with Session(tmp_path, TinyModel, settings=replace(LONG, commit_frames=8)) as session:
        first = session.ask(clip, "what ?", within=within, now=True).result()
        frames = session.inspect(clip).frames
        assert 30 <= frames < 120
        again = session.ask(clip, "what ?", within=within, now=True).result()
        assert again.text == first.text
        assert session.inspect(clip).frames == frames


def test_a_range_behind_what_is_known_of_a_file_that_tells_no_length(tmp_path: Path) -> None:
    path = film(tmp_path / "raw.h264", 130, fps=25)

    def stop_early(one: IngestProgress) -> None:
        if one.done_ticks:
            raise KeyboardInterrupt

    with Session(tmp_path / "home", TinyModel, settings=SHORT) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(path, progress=stop_early)
        assert session.inspect(path).frames < 100
        answer = session.ask(path, "what ?", within=TimeRange(100, 110), now=True).result()
        assert answer.usage.range_frames == 10


def test_a_search_goes_by_the_same_rule(clip: Path, tmp_path: Path) -> None:
    with Session(tmp_path, TinyModel, settings=LONG) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(clip, progress=interrupt_behind_previews)
        assert session.search(clip, "red", now=True).coverage.preview_frames == 30
        whole = session.search(clip, "red").coverage
        assert (whole.preview_frames, whole.pending_s, whole.frames) == (0, 0, 120)
