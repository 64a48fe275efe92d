"""Whose numbers a database holds, and the refusal of another model's."""

from __future__ import annotations

import sqlite3

from memory.errors import ModelMismatchError
from memory.rows import Geometry, ModelIdentity, RecordingInfo, Source
from memory.schema import LIVE_VERSION, check_version
from memory.stored_path import path_of


def require_model(info: RecordingInfo, model: ModelIdentity) -> None:
    """Raise ModelMismatchError unless the numbers of ``info``'s recording are ``model``'s."""
    if info.model == model:
        return
    name = info.source.name
    raise ModelMismatchError(
        f"{name!r} is remembered by model {info.model.fingerprint[:12]}, not by "
        f"{model.fingerprint[:12]}; run: streamvid reencode {name!r}"
    )


def read_info(connection: sqlite3.Connection, where: str) -> RecordingInfo:
    """Return what the database on ``connection`` is of; ``where`` names it in errors."""
    version = check_version(connection, where)
    # a version 1 that may only be read is read as it is
    address_column = "address" if version >= LIVE_VERSION else "NULL"
    (id_, kind, name, path, size_bytes, replaces, created_wall_s, complete, address) = (
        connection.execute(
            "SELECT id, kind, name, path, size_bytes, replaces, created_wall_s, complete,"
            f" {address_column} FROM recording"
        ).fetchone()
    )
    fingerprint, width, tokens_per_frame, embedding_width, prefix_tokens, keeps = (
        connection.execute(
            "SELECT fingerprint, width, tokens_per_frame, embedding_width, prefix_tokens,"
            " keeps_fused_prefix FROM model ORDER BY generation DESC LIMIT 1"
        ).fetchone()
    )
    geometry = Geometry(
        width, tokens_per_frame, embedding_width, prefix_tokens, keeps_fused_prefix=bool(keeps)
    )
    return RecordingInfo(
        source=Source(id_, kind, name, path and path_of(path), size_bytes, address),
        model=ModelIdentity(fingerprint, geometry),
        created_wall_s=created_wall_s,
        replaces=replaces,
        complete=bool(complete),
        schema_version=version,
    )
