"""A first look at a live source, inside the child: what is in it, and what would be sampled."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

from capture.geometry import UPRIGHT, Orientation
from capture.key_meter import KeyMeter
from capture.live_connection import NO_TIMES
from capture.live_messages import Opened, Order, Probed
from capture.live_open import OpeningError, open_stream
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
        self.pictures = 0
        self.begin_s = time.monotonic()
        self.first_s: float | None = None
        self.last_s = 0.0

    @property
    def watched_s(self) -> float:
        return 0.0 if self.first_s is None else self.last_s - self.first_s

    def is_enough(self, now_s: float, first_frame_s: float) -> bool:
        """Whether to stop: enough was measured, or the time is up."""
        if self.meter.is_sure and self.watched_s >= _LEAST_S:
            return True
        limit_s = WATCH_S if self.kept else first_frame_s
        return now_s - self.begin_s > limit_s or self.watched_s > WATCH_S

    def picture(self, picture: Any, aspect: Fraction | None, at_s: float | None) -> None:
        if self.kept is None:
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


def probe_stream(order: Order) -> tuple[Opened, Probed]:
    """Watch for some seconds and describe. Raises OpeningError."""
    import av

    opened = open_stream(order)
    container, stream = opened.container, opened.stream
    codec = stream.codec_context
    look = _Look(order)
    has_times = container.format.name.split(",")[0] not in NO_TIMES and order.kind != "webcam"
    try:
        aspect = codec.sample_aspect_ratio or stream.sample_aspect_ratio
        for packet in packets(container, stream, order):
            now_s = time.monotonic()
            if packet.is_keyframe:
                look.meter.key(_time_s(packet, stream, has_times, now_s), now_s)
            try:
                pictures = codec.decode(packet)
            except av.error.FFmpegError:
                continue
            for picture in pictures:
                look.picture(picture, aspect, _time_s(picture, stream, has_times, now_s))
            if look.is_enough(now_s, order.first_frame_s):
                break
        if look.kept is None:
            raise OpeningError("undecodable", "packets come, and no picture decodes")
        watched_s = look.watched_s
        turned = next(iter(look.orientations.values()), UPRIGHT)
        said = Opened(
            codec.name,
            look.coded,
            has_sound=bool(container.streams.audio),
            container=container.format.name,
            ignored_options=opened.ignored_options,
        )
        return said, Probed(
            pixel_format=look.pixel_format,
            coded=look.coded,
            kept=look.kept,
            pixel_aspect=str(aspect or 1),
            rotation_deg=turned.rotation_deg,
            mirrored=turned.is_mirrored,
            claimed_fps=float(stream.average_rate) if stream.average_rate else None,
            measured_fps=(look.pictures - 1) / watched_s if watched_s > 0.5 else None,
            key_interval_s=look.meter.interval_s,
            watched_s=watched_s,
            keys_only=order.decode == "keys" or (order.decode == "auto" and look.meter.keys_only),
        )
    finally:
        container.close()


def _time_s(timed: Any, stream: Any, has_times: bool, now_s: float) -> float | None:
    """When a packet or picture is shown; None: it does not say, and others of its stream do."""
    if not has_times:
        return now_s
    return None if timed.pts is None else float(timed.pts * stream.time_base)
