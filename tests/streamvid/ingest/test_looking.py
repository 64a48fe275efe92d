from __future__ import annotations

import pytest

from memory import Home
from streamvid.ingest.looking import glance_at, still_at, timeline_of
from streamvid.session import Session
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Twenty seconds, of which 8 to 14 hold no frame."""
    path = film(tmp_path_factory.mktemp("clips") / "a.mp4", 20, gaps=[(8, 14)])
    home = tmp_path_factory.mktemp("home")
    with Session(home, TinyModel) as session:
        report = session.ingest(path)
    return Home(home).get(report.recording_id)


def test_a_glance_counts_every_tick_once(watched):
    seen = glance_at(watched)
    assert seen.complete
    assert seen.length_s == 20
    assert seen.ticks_expected == 20
    assert seen.ticks_expected == (
        seen.ticks_seen + seen.ticks_covered + seen.ticks_dropped + seen.ticks_gapped
    )
    assert seen.ticks_gapped > 0
    assert seen.size_bytes > 1000


def test_a_timeline_parts_what_was_seen_from_what_was_not(watched):
    line = timeline_of(watched)
    (gap,) = line.gaps
    assert line.seen == ((0.0, gap.start_s), (gap.end_s, line.length_s))
    assert line.pending == ()
    assert line.complete


def test_a_still_is_the_newest_at_or_before(watched):
    assert still_at(watched, 5.9).t_s == 5.0
    assert still_at(watched, 5.0).t_s == 5.0
    in_the_gap = still_at(watched, 13.0)
    assert in_the_gap.t_s == 7.0
    assert in_the_gap.picture.startswith(b"\xff\xd8")
    assert still_at(watched, None).t_s == 19.0
    assert still_at(watched, 1e9).t_s == 19.0
