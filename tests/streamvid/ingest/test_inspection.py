"""What is told of a live recording; files are inspected in test_session."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apps.render.documents import inspection_document
from apps.render.lines import NEWEST_SHOWN, inspection_lines
from memory import (
    Anchor,
    Batch,
    EventRow,
    GapRow,
    Home,
    ModelIdentity,
    TickSpan,
    describe_live,
)
from streamvid.ingest.inspection import MOST_EVENTS, Inspection, inspect_recording
from tests.memory.frames import GEOMETRY, batch_of, frame_at

START_S = 1_700_000_000.0
MODEL = ModelIdentity("f" * 64, GEOMETRY)


@pytest.fixture
def seen(tmp_path: Path) -> Inspection:
    home = Home(tmp_path)
    source = describe_live("rtsp://me:secret@cam/one", name="front")
    recording = home.create(source, MODEL, created_wall_s=START_S)
    events = tuple(EventRow(float(i), "flapped") for i in range(MOST_EVENTS + 5))
    with recording.writer(MODEL) as writer:
        anchor = Anchor(0.0, START_S, run=True)
        writer.commit(batch_of(0, 70, anchors=(anchor,), events=events))
        writer.drop_oldest(1, now_wall_s=START_S + 70)
        writer.begin_run(START_S + 100)
        for tick in range(100, 160, 2):
            gap = GapRow(float(tick), tick + 1.0, "stalled")
            writer.commit(Batch(TickSpan(tick, tick + 2), (frame_at(tick + 1),), (gap,)))
    return inspect_recording(recording, home.find("rtsp://cam/one"))


def test_a_live_recordings_life_is_told_in_values(seen: Inspection) -> None:
    line = seen.summary
    assert (line.kind, line.source, line.complete) == ("live", "rtsp://cam/one", False)
    assert (line.runs, line.since_wall_s, line.first_kept_s) == (2, START_S, 64.0)
    assert (line.newest_t_s, seen.frames) == (159.25, 36)
    assert seen.blind_s == {"dropped by retention": 64.0, "off": 30.0, "stalled": 30.0}
    assert (seen.ticks_expected, seen.ticks_seen, seen.ticks_gapped) == (160, 100, 60)
    assert (len(seen.events), seen.older_events) == (MOST_EVENTS, 6)
    document = json.loads(json.dumps(inspection_document(seen)))
    assert document["blind_s"]["off"] == 30.0
    assert document["runs"] == 2


def test_a_live_recordings_life_is_told_in_words(seen: Inspection) -> None:
    lines = inspection_lines(seen)
    text = "\n".join(lines)
    assert "state     not being watched" in text
    assert ", in 2 runs" in text
    assert "newest    2:39" in text
    assert "kept      from 1:04 on" in text
    assert "blind     dropped by retention 1:04, off 0:30, stalled 0:30" in text
    assert "gaps      32, the newest:" in text
    assert sum(line.startswith("gap ") for line in lines) == NEWEST_SHOWN
    assert f"events    {MOST_EVENTS + 6}, the newest:" in text
    assert sum(line.startswith("event ") for line in lines) == NEWEST_SHOWN
    assert "secret" not in text
