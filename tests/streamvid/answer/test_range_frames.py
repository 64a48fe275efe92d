"""Ranges without a frame of their own: the frame that was on screen stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import Home, Recording
from streamvid.answer import TimeRange
from streamvid.answer.range_frames import frames_in
from streamvid.ingest import IngestProgress
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame each second but from 60 to 80: some are covered by 59, then there is a gap."""
    return film(tmp_path_factory.mktemp("clips") / "clip.mp4", 120, gaps=[(60, 80)])


@pytest.fixture(scope="module")
def home(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with Session(home, TinyModel) as session:
        session.ingest(clip)
    return home


@pytest.fixture
def session(home: Path) -> Iterator[Session]:
    with Session(home, TinyModel) as session:
        yield session


@pytest.fixture(scope="module")
def recording(home: Path) -> Recording:
    (line,) = Home(home).list()
    return Home(home).get(line.id)


@pytest.mark.parametrize(
    ("within", "frames", "first_s"),
    [
        (TimeRange(60, 62), 1, 59),
        (TimeRange(61.5, 70), 1, 59),
        (TimeRange(5.2, 5.9), 1, 5),
        (TimeRange(5.5, 8), 3, 5),
        (TimeRange(60, 90), 11, 59),
        (TimeRange(5, 8), 3, 5),
        (TimeRange(70, 82), 2, 80),
    ],
)
def test_the_frame_on_screen_at_the_start_counts(
    session: Session, clip: Path, within: TimeRange, frames: int, first_s: int
) -> None:
    answer = session.ask(clip, "what ?", within=within).result()
    assert answer.finish != "blind"
    assert answer.usage.range_frames == answer.coverage.frames == frames
    assert answer.evidence
    with session._home.get(answer.recording_id).snapshot() as snapshot:
        table = frames_in(
            snapshot, session._home.get(answer.recording_id), within, Settings()
        ).table
    assert table.ticks[0] == first_s


@pytest.mark.parametrize("within", [TimeRange(62, 70), TimeRange(79.2, 79.9)])
def test_a_range_in_a_gap_is_blind(session: Session, clip: Path, within: TimeRange) -> None:
    answer = session.ask(clip, "what ?", within=within).result()
    assert answer.finish == "blind"
    assert answer.coverage.seen_s == 0


@settings(deadline=None, max_examples=150)
@given(start_s=st.floats(0, 119.9), length_s=st.floats(0.01, 130))
def test_an_answer_is_blind_where_nothing_was_seen_and_nowhere_else(
    recording: Recording, start_s: float, length_s: float
) -> None:
    within = TimeRange(start_s, start_s + length_s)
    with recording.snapshot() as snapshot:
        frames = frames_in(snapshot, recording, within, Settings())
    assert (frames.span is None) == (frames.coverage.seen_s <= 1e-9)
    assert (len(frames.table) == 0) == (frames.span is None)


def test_what_is_still_to_be_looked_at_was_not_on_screen(clip: Path, tmp_path: Path) -> None:
    def stop(told: IngestProgress) -> None:
        if told.done_ticks:
            raise KeyboardInterrupt

    settings = Settings(commit_frames=8)
    with Session(tmp_path, TinyModel, settings=settings) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(clip, progress=stop)
        recording = Home(tmp_path).get(session.inspect(clip).summary.recording_id)
    with recording.snapshot() as snapshot:
        end_tick = snapshot.settled()[-1].end_tick
        assert end_tick < 110
        within = TimeRange(end_tick + 0.5, end_tick + 6)
        frames = frames_in(snapshot, recording, within, settings)
    assert frames.coverage.seen_s == frames.coverage.frames == len(frames.table) == 0
    assert frames.pending_s == 6


def test_moments_lie_as_close_as_the_part_that_exists_asks_for(tmp_path: Path) -> None:
    path = film(tmp_path / "short.mp4", 8)
    with Session(tmp_path / "home", TinyModel) as session:
        found = session.search(path, "red", within=TimeRange(3, 500))
    assert len(found.moments) > 3
