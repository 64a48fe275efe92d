-- The tables of a recording of schema version 1, as streamvid made them before live recordings.
CREATE TABLE recording (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, path TEXT, size_bytes INTEGER,
    replaces TEXT, created_wall_s REAL NOT NULL, complete INTEGER NOT NULL DEFAULT 0
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
CREATE TABLE tokens (tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE embeddings (tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE prefixes (tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE stills (tick INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE segments (
    first_tick INTEGER PRIMARY KEY, last_tick INTEGER NOT NULL,
    first_t_s REAL NOT NULL, last_t_s REAL NOT NULL,
    frames INTEGER NOT NULL, total BLOB NOT NULL
) STRICT;
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
