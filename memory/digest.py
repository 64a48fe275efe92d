"""One hash over everything in a recording that is content, whatever order it was committed in."""

from __future__ import annotations

import sqlite3
import struct
from typing import Protocol

from memory.schema import LIVE_VERSION

# Events of one moment by kind, not as they came: another order of passes is the same content.
_CONTENT = (
    "SELECT tick, t_s, kind, corrupt FROM frames ORDER BY tick",
    "SELECT tick, value FROM tokens ORDER BY tick",
    "SELECT tick, value FROM embeddings ORDER BY tick",
    "SELECT tick, value FROM prefixes ORDER BY tick",
    "SELECT tick, value FROM stills ORDER BY tick",
    "SELECT first_tick, last_tick, first_t_s, last_t_s, frames, total FROM segments"
    " ORDER BY first_tick",
    "SELECT tick, t_s, kind, corrupt, tokens, embedding, prefix, still FROM previews ORDER BY tick",
    "SELECT first_tick, end_tick FROM settled ORDER BY first_tick",
    "SELECT start_s, end_s, reason FROM gaps ORDER BY start_s, end_s, reason",
    "SELECT t_s, kind, detail FROM events ORDER BY t_s, kind, detail",
    "SELECT name, value FROM counters ORDER BY name",
    "SELECT id, kind, size_bytes, complete FROM recording",
    "SELECT fingerprint, width, tokens_per_frame, embedding_width, prefix_tokens,"
    " keeps_fused_prefix FROM model ORDER BY generation",
)
_LIVE_CONTENT = (
    "SELECT t_s, run FROM anchors ORDER BY t_s",
    "SELECT runs, first_kept_tick, forgotten_frames, forgotten_events FROM live"
    " WHERE runs + first_kept_tick + forgotten_frames + forgotten_events > 0",
)
"""Nothing is fed of what is empty: a recording of version 1 has the digest that it had."""


class Hash(Protocol):
    """What ``hashlib`` makes."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""

    def hexdigest(self) -> str:
        """Return the digest so far."""


def content_digest(connection: sqlite3.Connection, digest: Hash, *, version: int) -> str:
    """Feed all content on ``connection`` to ``digest`` and return its hexadecimal form."""
    for number, query in enumerate(_CONTENT):
        digest.update(b"table %d" % number)
        for row in connection.execute(query):
            for value in row:
                digest.update(_coded(value))
    for query in _LIVE_CONTENT if version >= LIVE_VERSION else ():
        for row in connection.execute(query):
            digest.update(b"live")
            for value in row:
                digest.update(_coded(value))
    return digest.hexdigest()


def _coded(value: object) -> bytes:
    """One value with its type and length, so that no two rows run into the same bytes."""
    match value:
        case None:
            return b"-"
        case int():
            return struct.pack("<cq", b"i", value)
        case float():
            return struct.pack("<cd", b"f", value)
        case str():
            coded = value.encode()
            return struct.pack("<cq", b"s", len(coded)) + coded
        case bytes():
            return struct.pack("<cq", b"b", len(value)) + value
        case _:
            raise AssertionError(f"sqlite gave a {type(value)}")
