"""Another model's numbers in place of the old ones: at once, or not at all."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from memory import (
    CommitRefusedError,
    FrameRow,
    GapRow,
    Geometry,
    Home,
    ModelIdentity,
    ModelMismatchError,
    Recording,
    RecordingBusyError,
    Reencoder,
    Source,
    StillMissingError,
    TickSpan,
)
from tests.memory.frames import batch_of, frame_at

OTHER_SIZES = Geometry(
    width=4, tokens_per_frame=1, embedding_width=7, prefix_tokens=2, keeps_fused_prefix=True
)
OTHER = ModelIdentity("other" * 8, OTHER_SIZES)
GAP = GapRow(90.0, 100.0, "no_signal")
PREVIEW_TICKS = (140, 150)


def rows_at(ticks: list[int], model: ModelIdentity) -> list[FrameRow]:
    """What ``model`` makes of these ticks: the stills and times are those of ``frame_at``."""
    return [frame_at(tick, geometry=model.geometry) for tick in ticks]


def fill(recording: Recording, model: ModelIdentity) -> Recording:
    ticks = [*range(64, 90), *range(100, 130)]
    with recording.writer(model) as writer:
        writer.add_previews(rows_at(list(PREVIEW_TICKS), model))
        first = batch_of(0, 64)
        writer.commit(replace(first, frames=tuple(rows_at(list(range(64)), model))))
        second = replace(batch_of(64, 130), frames=tuple(rows_at(ticks, model)), gaps=(GAP,))
        writer.commit(replace(second, notes={"kept": "yes"}))
    return recording


def add_all(reencoder: Reencoder, model: ModelIdentity, *, at_most: int = 99) -> None:
    for segment in reencoder.left()[:at_most]:
        ticks = list(range(segment.first_tick, segment.last_tick + 1))
        reencoder.add(segment, rows_at(ticks, model))
    reencoder.add_previews(rows_at(list(PREVIEW_TICKS), model))


def digest(recording: Recording) -> str:
    with recording.snapshot() as now:
        return now.digest()


@pytest.fixture
def filled(recording: Recording, model: ModelIdentity) -> Recording:
    return fill(recording, model)


@pytest.fixture(params=[True, False], ids=["prefixes", "sums alone"])
def other(request: pytest.FixtureRequest) -> ModelIdentity:
    return ModelIdentity("other" * 8, replace(OTHER_SIZES, keeps_fused_prefix=request.param))


@pytest.fixture
def fresh(home: Home, film: Source, other: ModelIdentity) -> str:
    """The digest of a recording that the other model filled from the start."""
    made = Home(home.path.parent / "fresh").create(film, other, created_wall_s=3.0)
    return digest(fill(made, other))


def test_the_result_is_a_recording_of_the_other_model(
    filled: Recording, other: ModelIdentity, fresh: str
) -> None:
    with filled.reencoder() as reencoder:
        reencoder.begin(other)
        assert [s.first_tick for s in reencoder.left()] == [0, 64, 100, 128]
        add_all(reencoder, other)
        reencoder.swap({"model": "second"})
    assert digest(filled) == fresh
    again = Recording(filled.folder)
    assert again.info.model == other
    with again.snapshot() as now:
        assert now.notes() == {"kept": "yes", "model": "second"}
        assert now.geometry == other.geometry
    connection = sqlite3.connect(filled.path)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    assert not [name for name in names if name.startswith("next_")]
    assert connection.execute("SELECT generation FROM model").fetchall() == [(2,)]
    connection.close()


def test_the_other_model_can_go_on_ingesting(filled: Recording, model: ModelIdentity) -> None:
    with filled.reencoder() as reencoder:
        reencoder.begin(OTHER)
        add_all(reencoder, OTHER)
        reencoder.swap({})
    with pytest.raises(ModelMismatchError):
        filled.writer(model)  # this Recording was opened before: the database decides
    assert filled.ingester() is None
    with Recording(filled.folder).writer(OTHER) as writer:
        writer.commit(replace(batch_of(130, 140), frames=tuple(rows_at([130, 131], OTHER))))
    with filled.snapshot() as now:
        assert now.prefix_sum().total.shape == OTHER.geometry.prefix_shape
        assert now.frame_count() == 64 + 26 + 30 + 2


def test_a_snapshot_sees_one_models_numbers_and_says_whose(
    filled: Recording, model: ModelIdentity
) -> None:
    before = digest(filled)
    with filled.snapshot() as old, filled.reencoder() as reencoder:
        reencoder.begin(OTHER)
        add_all(reencoder, OTHER)
        assert digest(filled) == before
        reencoder.swap({})
        assert old.digest() == before
        old.require_model(model)
        assert next(old.tokens()).values.shape[1:] == model.geometry.tokens_shape
        with filled.snapshot() as new:
            assert next(new.tokens()).values.shape[1:] == OTHER.geometry.tokens_shape
            new.require_model(OTHER)
            with pytest.raises(ModelMismatchError, match=r"run: streamvid reencode 'film\.mp4'$"):
                new.require_model(model)


def test_what_was_added_is_there_for_the_next_run_of_the_same_model(filled: Recording) -> None:
    before = digest(filled)
    with filled.reencoder() as reencoder:
        reencoder.begin(OTHER)
        add_all(reencoder, OTHER, at_most=2)
        with pytest.raises(CommitRefusedError, match="add the rest first"):
            reencoder.swap({})
    assert digest(filled) == before
    with filled.reencoder() as reencoder:
        reencoder.begin(OTHER)
        assert [s.first_tick for s in reencoder.left()] == [100, 128]
    third = ModelIdentity("third", OTHER_SIZES)
    with filled.reencoder() as reencoder:
        reencoder.begin(third)
        assert len(reencoder.left()) == 4
    assert digest(filled) == before


KILLED_IN_THE_SWAP = """
import os, signal, sys
from pathlib import Path
from memory import Recording
from tests.memory.test_reencoder import OTHER, add_all

