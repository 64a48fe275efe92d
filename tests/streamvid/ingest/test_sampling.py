"""Key frames alone: what is said of such a recording, and that it stays one."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamvid.errors import SamplingMismatchError
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

KEYS = Settings(sampling="keys")


@pytest.mark.parametrize(("gop_s", "frames"), [(30, 3), (1000, 1)])
def test_seconds_between_key_frames_are_no_gaps_and_no_answer_is_exact(
    tmp_path: Path, gop_s: int, frames: int
) -> None:
    path = film(tmp_path / "a.mp4", 90, gop_s=gop_s)
    with Session(tmp_path / "home", TinyModel, settings=KEYS) as session:
        report = session.ingest(path)
        assert (report.frames, report.ticks_gapped, report.complete) == (frames, 0, True)
        seen = session.inspect(path)
        assert (seen.sampling, seen.gaps, seen.ticks_covered) == ("keys", (), 90 - frames)
        answer = session.ask(path, "what ?").result()
        assert answer.exactness == ("key frames only",)
        assert answer.coverage.seen_s == 90


def test_a_recording_is_not_made_in_two_ways(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 20, gop_s=5)
    with Session(tmp_path / "home", TinyModel, settings=KEYS) as session:
        session.ingest(path)
    with Session(tmp_path / "home", TinyModel) as session:
        with pytest.raises(SamplingMismatchError, match="remove it and ingest it anew") as caught:
            session.ingest(path)
        assert "\n" not in str(caught.value)
        # What is remembered can be asked all the same, and says what it is.
        assert "key frames only" in session.ask(path, "what ?").result().exactness
        session.remove(path)
        assert session.ingest(path).frames == 20
        assert session.inspect(path).sampling == "tick"
        assert session.ask(path, "what ?").result().exactness == ("bounded 6 of 20",)
