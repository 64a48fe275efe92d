"""A first look at a live source, inside the child: what is in it, and what would be sampled."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

from capture.geometry import UPRIGHT, Orientation
from capture.key_meter import KeyMeter
from capture.live_connection import packets
from capture.live_messages import Opened, Order, Probed
from capture.live_open import OpeningError, open_stream
from capture.picture import PictureMaker

WATCH_S = 6.0
"""How long a probe watches at most after the first picture, to measure rate and key pictures."""


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
        self.first_s = self.last_s = 0.0

    def picture(self, picture: Any, aspect: Fraction | None, at_s: float) -> None:
        if self.kept is None:
            shape = self.maker.pixels(picture, aspect).shape
            self.kept = (shape[1], shape[0])
            self.coded = (picture.width, picture.height)
            self.pixel_format = picture.format.name
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
    begin_s = time.monotonic()
    try:
        aspect = codec.sample_aspect_ratio or stream.sample_aspect_ratio
        for packet in packets(container, stream, order):
            now_s = time.monotonic()
            at_s = now_s if packet.pts is None else float(packet.pts * stream.time_base)
            if packet.is_keyframe:
                look.meter.key(at_s)
            try:
                pictures = codec.decode(packet)
            except av.error.FFmpegError:
                continue
            for picture in pictures:
                shown_s = at_s if picture.pts is None else float(picture.pts * stream.time_base)
                look.picture(picture, aspect, shown_s)
            limit_s = WATCH_S if look.kept else order.first_frame_s
            if now_s - begin_s > limit_s:
                break
        if look.kept is None:
            raise OpeningError("undecodable", "packets come, and no picture decodes")
        watched_s = look.last_s - look.first_s
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