class Bomb(dict):
    def items(self):
        os.kill(os.getpid(), signal.SIGKILL)

with Recording(Path(sys.argv[1])).reencoder() as reencoder:
    reencoder.begin(OTHER)
    add_all(reencoder, OTHER)
    reencoder.swap(Bomb())  # notes are the last thing before the commit
"""


def test_killed_just_before_the_swaps_commit_it_is_as_it_was(filled: Recording) -> None:
    before = digest(filled)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    arguments = [sys.executable, "-c", KILLED_IN_THE_SWAP, str(filled.folder)]
    done = subprocess.run(arguments, env=environment, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert digest(filled) == before
    with filled.reencoder() as reencoder:
        reencoder.begin(OTHER)
        assert reencoder.left() == []
        add_all(reencoder, OTHER)
        reencoder.swap({})
    assert Recording(filled.folder).info.model == OTHER


def test_frames_that_came_meanwhile_are_encoded_too(
    filled: Recording, model: ModelIdentity
) -> None:
    with filled.reencoder() as reencoder:
        reencoder.begin(OTHER)
        add_all(reencoder, OTHER)
    with filled.writer(model) as writer:
        writer.commit(batch_of(130, 200))  # into the last block, and over the previews
    with filled.reencoder() as reencoder:
        reencoder.begin(OTHER)
        assert [s.first_tick for s in reencoder.left()] == [128, 192]
        for segment in reencoder.left():
            ticks = list(range(segment.first_tick, segment.last_tick + 1))
            reencoder.add(segment, rows_at(ticks, OTHER))
        reencoder.swap({})
    with filled.snapshot() as now:
        assert now.info.model == OTHER
        total = np.zeros(OTHER_SIZES.prefix_shape, np.float32)
        for frame in rows_at(list(range(128, 192)), OTHER):
            total += frame.fused_prefix
        block = now.prefix_sum(TickSpan(128, 192))
        assert block.frames == 64
        assert np.array_equal(block.total, total)


def test_a_frame_without_its_still_is_refused_before_anything(filled: Recording) -> None:
    connection = sqlite3.connect(filled.path)
    connection.execute("DELETE FROM stills WHERE tick IN (70, 72)")
    connection.commit()
    connection.close()
    with pytest.raises(StillMissingError, match=r"2 frames without a still, the first at 70 s"):
        filled.reencoder()
    assert filled.ingester() is None


def test_it_needs_the_ingesters_right(filled: Recording, model: ModelIdentity) -> None:
    with filled.writer(model), pytest.raises(RecordingBusyError):
        filled.reencoder()
    with filled.reencoder():
        with pytest.raises(RecordingBusyError):
            filled.writer(model)
        assert filled.ingester() is not None


def test_wrong_rows_are_refused(filled: Recording, model: ModelIdentity) -> None:
    with filled.reencoder() as reencoder:
        with pytest.raises(RuntimeError, match="begin first"):
            reencoder.swap({})
        reencoder.begin(OTHER)
        segment = reencoder.left()[0]
        with pytest.raises(CommitRefusedError, match="63 frames stand for 64 ticks"):
            reencoder.add(segment, rows_at(list(range(63)), OTHER))
        with pytest.raises(CommitRefusedError, match="tokens of tick 0"):
            reencoder.add(segment, rows_at(list(range(64)), model))
        with pytest.raises(CommitRefusedError, match="1 frames stand for 0 ticks"):
            reencoder.add_previews(rows_at([141], OTHER))
        assert len(reencoder.left()) == 4
