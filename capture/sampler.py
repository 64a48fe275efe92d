"""Which pictures are decoded, and which of them stand for their ticks.

All samplers are generators of ``Sampled`` in time order: ``sample_ticks`` where the timetable is
usable, ``sample_untimed`` where it is not, ``sample_keys`` for key frames alone. A segment is
always decoded from its start with a decoder as new, so a pass over a stretch and one over the whole
file take the same decisions and see the same damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from capture.clock import StreamClock
from capture.counters import Ledger
from capture.frame import Pixels
from capture.reader import Reader
from capture.start_points import SKIPS_NONREF
from capture.timetable import NO_PTS, PacketId, Segment, Timetable, tick_of


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A picture that stands for ``tick``; ``pixels`` is None outside the ticks asked for."""

    tick: int
    t_s: float
    pixels: Pixels | None
    corrupt: bool


class Damage:
    """Counts damage by tick over one pass and tells the ledger, within the pass's own ticks."""

    def __init__(self, ledger: Ledger | None, first_tick: int, end_tick: int | None) -> None:
        self._ledger = ledger
        self._first, self._end = first_tick, end_tick
        self._totals: dict[int, tuple[int, int]] = {}

    def add(self, tick: int, *, packets: int = 0, frames: int = 0) -> None:
        """One more damaged packet or frame in ``tick``."""
        if tick < self._first or (self._end is not None and tick >= self._end):
            return
        before = self._totals.get(tick, (0, 0))
        self._totals[tick] = (before[0] + packets, before[1] + frames)
        if self._ledger is not None:
            self._ledger.damage(tick, *self._totals[tick])

    def __contains__(self, tick: object) -> bool:
        return tick in self._totals


class _Choice:
    """Chooses the picture of each tick: the first clean one, else the first corrupt one."""

    def __init__(self, reader: Reader, wanted: range | None) -> None:
        self._reader = reader
        self._wanted = wanted
        self._held: Sampled | None = None
        self.newest_tick = -1

    def offer(self, tick: int, t_s: float, picture: Any) -> Iterator[Sampled]:
        """Consider a picture of ``tick``; yields what is decided by it."""
        if tick <= self.newest_tick:
            return
        if picture.is_corrupt:
            if self._held is not None and self._held.tick == tick:
                return
            yield from self.flush()
            if tick > self.newest_tick:
                self._held = self._sampled(tick, t_s, picture, corrupt=True)
            return
        if self._held is not None and self._held.tick == tick:
            self._held = None
        yield from self.flush()
        if tick > self.newest_tick:
            self.newest_tick = tick
            yield self._sampled(tick, t_s, picture, corrupt=False)

    def flush(self) -> Iterator[Sampled]:
        """Nothing better comes for a corrupt picture that was held back."""
        if self._held is not None:
            held, self._held = self._held, None
            self.newest_tick = held.tick
            yield held

    def drop(self, reader: Reader) -> None:
        """Forget a picture held back; ``reader`` decodes from now on."""
        self._held = None
        self._reader = reader

    def _sampled(self, tick: int, t_s: float, picture: Any, *, corrupt: bool) -> Sampled:
        wanted = self._wanted is None or tick in self._wanted
        return Sampled(tick, t_s, self._reader.pixels(picture) if wanted else None, corrupt)


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
        choice = _Choice(reader, wanted if convert else range(0))
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
        choice: _Choice,
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
            if packet.is_corrupt or self.reader.read_errors > self._read_errors:
                self._read_errors = self.reader.read_errors
                self._note_damage(packet.pts, packets=1)
            if not self._open and not self._damaged:
                continue
            try:
                pictures = self.reader.decode(packet, skip=self._skip(packet))
            except av.error.FFmpegError:
                if not packet.is_corrupt:
                    self._note_damage(packet.pts, packets=1)
                continue
            for picture in pictures:
                yield from self._see(picture)
        for picture in self.reader.drain():
            yield from self._see(picture)
        if not self.is_spoiled:
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
        if not self.is_spoiled:
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
        if picture.is_corrupt:
            self._note_damage(picture.pts, frames=1)
        if self.is_spoiled:
            return
        if not self.segment.first_tick <= tick < self.segment.end_tick:
            return
        before = self._choice.newest_tick
        yield from self._choice.offer(tick, self._timetable.time_s(picture.pts), picture)
        if self._choice.newest_tick > before:
            self._open -= 1


