"""Sampling by ticks where the timetable is usable: the least decoding that gives the exact picture.

A segment is always decoded from its start with a decoder as new, so a pass over a stretch and one
over the whole file take the same decisions and see the same damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from capture.choice import Choice, Damage, Doubts, Sampled
from capture.reader import Reader
from capture.start_points import SKIPS_NONREF
from capture.timetable import NO_PTS, PacketId, Segment, Timetable


def sample_ticks(
    reader: Reader, timetable: Timetable, wanted: range, damage: Damage, *, convert: bool = True
) -> Iterator[Sampled]:
    """The pictures of ticks ``wanted``, decoded from the nearest start points."""
    segments = timetable.segments_for(wanted.start, wanted.stop)
    if not segments:
        return
    packets = _Packets(reader, segments[0].start)
    stop_pts = timetable.tick_start(wanted.stop) if wanted.stop < timetable.ticks else None
    for number, segment in enumerate(segments, start=timetable.segments.index(segments[0])):
        is_last = number + 1 == len(timetable.segments)
        until = None if is_last else timetable.segments[number + 1].start
        choice = Choice(reader, wanted if convert else range(0))
        parts = (reader, timetable, segment, damage, choice)
        decoding = _SegmentDecoding(*parts, is_fresh=segment is segments[0])
        for sampled in _decode_segment(decoding, packets, until, stop_pts):
            if sampled.tick in wanted:
                yield sampled


def _decode_segment(
    decoding: _SegmentDecoding, packets: _Packets, until: PacketId | None, stop_pts: int | None
) -> Iterator[Sampled]:
    """One segment; at the first damage a decoder that has seen others is replaced by a fresh one.

    Decoders hide damage behind what they showed before, so what a damaged segment gives would
    depend on where the pass began.
    """
    yield from decoding.decode(packets, until, stop_pts)
    if not decoding.is_spoiled:
        return
    decoding.reader.drain()
    for _ in packets.before(until):
        pass
    fresh = decoding.afresh()
    try:
        again = _Packets(fresh.reader, decoding.segment.start)
        yield from fresh.decode(again, until, stop_pts)
    finally:
        fresh.reader.close()


class _Packets:
    """Packets with one of look-ahead, so that a segment ends where the next one starts."""

    def __init__(self, reader: Reader, start: PacketId | None) -> None:
        self._packets = reader.packets(start)
        self._waiting: Any = None

    def before(self, until: PacketId | None) -> Iterator[Any]:
        """Packets up to, not including, the one that is ``until``."""
        while True:
            packet, self._waiting = self._waiting, None
            if packet is None:
                packet = next(self._packets, None)
            if packet is None:
                return
            if until and packet.pts == until.pts and packet.size == until.size:
                self._waiting = packet
                return
            yield packet


class _SegmentDecoding:
    """One segment's decoding: switches skipping by packet, drops what no tick needs.

    Non-reference pictures are skipped unless one is the first of its tick; once every tick has its
    picture, the rest is not decoded at all. The decision is taken on pictures that came out, never
    on packets that went in: a tick's picture may refer to packets behind it. After the first sign
    of damage everything is decoded, since any picture may be the one that saves a tick.

    ``is_spoiled`` says that decoding stopped at the first damage because the decoder is not fresh.
    """

    def __init__(
        self,
        reader: Reader,
        timetable: Timetable,
        segment: Segment,
        damage: Damage,
        choice: Choice,
        *,
        is_fresh: bool,
    ) -> None:
        self.reader = reader
        self.segment = segment
        self.is_spoiled = False
        self._is_fresh = is_fresh
        self._timetable = timetable
        self._damage = damage
        self._choice = choice
        self._damaged = False
        self._read_errors = reader.read_errors
        self._newest_pts = NO_PTS
        self._skips = reader.codec.name in SKIPS_NONREF
        ticks = range(segment.first_tick, segment.end_tick)
        self._open = sum(timetable.first_pts[tick] != NO_PTS for tick in ticks)
        # A second field may travel in its own packet, half an interval behind the first.
        self._target_span = timetable.median_interval * 3 // 4
        self._doubts = Doubts(field_span=self._target_span)

    def decode(
        self, packets: _Packets, until: PacketId | None, stop_pts: int | None
    ) -> Iterator[Sampled]:
        """Decode up to the packet ``until``, or until all that shows before ``stop_pts`` is out.

        Emptying the decoder any earlier could show a picture that it would have dropped later.
        """
        import av

        for packet in packets.before(until):
            if self.is_spoiled:
                return
            if stop_pts is not None and self._newest_pts >= stop_pts <= (
                NO_PTS if packet.dts is None else packet.dts
            ):
                break
            if self.reader.read_errors > self._read_errors:
                self._read_errors = self.reader.read_errors
                self._note_damage(packet.pts, packets=1)
            if not self._open and not self._damaged:
                continue
            if packet.is_corrupt:  # from here on as if it were damaged; counted once it proves so
                self._note_damage(packet.pts)
            try:
                pictures = self.reader.decode(packet, skip=self._skip(packet))
            except av.error.FFmpegError:
                self._note_damage(packet.pts, packets=1)
                continue
            if packet.is_corrupt and not packet.is_discard:
                self._doubts.add(packet.pts, self._tick(packet.pts))
            for picture in pictures:
                yield from self._see(picture)
        for picture in self.reader.drain():
            yield from self._see(picture)
        if not self.is_spoiled:
            for tick in self._doubts.open_ticks():
                self._damage.add(tick, packets=1)
            yield from self._choice.flush()

    def afresh(self) -> _SegmentDecoding:
        """The same work for a reader of its own; ticks that have their picture keep it."""
        reader = self.reader.another()
        self._choice.drop(reader)
        parts = (reader, self._timetable, self.segment, self._damage, self._choice)
        return _SegmentDecoding(*parts, is_fresh=True)

    def _tick(self, pts: int) -> int:
        tick = self._timetable.tick(pts)
        return min(max(tick, self.segment.first_tick), self.segment.end_tick - 1)

    def _note_damage(self, pts: int, *, packets: int = 0, frames: int = 0) -> None:
        self._damaged = True
        self.is_spoiled = not self._is_fresh
        if not self.is_spoiled and packets + frames:
            self._damage.add(self._tick(pts), packets=packets, frames=frames)

    def _skip(self, packet: Any) -> str:
        if self._damaged or not self._skips:
            return "DEFAULT"
        tick = self._timetable.tick(packet.pts)
        if not 0 <= tick < self._timetable.ticks:
            return "DEFAULT"
        behind = packet.pts - int(self._timetable.first_pts[tick])
        return "DEFAULT" if behind <= self._target_span else "NONREF"

    def _see(self, picture: Any) -> Iterator[Sampled]:
        if picture.pts is None or self.is_spoiled:
            return
        self._newest_pts = max(self._newest_pts, picture.pts)
        tick = self._timetable.tick(picture.pts)
        doubted = self._doubts.settle(picture.pts)
        if picture.is_corrupt:
            self._note_damage(picture.pts, frames=1)
        if self.is_spoiled:
            return
        if doubted and picture.is_corrupt:
            self._damage.add(self._tick(picture.pts), packets=doubted)
        if not self.segment.first_tick <= tick < self.segment.end_tick:
            return
        before = self._choice.newest_tick
        yield from self._choice.offer(tick, self._timetable.time_s(picture.pts), picture)
        if self._choice.newest_tick > before:
            self._open -= 1
