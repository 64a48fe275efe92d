"""The other ways to sample: key frames alone, and files whose timestamps cannot be trusted.

Like ``sample_ticks`` they are generators of ``Sampled`` in time order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from capture.choice import Choice, Damage, Doubts, Sampled
from capture.clock import StreamClock
from capture.reader import Reader
from capture.timetable import PacketId, Timetable, tick_of


def sample_keys(
    reader: Reader,
    timetable: Timetable,
    wanted: range,
    damage: Damage,
    *,
    convert: bool = True,
    seeks: bool = False,
) -> Iterator[Sampled]:
    """The first key frame of each tick in ``wanted``; only their packets are decoded.

    ``seeks``: reach each by a seek, from the first one on that this fails for by reading on.
    Without it ``reader`` must be as new.
    """
    chosen = _keys_in(timetable, wanted)
    left = len(chosen)
    while seeks and left:
        packet = reader.packet_at(chosen[-left])
        if packet is None:
            break
        yield from _decode_key(reader, timetable, packet, damage, convert=convert)
        left -= 1
    if not left:
        return
    start = chosen[-left] if seeks else _segment_start(timetable, chosen[0])
    for packet in reader.packets(start):
        if not packet.is_keyframe or PacketId(packet.pts, packet.size) != chosen[-left]:
            continue
        yield from _decode_key(reader, timetable, packet, damage, convert=convert)
        left -= 1
        if not left:
            return


def seeks_fast(container: str) -> bool:
    """Whether files of this format (FFmpeg's name) know where their key frames lie."""
    return "mp4" in container or "matroska" in container


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

    choice = Choice(reader, wanted)
    doubts = Doubts()
    read_errors = 0
    packets = (packet for packet in reader.packets() if packet.is_keyframe or not keys_only)
    for packet in packets:
        tick = max(choice.newest_tick, 0)
        if reader.read_errors > read_errors:
            read_errors = reader.read_errors
            damage.add(tick, packets=1)
        try:
            pictures = reader.decode(packet)
        except av.error.FFmpegError:
            damage.add(tick, packets=1)
            continue
        if packet.is_corrupt:
            doubts.add(packet.pts, tick)
        for picture in pictures:
            yield from _offer_untimed(reader, clock, choice, (damage, doubts), picture)
    for picture in reader.drain():
        yield from _offer_untimed(reader, clock, choice, (damage, doubts), picture)
    for tick in doubts.open_ticks():
        damage.add(tick, packets=1)
    yield from choice.flush()


def _offer_untimed(
    reader: Reader,
    clock: StreamClock,
    choice: Choice,
    watched: tuple[Damage, Doubts],
    picture: Any,
) -> Iterator[Sampled]:
    damage, doubts = watched
    pts = picture.pts if picture.pts is not None else picture.dts
    units = clock.place(pts, duration=picture.duration or 0)
    tick = tick_of(units, reader.time_base)
    doubted = doubts.settle(picture.pts)
    if picture.is_corrupt:
        damage.add(tick, packets=doubted, frames=1)
    yield from choice.offer(tick, float(units * reader.time_base), picture)


def _decode_key(
    reader: Reader, timetable: Timetable, packet: Any, damage: Damage, *, convert: bool
) -> Iterator[Sampled]:
    import av

    tick = timetable.tick(packet.pts)
    failed = False
    try:
        pictures = reader.decode(packet)
    except av.error.FFmpegError:
        pictures, failed = [], True
    pictures += reader.drain()
    # The demuxer's doubt alone is no damage: it counts if the picture is missing or flagged.
    if failed or (packet.is_corrupt and all(picture.is_corrupt for picture in pictures)):
        damage.add(tick, packets=1)
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
