"""Replacing all of a recording's numbers by another model's: beside the old ones, then at once.

The new numbers grow in tables of their own (``next_tokens`` and so on) that no reader looks at. One
last transaction drops the old tables and gives the new ones their names. Whoever is killed before
it leaves the old recording as it was; the next run takes up what is there, if it is for the same
model, and throws it away if not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from memory.admission import check_numbers
from memory.database import transaction, translated
from memory.errors import CommitRefusedError, StillMissingError
from memory.held_database import HeldDatabase
from memory.identified import read_info
from memory.lock import IngestLock
from memory.rows import FrameRow, ModelIdentity, Segment, half_bytes
from memory.schema import NUMBERS

_SCRATCH = (
    "CREATE TABLE next_previews (tick INTEGER PRIMARY KEY, tokens BLOB NOT NULL,"
    " embedding BLOB NOT NULL, prefix BLOB NOT NULL) STRICT",
    "CREATE TABLE next_model (fingerprint TEXT NOT NULL, width INTEGER NOT NULL,"
    " tokens_per_frame INTEGER NOT NULL, embedding_width INTEGER NOT NULL,"
    " prefix_tokens INTEGER NOT NULL, keeps_fused_prefix INTEGER NOT NULL) STRICT",
)
_NEXT_TABLES = (*(f"next_{name}" for name in NUMBERS), "next_previews", "next_model")
_TO_BE_ENCODED = (
    "SELECT first_tick, last_tick, first_t_s, last_t_s, frames FROM segments AS old"
    " WHERE NOT EXISTS (SELECT 1 FROM next_segments AS new WHERE new.first_tick = old.first_tick"
    " AND new.last_tick = old.last_tick AND new.frames = old.frames) ORDER BY first_tick"
)


class Reencoder(HeldDatabase):
    """The right to replace a recording's numbers, until ``close``; made by ``Recording.reencoder``.

    ``begin`` first, then ``add`` for each of ``left`` and ``add_previews``, then ``swap``. Nothing
    else can ingest meanwhile, so which frames there are does not change. For one thread at a time.
    Every call may raise StorageError's leaves; after any error the recording is as it was before.
    What was added and not swapped when it closes stays for the next run.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: IngestLock) -> None:
        super().__init__(path, connection, lock)
        self._model: ModelIdentity | None = None
        try:
            with translated(path):
                self.info = read_info(connection, repr(str(path)))
                self._refuse_without_stills()
        except BaseException:
            self.close()
            raise

    def begin(self, model: ModelIdentity) -> None:
        """Make room for ``model``'s numbers; what an earlier run added of them is kept."""
        with transaction(self._connection, self._path):
            if self._begun_model() != _values(model):
                for table in _NEXT_TABLES:
                    self._connection.execute(f"DROP TABLE IF EXISTS {table}")
                for name, columns in NUMBERS.items():
                    self._connection.execute(f"CREATE TABLE next_{name} {columns}")
                for statement in _SCRATCH:
                    self._connection.execute(statement)
                self._connection.execute(
                    "INSERT INTO next_model VALUES (?, ?, ?, ?, ?, ?)", _values(model)
                )
            # a preview may have been replaced at its tick since; they are few
            self._connection.execute("DELETE FROM next_previews")
        self._model = model

    def left(self) -> list[Segment]:
        """Return the blocks, cut at gaps, whose frames are still to be added, in order."""
        with translated(self._path):
            return [Segment(*row) for row in self._connection.execute(_TO_BE_ENCODED)]

    def add(self, segment: Segment, frames: Sequence[FrameRow]) -> None:
        """Store the new numbers of ``segment``: all its frames, in order of tick.

        Raises CommitRefusedError: wrong shapes, other frames than are stored.
        """
        model = self._begun()
        ends = (segment.first_tick, segment.last_tick)
        check_numbers(frames, model.geometry, self._ticks("frames", *ends))
        total = np.zeros(model.geometry.prefix_shape, np.float32)
        for frame in frames:  # one after the other, as ingest adds them: the same bits
            total += frame.fused_prefix
        rows = {
            "tokens": [(f.tick, half_bytes(f.tokens)) for f in frames],
            "embeddings": [(f.tick, half_bytes(f.embedding)) for f in frames],
        }
        if model.geometry.keeps_fused_prefix:
            rows["prefixes"] = [(f.tick, half_bytes(f.fused_prefix)) for f in frames]
        with transaction(self._connection, self._path):
            for table, values in rows.items():
                self._connection.executemany(
                    f"INSERT OR REPLACE INTO next_{table} VALUES (?, ?)", values
                )
            self._connection.execute(
                "INSERT OR REPLACE INTO next_segments VALUES (?, ?, ?, ?, ?, ?)",
                (*ends, segment.first_t_s, segment.last_t_s, len(frames), total.tobytes()),
            )

    def add_previews(self, frames: Sequence[FrameRow]) -> None:
        """Store the new numbers of some previews, in order of tick. Raises CommitRefusedError."""
        model = self._begun()
        known = set(self._ticks("previews"))
        check_numbers(frames, model.geometry, [f.tick for f in frames if f.tick in known])
        with transaction(self._connection, self._path):
            self._connection.executemany(
                "INSERT OR REPLACE INTO next_previews VALUES (?, ?, ?, ?)",
                (
                    (f.tick, *map(half_bytes, (f.tokens, f.embedding, f.fused_prefix)))
                    for f in frames
                ),
            )

    def swap(self, notes: Mapping[str, str]) -> None:
        """Put the new numbers in the old ones' place, in one transaction, and store ``notes``.

        Snapshots taken before go on seeing the old ones. Raises CommitRefusedError where frames or
        previews were not added.
        """
        model = self._begun()
        with transaction(self._connection, self._path):
            if self.left() or self._ticks("previews") != self._ticks("next_previews"):
                raise CommitRefusedError(
                    f"{self.info.source.name!r} is not wholly encoded anew; add the rest first"
                )
            run = self._connection.execute
            run(
                "UPDATE previews SET (tokens, embedding, prefix) = (SELECT tokens, embedding,"
                " prefix FROM next_previews AS new WHERE new.tick = previews.tick)"
            )
            for name in NUMBERS:
                run(f"DROP TABLE {name}")
                run(f"ALTER TABLE next_{name} RENAME TO {name}")
            run("DROP TABLE next_previews")
            run("DROP TABLE next_model")
            run(
                "UPDATE model SET generation = generation + 1, fingerprint = ?, width = ?,"
                " tokens_per_frame = ?, embedding_width = ?, prefix_tokens = ?,"
                " keeps_fused_prefix = ?",
                _values(model),
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO notes VALUES (?, ?)", notes.items()
            )

    def _begun(self) -> ModelIdentity:
        if self._model is None:
            raise RuntimeError("no model was named; call begin first")
        return self._model

    def _begun_model(self) -> tuple[str | int, ...] | None:
        """The model that an earlier run began with, if one did."""
        known = self._connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'next_model'"
        ).fetchone()
        if known is None:
            return None
        (row,) = self._connection.execute("SELECT * FROM next_model").fetchall()
        return tuple(row)

    def _ticks(self, table: str, first: int = 0, last: int = 1 << 62) -> list[int]:
        with translated(self._path):
            rows: Iterable[tuple[int]] = self._connection.execute(
                f"SELECT tick FROM {table} WHERE tick >= ? AND tick <= ? ORDER BY tick",
                (first, last),
            )
            return [tick for (tick,) in rows]

    def _refuse_without_stills(self) -> None:
        count, first_tick = self._connection.execute(
            "SELECT count(*), min(tick) FROM frames WHERE tick NOT IN (SELECT tick FROM stills)"
        ).fetchone()
        if count:
            name = self.info.source.name
            raise StillMissingError(
                f"{name!r} has {count} frames without a still, the first at {first_tick} s;"
                f" to watch it anew, first run: streamvid remove {name!r}"
            )


def _values(model: ModelIdentity) -> tuple[str | int, ...]:
    """A model's columns, in the tables' order."""
    sizes = model.geometry
    return (
        model.fingerprint,
        sizes.width,
        sizes.tokens_per_frame,
        sizes.embedding_width,
        sizes.prefix_tokens,
        int(sizes.keeps_fused_prefix),
    )
