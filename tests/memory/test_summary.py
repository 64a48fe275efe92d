from __future__ import annotations

import json

import pytest

from memory import Home, ModelIdentity, Recording
from memory.summary import SUMMARY_NAME, keep_summary, stamp_of, summarise
from tests.memory.frames import batch_of, frame_at


def test_a_summary_tells_what_is_remembered(recording: Recording, model: ModelIdentity) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 70))
        writer.add_previews([frame_at(90)])
    summary = summarise(recording.folder)
    assert (summary.frames, summary.previews, summary.length_s) == (70, 1, 70.0)
    assert (summary.name, summary.complete, summary.problem) == ("film.mp4", False, None)
    assert summary.size_bytes >= recording.path.stat().st_size
    assert summary.fingerprint == model.fingerprint


def test_a_summary_follows_an_ingest_that_is_under_way(
    home: Home, recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        for end in range(10, 60, 10):
            writer.commit(batch_of(end - 10, end))
            assert home.list()[0].frames == end


def test_a_kept_summary_is_taken_while_the_database_is_unchanged(
    recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 3))
    kept = recording.folder / SUMMARY_NAME
    note = json.loads(kept.read_text())
    note["summary"]["name"] = "told by the cache"
    kept.write_text(json.dumps(note))
    assert summarise(recording.folder).name == "told by the cache"
    with recording.writer(model) as writer:
        writer.commit(batch_of(3, 4))
    assert summarise(recording.folder).name == "film.mp4"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stamp": null}', '{"summary": {"id": 3}}'])
def test_a_spoilt_cache_is_read_anew(recording: Recording, text: str) -> None:
    (recording.folder / SUMMARY_NAME).write_text(text)
    assert summarise(recording.folder).name == "film.mp4"
    assert json.loads((recording.folder / SUMMARY_NAME).read_text())["summary"]["id"]


def test_a_commit_between_reading_and_keeping_is_not_lost(
    recording: Recording, model: ModelIdentity
) -> None:
    stamp = stamp_of(recording.folder)
    with recording.writer(model) as writer:
        before = summarise(recording.folder)
        writer.commit(batch_of(0, 3))
    keep_summary(recording.folder, before, stamp)  # by a reader that was slow
    assert summarise(recording.folder).frames == 3
