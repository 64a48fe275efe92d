from __future__ import annotations

import dataclasses

import pytest

from memory import (
    ModelIdentity,
    ModelMismatchError,
    RangeError,
    Recording,
    RecordingBusyError,
    RecordingNotFoundError,
    Source,
    TickSpan,
)
from memory.home import Home
from tests.memory.frames import GEOMETRY, batch_of


def test_a_recording_knows_what_it_is_of(
    recording: Recording, film: Source, model: ModelIdentity
) -> None:
    info = recording.info
    assert (info.source, info.model, info.created_wall_s) == (film, model, 1_000.0)
    assert (info.replaces, info.complete, info.schema_version) == (None, False, 2)
    assert recording.id == film.id


@pytest.mark.parametrize(
    "other",
    [
        ModelIdentity("beef" * 16, GEOMETRY),
        ModelIdentity("f00d" * 16, dataclasses.replace(GEOMETRY, width=7)),
    ],
)
def test_another_models_numbers_are_refused_with_the_remedy(
    recording: Recording, other: ModelIdentity
) -> None:
    with pytest.raises(ModelMismatchError, match=r"streamvid reencode 'film\.mp4'$"):
        recording.require_model(other)
    with pytest.raises(ModelMismatchError):
        recording.writer(other)
    assert recording.ingester() is None


def test_one_ingests_at_a_time(recording: Recording, model: ModelIdentity) -> None:
    with recording.writer(model, address="/run/x.sock"):
        holder = recording.ingester()
        assert holder is not None
        assert holder.address == "/run/x.sock"
        with pytest.raises(RecordingBusyError, match="is being ingested by process") as caught:
            recording.writer(model)
        assert caught.value.pid == holder.pid
    assert recording.ingester() is None
    recording.writer(model).close()


def test_a_snapshot_does_not_see_what_comes_later(
    recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 3))
        with recording.snapshot() as then:
            writer.commit(batch_of(3, 9))
            assert then.frame_count() == 3
            assert then.settled() == [TickSpan(0, 3)]
            with recording.snapshot() as now:
                assert now.frame_count() == 9
            assert [s.frames for s in then.segments()] == [3]


def test_an_empty_wish_is_refused(recording: Recording) -> None:
    with pytest.raises(RangeError, match="end it after its start"):
        recording.wanted(3.0, 3.0)


def test_a_removed_recording_is_not_found(home: Home, recording: Recording) -> None:
    home.remove(recording.id)
    with pytest.raises(RecordingNotFoundError, match="ingest it first"):
        recording.snapshot()
    with pytest.raises(RecordingNotFoundError):
        Recording(recording.folder)
