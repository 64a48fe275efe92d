"""What makes a source the same: a file's bytes, sampled, or a live source's name or address."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from memory.address import public_address
from memory.errors import SourceUnreadableError
from memory.rows import Source
from memory.stored_path import clean_text

END_BYTES = 1 << 20
SAMPLE_BYTES = 64 << 10
SAMPLES = 16


def file_identity(path: str | os.PathLike[str]) -> str:
    """Return the identity of the file at ``path``: 64 hexadecimal digits.

    SHA-256 over its size, its first and last MiB and 16 evenly spread samples of 64 KiB: 3 MiB are
    read whatever its length. Two files of one size that differ only between the samples are taken
    for the same. Raises SourceUnreadableError.
    """
    try:
        # before opening: that of a pipe would wait for somebody to write
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise SourceUnreadableError(f"{os.fspath(path)!r} is no file; pass a video file")
        with Path(path).open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            digest = hashlib.sha256(size_bytes.to_bytes(8, "little"))
            for start, length in sampled_ranges(size_bytes):
                file.seek(start)
                digest.update(file.read(length))
            return digest.hexdigest()
    except SourceUnreadableError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SourceUnreadableError(
            f"cannot read {os.fspath(path)!r}: {reason}; pass a readable video file"
        ) from error


def sampled_ranges(size_bytes: int) -> list[tuple[int, int]]:
    """Return which (start, length) of a file of ``size_bytes`` make its identity, in order."""
    last_start = max(size_bytes - END_BYTES, 0)
    step = max(size_bytes - SAMPLE_BYTES, 0) / (SAMPLES + 1)
    spread = [(int(step * (i + 1)), SAMPLE_BYTES) for i in range(SAMPLES)]
    return [(0, END_BYTES), *spread, (last_start, END_BYTES)]


def describe_file(path: str | os.PathLike[str], *, name: str | None = None) -> Source:
    """Return the file at ``path`` as a recording's source; ``name`` defaults to its base name.

    Bytes of the name that are no UTF-8 become question marks; the path keeps them.
    Raises SourceUnreadableError.
    """
    where = Path(path)
    identity = file_identity(where)
    return Source(
        id=identity,
        kind="file",
        name=clean_text(name or where.name),
        path=str(where.absolute()),
        size_bytes=where.stat().st_size,
    )


def describe_live(address: str, *, name: str | None = None) -> Source:
    """Return the live source at ``address`` as a recording's source: the same ``id`` appends.

    The id is ``name``, else the address without user, password, query and fragment; nothing else of
    the address is kept. Cameras that differ in their query alone need names.
    """
    where = clean_text(public_address(address))
    called = clean_text(public_address(name)) if name else where
    return Source(id=called, kind="live", name=called, address=where)
