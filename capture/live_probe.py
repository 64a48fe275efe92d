"""A first look at a live source, inside the child: what is in it, and what would be sampled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from capture.geometry import UPRIGHT, Orientation
from capture.key_meter import KeyMeter
from capture.live_connection import NO_TIMES
from capture.live_messages import Message, Note, Opened, Order, Probed
from capture.live_open import OpeningError, OpenStream, open_stream, undecodable
from capture.live_packets import packets
from capture.picture import PictureMaker

WATCH_S = 6.0
"""How long a probe watches at most after the first picture, to measure rate and key pictures."""
_LEAST_S = 2.0


class _Look:
    """What was seen so far."""

    def __init__(self, order: Order) -> None:
        self.orientations: dict[int, Orientation] = {}
        self.maker = PictureMaker(order.short_side_px, self.orientations)
        self.meter = KeyMeter("auto")
        self.kept: tuple[int, int] | None = None
        self.coded = (0, 0)
        self.pixel_format = ""
        self.packets = self.pictures = 0
        self.seen_s: float | None = None
        self.first_s: float | None = None
        self.last_s = 0.0

    @property
    def watched_s(self) -> float:
        return 0.0 if self.first_s is None else self.last_s - self.first_s

    def is_enough(self, now_s: float) -> bool:
        """Whether to stop: enough was measured, or the time is up."""
        if self.seen_s is None:
            return False
        if self.meter.is_sure and self.watched_s >= _LEAST_S:
            return True
        return max(now_s - self.seen_s, self.watched_s) > WATCH_S

    def picture(
        self, picture: Any, aspect: Fraction | None, at_s: float | None, now_s: float
    ) -> None:
        if self.kept is None:
            self.seen_s = now_s
            shape = self.maker.pixels(picture, aspect).shape
            self.kept = (shape[1], shape[0])
            self.coded = (picture.width, picture.height)
            self.pixel_format = picture.format.name
        if at_s is None:
            return
        if self.first_s is None:
            self.first_s = at_s
        self.pictures += 1
        self.last_s = at_s


def probe_stream(order: Order) -> Iterator[Message]:
    """Watch for some seconds, tell of the first picture, and describe. Raises OpeningError."""
    begin_s = time.monotonic()
    opened = open_stream(order)
    look = _Look(order)
    try:
        yield from _watched(opened, look, order, begin_s)
        yield from _described(opened, look, order)
    finally:
        opened.container.close()


def _watched(opened: OpenStream, look: _Look, order: Order, begin_s: float) -> Iterator[Message]:
    import av

    container, stream = opened.container, opened.stream
    codec = stream.codec_context
    has_times = container.format.name.split(",")[0] not in NO_TIMES and order.kind != "webcam"
    aspect = codec.sample_aspect_ratio or stream.sample_aspect_ratio
    first_packet_s: float | None = None
    for packet in packets(container, stream, order):
        now_s = time.monotonic()
        look.packets += 1
        first_packet_s = now_s if first_packet_s is None else first_packet_s
        if packet.is_keyframe:
            look.meter.key(_time_s(packet, stream, has_times, now_s), now_s)
        try:
            pictures = codec.decode(packet)
        except av.error.FFmpegError:
            pictures = []  # damaged; where all are, that is told below
        is_first = look.kept is None
        for picture in pictures:
            look.picture(picture, aspect, _time_s(picture, stream, has_times, now_s), now_s)
        if look.kept is None and order.is_undecodable(now_s - begin_s, now_s - first_packet_s):
            raise undecodable(packet, look.packets, order)
        if is_first and look.kept is not None:
            yield Note("frames", "the first picture")
        if look.is_enough(now_s):
            return


def _described(opened: OpenStream, look: _Look, order: Order) -> Iterator[Message]:
    if look.kept is None:
        raise OpeningError("lost", f"it ended after {look.packets} packets without a picture")
    container, stream = opened.container, opened.stream
    codec = stream.codec_context
    watched_s = look.watched_s
    turned = next(iter(look.orientations.values()), UPRIGHT)
    yield Opened(
        codec.name,
        look.coded,
        has_sound=bool(container.streams.audio),
        container=container.format.name,
        ignored_options=opened.ignored_options,
    )
    yield Probed(
        pixel_format=look.pixel_format,
        coded=look.coded,
        kept=look.kept,
        pixel_aspect=str(codec.sample_aspect_ratio or stream.sample_aspect_ratio or 1),
        rotation_deg=turned.rotation_deg,
        mirrored=turned.is_mirrored,
        claimed_fps=float(stream.average_rate) if stream.average_rate else None,
        measured_fps=(look.pictures - 1) / watched_s if watched_s > 0.5 else None,
        key_interval_s=look.meter.interval_s,
        watched_s=watched_s,
        keys_only=order.decode == "keys" or (order.decode == "auto" and look.meter.keys_only),
    )


def _time_s(timed: Any, stream: Any, has_times: bool, now_s: float) -> float | None:
    """When a packet or picture is shown; None: it does not say, and others of its stream do."""
    if not has_times:
        return now_s
    return None if timed.pts is None else float(timed.pts * stream.time_base)
