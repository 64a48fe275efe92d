"""A recording by its exact id, whoever fills it: looked at, searched, asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamvid.answer import TimeRange
from streamvid.errors import (
    EmptyQuestionError,
    RangeError,
    RecordingError,
    RecordingNotFoundError,
)
from streamvid.session import Recorded, Session
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel
from tests.streamvid.watched import Watched


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(tmp_path / "home", TinyModel) as opened:
        yield opened


@pytest.fixture
def recorded(session: Session, tmp_path: Path) -> Recorded:
    """Twenty seconds, of which 8 to 14 hold no frame; the file is gone since."""
    path = film(tmp_path / "a.mp4", 20, gaps=[(8, 14)])
    report = session.ingest(path)
    path.unlink()
    return session.recorded(report.recording_id)


def test_an_unknown_id_is_told(session: Session, recorded: Recorded) -> None:
    for unknown in ("nobody", "a.mp4", recorded.glance().recording_id[:12]):
        with pytest.raises(RecordingNotFoundError):
            session.recorded(unknown)


def test_looking_loads_no_model(tmp_path: Path, recorded: Recorded) -> None:
    def fail() -> TinyModel:
        raise AssertionError("loaded")

    glance = recorded.glance()
    with Session(tmp_path / "home", fail) as other:
        again = other.recorded(glance.recording_id)
        assert again.glance() == glance
        assert again.timeline() == recorded.timeline()
        assert again.still() == recorded.still()
        assert again.still(5.9) == recorded.still(5.9) != again.still()


def test_it_is_asked_and_searched_without_its_file(recorded: Recorded) -> None:
    recording_id = recorded.glance().recording_id
    answer = recorded.ask("What is it?", within=TimeRange(0, 5)).result()
    assert (answer.recording_id, answer.usage.range_frames) == (recording_id, 5)
    assert recorded.ask("q", cancelled=lambda: True).result().finish == "cancelled"
    assert recorded.ask("q", deadline_s=0.0).result().finish == "deadline"
    found = recorded.search("blue", within=TimeRange(0, 5), limit=2)
    assert (found.recording_id, len(found.moments)) == (recording_id, 2)
    with recorded.conversation() as talk:
        talk.ask("What is it?").result()
        assert "history kept" in talk.ask("And now?").result().exactness


def test_what_cannot_be_answered_is_refused(recorded: Recorded) -> None:
    with pytest.raises(EmptyQuestionError):
        recorded.ask(" ")
    with pytest.raises(EmptyQuestionError):
        recorded.search(" ")
    with pytest.raises(RangeError):
        recorded.ask("What is it?", within=TimeRange(500)).result()


def test_what_is_held_sees_the_recording_grow(session: Session, tmp_path: Path) -> None:
    growing = Watched(tmp_path / "home", TinyModel())
    growing.see(5)
    recorded = session.recorded("door")
    assert recorded.ask("q").result().usage.range_frames == 5
    growing.see(4)
    assert recorded.glance().length_s == recorded.timeline().length_s == 9
    assert recorded.ask("q").result().usage.range_frames == 9
    growing.close()


def test_what_was_removed_since_says_so(session: Session, recorded: Recorded) -> None:
    session.remove(recorded.glance().recording_id)
    for look in (recorded.glance, recorded.timeline, recorded.still):
        with pytest.raises(RecordingError):
            look()
    with pytest.raises(RecordingError):
        recorded.ask("q").result()