def sample_keys(
    reader: Reader, timetable: Timetable, wanted: range, damage: Damage, *, convert: bool = True
) -> Iterator[Sampled]:
    """The first key frame of each tick in ``wanted``; only their packets are decoded."""
    chosen = _keys_in(timetable, wanted)
    if not chosen:
        return
    start = _segment_start(timetable, chosen[0])
    left = len(chosen)
    for packet in reader.packets(start):
        if not packet.is_keyframe or PacketId(packet.pts, packet.size) != chosen[-left]:
            continue
        yield from _decode_key(reader, timetable, packet, damage, convert=convert)
        left -= 1
        if not left:
            return


def sample_spread_keys(
    reader: Reader, timetable: Timetable, chosen: list[PacketId], *, seeks: bool
) -> Iterator[Sampled]:
    """The key frames ``chosen``, in time order, reaching each by a seek where that works."""
    damage = Damage(None, 0, None)
    if seeks:
        for key in chosen:
            packet = next(reader.packets(key), None)
            if packet is not None:
                yield from _decode_key(reader, timetable, packet, damage, convert=True)
        return
    waiting = set(chosen)
    for packet in reader.packets():
        key = PacketId(packet.pts, packet.size)
        if packet.is_keyframe and key in waiting:
            waiting.remove(key)
            yield from _decode_key(reader, timetable, packet, damage, convert=True)
        if not waiting:
            return


def spread(timetable: Timetable, limit: int) -> list[PacketId]:
    """At most ``limit`` key packets, evenly spread over the file's length, one a tick at most."""
    keys = [
        PacketId(pts, size)
        for pts, size in zip(timetable.key_pts.tolist(), timetable.key_sizes.tolist(), strict=True)
    ]
    if len(keys) <= limit:
        return keys
    chosen: list[PacketId] = []
    span = keys[-1].pts - keys[0].pts + 1
    slot = -1
    for key in keys:  # the first key frame of each of `limit` equal slots of time
        at = (key.pts - keys[0].pts) * limit // span
        if at > slot:
            chosen.append(key)
            slot = at
    return chosen


def sample_untimed(
    reader: Reader,
    clock: StreamClock,
    wanted: range | None,
    damage: Damage,
    *,
    keys_only: bool,
) -> Iterator[Sampled]:
    """Every tick of a file whose timestamps cannot be trusted; everything is decoded, in order."""
    import av

    choice = _Choice(reader, wanted)
    read_errors = 0
    packets = (packet for packet in reader.packets() if packet.is_keyframe or not keys_only)
    for packet in packets:
        tick = max(choice.newest_tick, 0)
        if packet.is_corrupt or reader.read_errors > read_errors:
            read_errors = reader.read_errors
            damage.add(tick, packets=1)
        try:
            pictures = reader.decode(packet)
        except av.error.FFmpegError:
            if not packet.is_corrupt:
                damage.add(tick, packets=1)
            continue
        for picture in pictures:
            yield from _offer_untimed(reader, clock, choice, damage, picture)
    for picture in reader.drain():
        yield from _offer_untimed(reader, clock, choice, damage, picture)
    yield from choice.flush()


def _offer_untimed(
    reader: Reader, clock: StreamClock, choice: _Choice, damage: Damage, picture: Any
) -> Iterator[Sampled]:
    pts = picture.pts if picture.pts is not None else picture.dts
    units = clock.place(pts, duration=picture.duration or 0)
    tick = tick_of(units, reader.time_base)
    if picture.is_corrupt:
        damage.add(tick, frames=1)
    yield from choice.offer(tick, float(units * reader.time_base), picture)


def _decode_key(
    reader: Reader, timetable: Timetable, packet: Any, damage: Damage, *, convert: bool
) -> Iterator[Sampled]:
    import av

    tick = timetable.tick(packet.pts)
    if packet.is_corrupt:
        damage.add(tick, packets=1)
    try:
        pictures = reader.decode(packet)
    except av.error.FFmpegError:
        pictures = []
        if not packet.is_corrupt:
            damage.add(tick, packets=1)
    pictures += reader.drain()
    for picture in pictures[:1]:
        if picture.is_corrupt:
            damage.add(tick, frames=1)
        pixels = reader.pixels(picture) if convert else None
        yield Sampled(tick, timetable.time_s(packet.pts), pixels, picture.is_corrupt)


def _keys_in(timetable: Timetable, wanted: range) -> list[PacketId]:
    pairs = zip(timetable.key_pts.tolist(), timetable.key_sizes.tolist(), strict=True)
    return [PacketId(pts, size) for pts, size in pairs if timetable.tick(pts) in wanted]


def _segment_start(timetable: Timetable, key: PacketId) -> PacketId | None:
    """Where reading for ``key`` may begin: at it, unless it is among the first segment's."""
    if timetable.segments and timetable.tick(key.pts) >= timetable.segments[0].end_tick:
        return key
    return None
