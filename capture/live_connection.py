"""One connection of a live source, inside the child: demux, decode, choose, scale, hand over.

It never waits for whoever takes its pictures, so the socket is always drained.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from capture.choice import Choice, Sampled
from capture.frame import Pixels
from capture.key_meter import KeyMeter
from capture.live_clock import LiveClock, Rhythm
from capture.live_messages import Failed, Message, Note, Opened, Order, Picture
from capture.live_open import OpeningError, failure, open_stream, uses_opencv
from capture.picture import PictureMaker

_SLACK_S = 1e-6
"""Absorbs the rounding of times that lie exactly on a whole second."""
_MAX_READ_ERRORS = 16
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
        self._clock = LiveClock(by_arrival=order.kind == "webcam")
        self._rhythm = Rhythm()
        self._origin_s = order.origin_s
        self._begin_s = time.monotonic()
        self._received: dict[int, tuple[float, float]] = {}
        self._aspect: Fraction | None = None
        self._size: tuple[int, int] | None = None
        self._codec: Any = None
        self._packets = self._damaged_packets = self._damaged_frames = 0
        self._pace_s: float | None = None  # arrival less stream time of what is read ahead of time

    def watch(self) -> Failed:
        """Watch to the end; says why it ended. Raises OpeningError where it cannot go on."""
        if uses_opencv(self._order.kind):
            return self._watch_opencv()
        opened = open_stream(self._order)
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
                )
            )
            for packet in packets(container, stream, self._order):
                self._feed(packet, stream.time_base)
            self._hand_over(self._choice.flush())
        finally:
            container.close()
        if self._order.is_finite:
            return Failed("end")
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
        if self._size is None and arrival_s - self._begin_s > 0.75 * self._order.first_frame_s:
            # Before the parent gives up: it would only know that nothing came.
            raise OpeningError("undecodable", f"{self._packets} packets, and no picture decodes")
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
        if self._origin_s is None or self._size is None:
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
        arrival_s = self._paced(pts_s, arrival_s)
        at_s = self._place(pts_s, arrival_s)
        size = (picture.width, picture.height)
        if self._size not in (None, size):
            self._put(Note("resolution", f"now {size[0]}x{size[1]}"))
        self._size = size
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
        return int((at_s - (self._origin_s or 0.0) + _SLACK_S) // 1)

    def _hand_over(self, chosen: Iterator[Sampled]) -> None:
        for sampled in chosen:
            if sampled.pixels is None:
                continue
            received_s, wall_s = self._received.get(sampled.tick, (time.monotonic(), time.time()))
            self._put(
                Picture(
                    sampled.pixels,
                    tick=sampled.tick,
                    origin_s=self._origin_s or 0.0,
                    at_s=sampled.t_s,
                    received_s=received_s,
                    wall_s=wall_s,
                    interval_s=self._rhythm.median_s(),
                    corrupt=sampled.corrupt,
                    lag_s=self._clock.lag_s,
                    damaged_packets=self._damaged_packets,
                    damaged_frames=self._damaged_frames,
                )
            )

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


def packets(container: Any, stream: Any, order: Order) -> Iterator[Any]:
    """Packets of the stream until it ends. Raises OpeningError where reading fails."""
    import av

    failures = 0
    demuxed = container.demux(stream)
    while True:
        try:
            packet = next(demuxed, None)
        except IndexError:  # PyAV 18.1: a packet of a stream that the header did not announce
            demuxed = container.demux(stream)
            continue
        except av.error.InvalidDataError as error:
            failures += 1
            if failures >= _MAX_READ_ERRORS:
                raise failure(error, order) from None
            demuxed = container.demux(stream)
            continue
        except av.error.FFmpegError as error:
            found = failure(error, order)
            # Whatever a connection that once was there says: it is lost.
            reason = "lost" if found.reason in ("unreachable", "failed") else found.reason
            raise OpeningError(reason, str(found)) from None
        if packet is None:
            return
        failures = 0
        yield packet


def _time_s(picture: Any, time_base: Fraction) -> float | None:
    return None if picture.pts is None else float(picture.pts * time_base)
