from __future__ import annotations

import sqlite3

import pytest

from memory import Batch, Counters, EventRow, GapRow, ModelIdentity, Recording, TickSpan
from tests.memory.frames import frame_at

CONTENT = [
    "UPDATE frames SET t_s = 3.5 WHERE tick = 3",
    "UPDATE frames SET kind = 'key' WHERE tick = 3",
    "UPDATE frames SET corrupt = 1 WHERE tick = 3",
    "UPDATE tokens SET value = zeroblob(24) WHERE tick = 3",
    "UPDATE embeddings SET value = zeroblob(10) WHERE tick = 3",
    "UPDATE prefixes SET value = zeroblob(36) WHERE tick = 3",
    "UPDATE stills SET value = x'00' WHERE tick = 3",
    "DELETE FROM stills WHERE tick = 3",
    "UPDATE segments SET total = zeroblob(72)",
    "UPDATE previews SET still = x'00'",
    "UPDATE settled SET end_tick = 63",
    "UPDATE gaps SET reason = 'other'",
    "UPDATE gaps SET end_s = 12.5",
    "UPDATE events SET detail = 'other'",
    "UPDATE counters SET value = 7 WHERE name = 'damage_packets'",
    "UPDATE recording SET complete = 1",
    "UPDATE model SET fingerprint = 'other'",
]
ASIDE = [
    "UPDATE frames SET wall_s = 9.0",
    "UPDATE previews SET wall_s = 9.0",
    "UPDATE events SET wall_s = 9.0",
    "UPDATE recording SET created_wall_s = 9.0",
    "UPDATE notes SET value = 'other'",
    "INSERT INTO wanted VALUES (1, 2)",
    "UPDATE gaps SET rowid = rowid + 100",
    "UPDATE events SET rowid = -rowid",
]


@pytest.fixture
def filled(recording: Recording, model: ModelIdentity) -> Recording:
    with recording.writer(model) as writer:
        writer.add_previews([frame_at(100)])
        writer.commit(
            Batch(
                TickSpan(0, 64),
                (frame_at(3), frame_at(60)),
                (GapRow(10.0, 12.0, "lost"),),
                (EventRow(1.0, "stalled"), EventRow(1.0, "anchored")),
                counters=Counters(expected=2, seen=2),
                notes={"pass": "1"},
            )
        )
    return recording


def digest_of(recording: Recording) -> str:
    with recording.snapshot() as now:
        return now.digest()


def change(recording: Recording, statement: str) -> None:
    connection = sqlite3.connect(recording.path)
    changed = connection.execute(statement).rowcount
    connection.commit()
    connection.close()
    assert changed


@pytest.mark.parametrize("statement", CONTENT)
def test_a_change_of_content_changes_the_digest(filled: Recording, statement: str) -> None:
    before = digest_of(filled)
    change(filled, statement)
    assert digest_of(filled) != before


@pytest.mark.parametrize("statement", ASIDE)
def test_what_is_no_content_does_not(filled: Recording, statement: str) -> None:
    before = digest_of(filled)
    change(filled, statement)
    assert digest_of(filled) == before
