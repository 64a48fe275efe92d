"""One connection of a live source, inside the child: demux, decode, choose, scale, hand over.

It never waits for whoever takes its pictures, so the socket is always drained.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from capture.choice import Choice, Sampled
from capture.film import CatchUp, claimed_end_s, reopened_at
from capture.frame import Pixels
from capture.key_meter import KeyMeter
from capture.live_clock import LiveClock, Rhythm
from capture.live_messages import Failed, Message, Note, Opened, Order, Picture
from capture.live_open import OpeningError, OpenStream, open_stream, undecodable, uses_opencv
from capture.live_packets import packets
from capture.picture import PictureMaker

_SLACK_S = 1e-6
"""Absorbs the rounding of times that lie exactly on a whole second."""
NO_TIMES = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "m4v"})
"""Containers without times: FFmpeg makes them up at 25 pictures a second."""


class LiveConnection:
    """Watches what ``order`` names until it ends or fails; ``put`` takes what there is to say."""

    def __init__(self, order: Order, put: Callable[[Message], None]) -> None:
        self._order = order
        self._put = put
        self._maker = PictureMaker(order.short_side_px)
        self._choice = Choice(self, None)
        self._meter = KeyMeter(order.decode)
        self._clock = LiveClock(by_arrival=order.kind == "webcam", offset_s=order.film_start_s)
        self._rhythm = Rhythm()
        self._origin_s = order.origin_s
        self._begin_s = self._first_packet_s = time.monotonic()
        self._received: dict[int, tuple[float, float]] = {}
        self._aspect: Fraction | None = None
        self._size: tuple[int, int] | None = None
        self._codec: Any = None
        self._packets = self._damaged_packets = self._damaged_frames = 0
        # Arrival less stream time of what is read ahead of time.
        self._pace_s = order.film_start_s
        self._catch_up = self._catching_up()

    def watch(self) -> Failed:
        """Watch to the end; says why it ended. Raises OpeningError where it cannot go on."""
        if uses_opencv(self._order.kind):
            return self._watch_opencv()
        opened = self._opened()
        container, stream = opened.container, opened.stream
        try:
            self._codec = stream.codec_context
            self._aspect = stream.sample_aspect_ratio
            if container.format.name.split(",")[0] in NO_TIMES:
                self._clock = LiveClock(by_arrival=True)
            self._put(
                Opened(
                    self._codec.name,
                    (self._codec.width, self._codec.height),
                    has_sound=bool(container.streams.audio),
                    container=container.format.name,
                    ignored_options=opened.ignored_options,
                    film_end_s=claimed_end_s(opened) if self._order.is_finite else None,
                )
            )
            for packet in packets(container, stream, self._order):
                self._feed(packet, stream.time_base)
            self._hand_over(self._choice.flush())
        finally:
            container.close()
        if self._order.is_finite:
            return Failed("end", end_s=self._catch_up.newest_s if self._catch_up else None)
        return Failed("lost", "the server ended the stream")

    def pixels(self, picture: Any) -> Pixels:
        """The picture as it is kept."""
        coded = self._codec.sample_aspect_ratio if self._codec is not None else None
        return self._maker.pixels(picture, coded or self._aspect)

    def _watch_opencv(self) -> Failed:
        from capture.opencv_camera import camera_pictures

        for picture in camera_pictures(self._order.url):
            if self._size is None:
                self._put(Opened("raw", (picture.width, picture.height), container="opencv"))
            self._see(picture, None, time.monotonic())
        return Failed("lost", "the camera went away")

    def _feed(self, packet: Any, time_base: Fraction | None) -> None:
        """One packet, and what it completes."""
        arrival_s = time.monotonic()
        self._packets += 1
        if self._packets == 1:
            self._first_packet_s = arrival_s
        if self._size is None and self._order.is_undecodable(
            arrival_s - self._begin_s, arrival_s - self._first_packet_s
        ):
            raise undecodable(packet, self._packets, self._order)
        base = time_base or Fraction(1, 1000)
        at_s = None if packet.pts is None else float(packet.pts * base)
        key_s = None if self._clock.by_arrival else at_s
        if packet.is_keyframe and self._meter.key(key_s, arrival_s):
            self._announce_decoding()
        if self._meter.keys_only and packet.size:
            if packet.is_keyframe and not self._is_settled(at_s, arrival_s):
                self._decode_alone(packet, base, arrival_s)
            return
        for picture in self._decoded(packet):
            self._see(picture, _time_s(picture, base), arrival_s)

    def _is_settled(self, pts_s: float | None, arrival_s: float) -> bool:
        """Whether a key packet's tick has its picture, so that decoding it would be in vain."""
        if self._origin_s is None or self._size is None or self._catch_up is not None:
            return False
        arrival_s = self._paced(pts_s, arrival_s)
        return self._tick(self._place(pts_s, arrival_s)) <= self._choice.newest_tick

    def _decode_alone(self, packet: Any, base: Fraction, arrival_s: float) -> None:
        """Decode a key packet without waiting for what follows it."""
        pictures = self._decoded(packet) + self._decoded(None)
        if self._codec.is_open:
            self._codec.flush_buffers()
        for picture in pictures[:1]:
            self._see(picture, _time_s(picture, base), arrival_s)

    def _decoded(self, packet: Any) -> list[Any]:
        import av

        try:
            pictures: list[Any] = self._codec.decode(packet)
        except av.error.FFmpegError:
            # Before the first picture nothing is wrong: we came in the middle of a group.
            self._damaged_packets += self._size is not None and packet is not None
            return []
        return pictures

    def _see(self, picture: Any, pts_s: float | None, arrival_s: float) -> None:
        """A decoded picture: place it in time, choose it if its tick has none."""
        size = (picture.width, picture.height)
        if self._size not in (None, size):
            self._put(Note("resolution", f"now {size[0]}x{size[1]}"))
        self._size = size
        if self._passes_over(pts_s):
            return
        arrival_s = self._paced(pts_s, arrival_s)
        at_s = self._place(pts_s, arrival_s)
        self._damaged_frames += bool(picture.is_corrupt)
        if self._origin_s is None:
            self._origin_s = at_s
        tick = self._tick(at_s)
        self._received.setdefault(tick, (arrival_s, time.time()))
        self._hand_over(self._choice.offer(tick, at_s, picture))
        self._received = {t: at for t, at in self._received.items() if t >= tick}

    def _place(self, pts_s: float | None, arrival_s: float) -> float:
        """Where a picture lies on the monotonic clock. Raises OpeningError if it comes too late."""
        placed = self._clock.place(pts_s, arrival_s)
        if placed.is_anchor:
            self._put(Note("clock", "the stream's own times left the clock; anchored anew"))
        if self._clock.is_behind(arrival_s, self._order.lag_s):
            lag_s = self._clock.lag_s
            if not self._order.is_finite:
                raise OpeningError("behind", f"{lag_s:.1f} s behind the clock")
            self._clock = LiveClock()
            self._put(Note("clock", f"{lag_s:.1f} s behind the clock; anchored anew"))
            placed = self._clock.place(pts_s, arrival_s)
        self._rhythm.add(placed.at_s)
        return placed.at_s

    def _tick(self, at_s: float) -> int:
        return int((at_s - self._origin() + _SLACK_S) // 1)

    def _hand_over(self, chosen: Iterator[Sampled]) -> None:
        for sampled in chosen:
            if sampled.pixels is None:
                continue
            received_s, wall_s = self._received.get(sampled.tick, (time.monotonic(), time.time()))
            self._put(
                Picture(
                    sampled.pixels,
                    tick=sampled.tick,
                    origin_s=self._origin(),
                    at_s=sampled.t_s,
                    received_s=received_s,
                    wall_s=wall_s,
                    interval_s=self._rhythm.median_s(),
                    corrupt=sampled.corrupt,
                    lag_s=self._clock.lag_s,
                    film_start_s=self._film_start_s(),
                    damaged_packets=self._damaged_packets,
                    damaged_frames=self._damaged_frames,
                )
            )

    def _opened(self) -> OpenStream:
        """What the order names, at its beginning, or where a film's time stands."""
        opened = open_stream(self._order)
        if self._order.film_start_s is None:
            return opened
        present_s = self._origin() + self._tick(time.monotonic())
        return reopened_at(opened, self._order, present_s - self._order.film_start_s)

    def _catching_up(self) -> CatchUp | None:
        start_s, patience_s = self._order.film_start_s, self._order.first_frame_s / 2
        if start_s is None:
            return None
        return CatchUp(start_s, self._origin(), until_s=self._begin_s + patience_s)

    def _passes_over(self, pts_s: float | None) -> bool:
        """Whether a picture lies before the present second of a film that is gone on with."""
        if self._catch_up is None:
            return False
        if self._catch_up.passes_over(pts_s, time.monotonic()):
            return True
        if self._catch_up.gave_up:
            self._clock, self._pace_s = LiveClock(by_arrival=self._clock.by_arrival), None
            self._put(Note("clock", "where it stands cannot be reached in time; anchored anew"))
        self._catch_up = None
        return False

    def _film_start_s(self) -> float | None:
        """Where a film's own time 0 lies on the monotonic clock."""
        if not self._order.is_finite:
            return None
        return self._pace_s if self._clock.by_arrival else self._clock.offset_s

    def _origin(self) -> float:
        return self._origin_s or 0.0

    def _paced(self, pts_s: float | None, arrival_s: float) -> float:
        """When a picture arrives that was read ahead of its time: sleeps until it is due."""
        if not self._order.is_paced or pts_s is None:
            return arrival_s
        now_s = time.monotonic()
        if self._pace_s is None or pts_s + self._pace_s < now_s - self._order.lag_s:
            self._pace_s = now_s - pts_s
        wait_s = pts_s + self._pace_s - now_s
        if wait_s > 0:
            time.sleep(wait_s)
        return max(arrival_s, pts_s + self._pace_s)

    def _announce_decoding(self) -> None:
        keys_only = self._meter.keys_only
        what = "key pictures only" if keys_only else "all pictures"
        detail = f"{what}: a key picture every {self._meter.interval_s or 0:.2f} s"
        self._put(Note("decoding", detail, keys_only=keys_only))


def _time_s(picture: Any, time_base: Fraction) -> float | None:
    return None if picture.pts is None else float(picture.pts * time_base)
