from __future__ import annotations

import pytest

from streamvid.errors import RecordingNotFoundError
from streamvid.session import Session
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel


@pytest.fixture
def session(tmp_path):
    with Session(tmp_path / "home", TinyModel) as opened:
        yield opened


@pytest.fixture
def watched(session, tmp_path):
    """Twenty seconds, of which 8 to 14 hold no frame."""
    path = film(tmp_path / "a.mp4", 20, gaps=[(8, 14)])
    return session.ingest(path).recording_id


def test_a_glance_counts_every_tick_once(session, watched):
    seen = session.glance(watched)
    assert seen.complete
    assert seen.length_s == 20
    assert seen.ticks_expected == 20
    assert seen.ticks_expected == (
        seen.ticks_seen + seen.ticks_covered + seen.ticks_dropped + seen.ticks_gapped
    )
    assert seen.ticks_gapped > 0
    assert seen.size_bytes > 1000


def test_a_timeline_parts_what_was_seen_from_what_was_not(session, watched):
    line = session.timeline(watched)
    (gap,) = line.gaps
    assert line.seen == ((0.0, gap.start_s), (gap.end_s, line.length_s))
    assert line.pending == ()
    assert line.complete


def test_a_still_is_the_newest_at_or_before(session, watched):
    assert session.still(watched, 5.9).t_s == 5.0
    assert session.still(watched, 5.0).t_s == 5.0
    in_the_gap = session.still(watched, 13.0)
    assert in_the_gap.t_s == 7.0
    assert in_the_gap.picture.startswith(b"\xff\xd8")
    assert session.still(watched).t_s == 19.0
    assert session.still(watched, 1e9).t_s == 19.0


def test_looking_loads_no_model(tmp_path, session, watched):
    def fail():
        raise AssertionError("loaded")

    with Session(tmp_path / "home", fail) as other:
        assert other.glance(watched) == session.glance(watched)
        assert other.timeline(watched) == session.timeline(watched)
        assert other.still(watched) == session.still(watched)


def test_an_unknown_id_is_told(session):
    for look in (session.glance, session.timeline, session.still, session.talk_recorded):
        with pytest.raises(RecordingNotFoundError):
            look("nobody")


def test_what_is_recorded_is_answered_without_its_file(session, watched, tmp_path):
    (tmp_path / "a.mp4").unlink()
    assert session.ask_recorded(watched, "What is it?").result().recording_id == watched
    with session.talk_recorded(watched) as talk:
        talk.ask("What is it?").result()
        assert "history kept" in talk.ask("And now?").result().exactness
