"""Whether a file ends before its own container says it does. Reads headers, knows no codec.

A recording that was cut off (a full disk, a broken copy) often decodes without one complaint up to
the cut. The sizes that MP4, Matroska and AVI write at their outermost level give it away.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from capture.errors import OpenError

_MAX_BOXES = 100_000
_SEGMENT_ID = b"\x18\x53\x80\x67"
_EBML_ID = b"\x1a\x45\xdf\xa3"


def is_cut_short(path: Path) -> bool:
    """True if the outermost sizes reach past the end of the file; False wherever they are open.

    Raises OpenError where the file is not there any more: a card was pulled, a file moved.
    """
    try:
        return _ends_early(path)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise OpenError(
            f"{str(path)!r} went away while it was read: {reason}; bring it back and go on"
        ) from error


def _ends_early(path: Path) -> bool:
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        head = file.read(64)
        if head[:4] == b"RIFF":
            said_bytes = 8 + int.from_bytes(head[4:8], "little")
            return said_bytes > size_bytes + 1  # one byte of padding
        if head[:4] == _EBML_ID:
            return _matroska_end(head, file) > size_bytes
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"styp", b"wide", b"free", b"skip"):
            return _boxes_end(file, size_bytes) > size_bytes
    return False


def _matroska_end(head: bytes, file: BinaryIO) -> int:
    """Where the segment says it ends; 0 where it does not say."""
    header_bytes, position = _element_size(head, 4)
    if header_bytes < 0:
        return 0
    file.seek(position + header_bytes)
    head = file.read(16)
    if head[:4] != _SEGMENT_ID:
        return 0
    segment_bytes, width = _element_size(head, 4)
    return position + header_bytes + width + segment_bytes if segment_bytes >= 0 else 0


def _element_size(head: bytes, position: int) -> tuple[int, int]:
    """An element's size (-1: unknown) and where its content starts, both in bytes."""
    if position >= len(head) or not head[position]:
        return -1, position
    width = 9 - head[position].bit_length()
    value = int.from_bytes(head[position : position + width], "big") & ((1 << 7 * width) - 1)
    is_unknown = value == (1 << 7 * width) - 1
    return (-1 if is_unknown else value), position + width


def _boxes_end(file: BinaryIO, size_bytes: int) -> int:
    """Where the last top-level box says it ends."""
    position = 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8 or not head[4:8].isalnum():  # the end, or padding after the last box
            break
        box_bytes = int.from_bytes(head[:4], "big")
        if box_bytes == 1 and len(head) == 16:
            box_bytes = int.from_bytes(head[8:16], "big")
        if box_bytes < 8:  # 0: to the end of the file
            break
        position += box_bytes
        if position > size_bytes:
            break
    return position
