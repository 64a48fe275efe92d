"""Views of ranges against the stored tokens of their frames, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from memory import Home, Recording, Snapshot
from streamvid.answer.range_frames import frames_in
from streamvid.answer.reading import KEPT_READINGS, Readings
from streamvid.answer.span import TimeRange
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

RANGES = [TimeRange(), TimeRange(10, 20), TimeRange(50, 130), TimeRange(64, 128), TimeRange(199)]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    clip = film(tmp_path_factory.mktemp("clips") / "clip.mp4", 200, gaps=[(30, 40), (100, 120)])
    home = tmp_path_factory.mktemp("home")
    with Session(home, TinyModel) as session:
        report = session.ingest(clip)
    return Home(home).get(report.recording_id)


@pytest.fixture
def snapshot(recording: Recording) -> Iterator[Snapshot]:
    with recording.snapshot() as snapshot:
        yield snapshot


@pytest.mark.parametrize("within", RANGES)
def test_the_view_of_a_range_that_fits_is_its_frames_tokens(
    recording: Recording, snapshot: Snapshot, within: TimeRange
) -> None:
    settings = Settings()
    frames = frames_in(snapshot, recording, within, settings)
    reading = Readings(settings).read(snapshot, frames, view_tokens=500)
    stored = np.concatenate([chunk.values for chunk in snapshot.tokens()])
    ticks = snapshot.frames().ticks
    inside = np.isin(ticks, frames.table.ticks)
    np.testing.assert_array_equal(reading.view.tokens, stored[inside].astype(np.float32))
    start_s = within.start_s or 0
    end_s = within.end_s or 200
    assert inside.tolist() == [start_s <= tick < end_s for tick in ticks.tolist()]
    assert not reading.view.merged


def test_what_was_read_is_kept_for_the_same_range(recording: Recording, snapshot: Snapshot) -> None:
    readings = Readings(Settings())
    frames = frames_in(snapshot, recording, TimeRange(), Settings())
    first = readings.read(snapshot, frames, view_tokens=500)
    assert readings.read(snapshot, frames, view_tokens=500) is first
    assert readings.read(snapshot, frames, view_tokens=64) is not first
    readings.clear()
    assert readings.read(snapshot, frames, view_tokens=500) is not first


def test_no_more_is_kept_than_the_readings_asked_last(
    recording: Recording, snapshot: Snapshot
) -> None:
    readings = Readings(Settings())
    frames = frames_in(snapshot, recording, TimeRange(), Settings())
    kept = [readings.read(snapshot, frames, view_tokens=64 + n) for n in range(KEPT_READINGS + 1)]
    assert readings.read(snapshot, frames, view_tokens=64 + KEPT_READINGS) is kept[-1]
    assert readings.read(snapshot, frames, view_tokens=64) is not kept[0]
