"""What is read of a file before it is sampled: its first picture, and all packets' headers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from capture.errors import UndecodableError
from capture.reader import Reader
from capture.start_points import INTRA_ONLY, is_start_point
from capture.timetable import Indexer, Timetable

_FALLBACK_FPS = 25
_MAX_NOTED = 1024
"""Packets before the first picture that are remembered; behind more, the file is read again."""


class PacketNote(NamedTuple):
    """What the timetable needs of a packet, as ``Indexer.add`` takes it."""

    pts: int | None
    dts: int | None
    size: int
    is_key: bool
    is_start: bool
    is_flagged: bool
    is_hidden: bool


class Notes:
    """Notes of the packets that were read on the way to the first picture."""

    def __init__(self, reader: Reader) -> None:
        self._codec = reader.codec.name
        self._extradata = bytes(reader.codec.extradata or b"")
        self.may_start = self._codec in INTRA_ONLY
        self.taken: list[PacketNote] = []
        self.is_whole = True

    def take(self, packet: Any) -> None:
        """Remember one more packet, unless they are too many."""
        if len(self.taken) < _MAX_NOTED:
            self.taken.append(self.of(packet))
        else:
            self.is_whole = False

    def of(self, packet: Any) -> PacketNote:
        """The note of a packet."""
        is_key = packet.is_keyframe
        return PacketNote(
            packet.pts,
            packet.dts,
            packet.size,
            is_key=is_key,
            is_start=self.may_start
            or (
                is_key and is_start_point(self._codec, self._extradata, bytes(packet), is_key=True)
            ),
            is_flagged=packet.is_corrupt,
            is_hidden=packet.is_discard,
        )


def read_timetable(reader: Reader, origin_pts: int | None, notes: Notes | None = None) -> Timetable:
    """The timetable from all packets: those of ``notes``, then what ``reader`` has not read yet."""
    notes = notes or Notes(reader)
    is_shuffled = reader.format == "avi" and not notes.may_start
    indexer = Indexer(origin_pts, reader.time_base, is_shuffled=is_shuffled)
    for note in notes.taken:
        indexer.add(**note._asdict())
    for packet in reader.packets():
        indexer.add(**notes.of(packet)._asdict())
    return indexer.timetable()


def first_picture(reader: Reader, path: Path, notes: Notes | None = None) -> Any:
    """The first picture that decodes. Raises UndecodableError if none does.

    Packets on the way to it are noted in ``notes``.
    """
    import av

    for packet in reader.packets():
        if notes is not None:
            notes.take(packet)
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
