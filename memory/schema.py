"""The tables of a recording's database, their version, and how an older one is brought up.

Each kind of number has a table of its own keyed by tick, so that reading the embeddings of a day
does not drag tokens or stills through memory, and stills can go while tokens stay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from memory.errors import CorruptRecordingError, SchemaTooNewError

APPLICATION_ID = 0x53566D31
"""'SVm1': tells our databases from other people's."""

SCHEMA_VERSION = 2
LIVE_VERSION = 2
"""The first with the tables of live recordings."""

NUMBERS = {
    "tokens": "(tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT",
    "embeddings": "(tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT",
    "prefixes": "(tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT",
    "segments": """(
    first_tick INTEGER PRIMARY KEY, last_tick INTEGER NOT NULL,
    first_t_s REAL NOT NULL, last_t_s REAL NOT NULL,
    frames INTEGER NOT NULL, total BLOB NOT NULL
) STRICT""",
}
"""What only the model's numbers fill, and another model's replace as a whole (memory.reencoder)."""

LIVE_TABLES = (
    "CREATE TABLE anchors (t_s REAL PRIMARY KEY, wall_s REAL NOT NULL, run INTEGER NOT NULL)"
    " STRICT",
    """CREATE TABLE live (
    one INTEGER PRIMARY KEY CHECK (one = 1), runs INTEGER NOT NULL DEFAULT 0,
    first_kept_tick INTEGER NOT NULL DEFAULT 0, forgotten_frames INTEGER NOT NULL DEFAULT 0,
    forgotten_wall_s REAL, forgotten_events INTEGER NOT NULL DEFAULT 0
) STRICT""",
    "INSERT INTO live (one) VALUES (1)",
    # a camera that flaps leaves many gaps, and each commit asks for the newest
    "CREATE INDEX gaps_by_end ON gaps (end_s)",
)
"""What version 2 brought, besides an address: recordings without an end."""

TABLES = f"""
CREATE TABLE recording (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, path TEXT, size_bytes INTEGER,
    replaces TEXT, created_wall_s REAL NOT NULL, complete INTEGER NOT NULL DEFAULT 0,
    address TEXT
) STRICT;
CREATE TABLE model (
    generation INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL, width INTEGER NOT NULL, tokens_per_frame INTEGER NOT NULL,
    embedding_width INTEGER NOT NULL, prefix_tokens INTEGER NOT NULL,
    keeps_fused_prefix INTEGER NOT NULL
) STRICT;
CREATE TABLE frames (
    tick INTEGER PRIMARY KEY, t_s REAL NOT NULL, kind TEXT NOT NULL, wall_s REAL,
    corrupt INTEGER NOT NULL
) STRICT;
CREATE TABLE tokens {NUMBERS["tokens"]};
CREATE TABLE embeddings {NUMBERS["embeddings"]};
CREATE TABLE prefixes {NUMBERS["prefixes"]};
CREATE TABLE stills (tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE segments {NUMBERS["segments"]};
CREATE TABLE previews (
    tick INTEGER PRIMARY KEY, t_s REAL NOT NULL, kind TEXT NOT NULL, wall_s REAL,
    corrupt INTEGER NOT NULL, tokens BLOB NOT NULL, embedding BLOB NOT NULL,
    prefix BLOB NOT NULL, still BLOB NOT NULL
) STRICT;
CREATE TABLE settled (first_tick INTEGER PRIMARY KEY, end_tick INTEGER NOT NULL) STRICT;
CREATE TABLE gaps (start_s REAL NOT NULL, end_s REAL NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE events (t_s REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL, wall_s REAL)
    STRICT;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE wanted (start_s REAL NOT NULL, end_s REAL NOT NULL) STRICT;
{";".join(LIVE_TABLES)};
"""


def _add_live_tables(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE recording ADD COLUMN address TEXT")
    for statement in LIVE_TABLES:
        connection.execute(statement)


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _add_live_tables}
"""What brings version k up to k + 1, inside one transaction."""


def create_tables(connection: sqlite3.Connection) -> None:
    """Fill an empty database; the caller holds no transaction."""
    connection.executescript(f"BEGIN;{TABLES}COMMIT;")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def check_version(connection: sqlite3.Connection, where: str) -> int:
    """Return the schema version of an open database.

    Raises CorruptRecordingError if it is nobody's of ours, SchemaTooNewError if it is a later one.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise CorruptRecordingError(f"{where} is not a recording of streamvid; move it away")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise SchemaTooNewError(
            f"{where} has schema {version}, this streamvid reads up to {SCHEMA_VERSION}; update it"
        )
    return int(version)


def migrate(
    connection: sqlite3.Connection,
    where: str,
    *,
    migrations: dict[int, Callable[[sqlite3.Connection], None]] = MIGRATIONS,
    target: int = SCHEMA_VERSION,
) -> None:
    """Bring an older database up to ``target``, one version a transaction."""
    version = check_version(connection, where)
    for old in range(version, target):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrations[old](connection)
            connection.execute(f"PRAGMA user_version = {old + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
