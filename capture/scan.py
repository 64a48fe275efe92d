"""What is read of a file before it is sampled: its first picture, and all packets' headers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from capture.errors import UndecodableError
from capture.reader import Reader
from capture.start_points import INTRA_ONLY, is_start_point
from capture.timetable import Indexer, Timetable

_FALLBACK_FPS = 25


def read_timetable(reader: Reader, origin_pts: int | None) -> Timetable:
    """The timetable from a pass over all packets of ``reader``."""
    codec, extradata = reader.codec.name, bytes(reader.codec.extradata or b"")
    may_start = codec in INTRA_ONLY
    is_shuffled = reader.format == "avi" and not may_start
    indexer = Indexer(origin_pts, reader.time_base, is_shuffled=is_shuffled)
    for packet in reader.packets():
        is_key = packet.is_keyframe
        indexer.add(
            packet.pts,
            packet.dts,
            packet.size,
            is_key=is_key,
            is_start=may_start
            or (is_key and is_start_point(codec, extradata, bytes(packet), is_key=True)),
            is_flagged=packet.is_corrupt,
            is_hidden=packet.is_discard,
        )
    return indexer.timetable()


def first_picture(reader: Reader, path: Path) -> Any:
    """The first picture that decodes. Raises UndecodableError if none does."""
    import av

    for packet in reader.packets():
        try:
            pictures = reader.decode(packet)
        except av.error.FFmpegError:
            continue
        if pictures:
            return pictures[0]
    pictures = reader.drain()
    if not pictures:
        raise UndecodableError(
            f"no picture of {str(path)!r} can be decoded; the file is damaged or its codec unknown"
        )
    return pictures[0]


def guessed_interval(reader: Reader) -> int:
    """Time units between pictures by the rate that the file claims, for want of timestamps."""
    rate = reader.stream.average_rate or reader.stream.guessed_rate or _FALLBACK_FPS
    return max(1, round(Fraction(1) / Fraction(rate) / reader.time_base))
