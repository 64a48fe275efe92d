"""What a live child and its parent say to each other, as bytes. Pure.

One message is a line of JSON, and behind it the pixels if it has any. Nothing is unpickled: the
child reads hostile input all day.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from capture.address import AddressKind
from capture.frame import Pixels
from capture.live_settings import Decode
from capture.source_status import SourceReason

MAX_MESSAGE_BYTES = 256 * 1024 * 1024
"""More than the largest frame that settings allow: 4320 pixels on the short side, 8 times that."""


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """What a child shall open. ``url`` and ``secrets`` hold the password: never print one.

    ``io_limit_s`` is the longest that FFmpeg itself waits. On the monotonic clock, ``origin_s`` is
    where tick 0 begins (None: at the first picture) and ``film_start_s`` where the own time 0 of a
    film lies that is gone on with. ``follow_redirects``: whether a server may lead to another
    address.
    """

    kind: AddressKind
    url: str
    secrets: tuple[str, ...]
    is_paced: bool
    is_finite: bool
    first_frame_s: float
    stall_s: float
    io_limit_s: float
    lag_s: float
    decode: Decode
    short_side_px: int
    max_frame_px: int
    origin_s: float | None = None
    film_start_s: float | None = None
    is_probe: bool = False
    follow_redirects: bool = True

    def is_undecodable(self, since_order_s: float, since_packet_s: float) -> bool:
        """Whether there is still no picture so long after this order and after the first packet.

        Told before the parent gives up, who would only know that nothing came. Opening may take
        most of the time, and the first key picture some of the rest.
        """
        return (
            since_order_s > 0.75 * self.first_frame_s and since_packet_s > 0.25 * self.first_frame_s
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A video stream was found. ``coded`` is [width, height] in pixels.

    ``film_end_s`` is where a film ends by its header, in its own time.
    """

    codec: str
    coded: tuple[int, int]
    has_sound: bool = False
    container: str = ""
    ignored_options: tuple[str, ...] = ()
    film_end_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The picture chosen for a tick. ``at_s`` and ``received_s`` are on the monotonic clock.

    ``tick`` counts from ``origin_s``, which is the order's or was set by the first picture.
    ``interval_s`` is the median time between pictures, ``film_start_s`` as in ``Order``.
    ``replaced`` and the damage are totals of this connection.
    """

    pixels: Pixels
    tick: int
    origin_s: float
    at_s: float
    received_s: float
    wall_s: float
    interval_s: float
    corrupt: bool = False
    lag_s: float = 0.0
    film_start_s: float | None = None
    replaced: int = 0
    damaged_packets: int = 0
    damaged_frames: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """Something changed within the connection: ``clock``, ``resolution`` or ``decoding``."""

    reason: SourceReason
    detail: str
    keys_only: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection is over. ``end`` as the reason: a finite source came to its end.

    ``end_s``: where its last picture lies on the monotonic clock, if this connection only saw past
    ones.
    """

    reason: SourceReason
    detail: str = ""
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found; sizes are [width, height] in pixels, times in seconds."""

    pixel_format: str
    coded: tuple[int, int]
    kept: tuple[int, int]
    pixel_aspect: str
    rotation_deg: int
    mirrored: bool
    claimed_fps: float | None
    measured_fps: float | None
    key_interval_s: float | None
    watched_s: float
    keys_only: bool


Message = Opened | Picture | Note | Failed | Probed
_KINDS = {kind.__name__: kind for kind in (Opened, Picture, Note, Failed, Probed)}


def encode_message(message: Message) -> bytes:
    """The bytes of a message from the child."""
    fields = {f.name: getattr(message, f.name) for f in dataclasses.fields(message)}
    payload = b""
    if isinstance(message, Picture):
        fields["pixels"] = message.pixels.shape
        payload = message.pixels.tobytes()
    return json.dumps([type(message).__name__, fields]).encode() + b"\n" + payload


def decode_message(coded: bytes) -> Message:
    """The message that ``encode_message`` made. Raises ValueError on anything else."""
    line, _, payload = coded.partition(b"\n")
    try:
        name, fields = json.loads(line)
        if name == "Picture":
            pixels = np.frombuffer(payload, np.uint8)
            fields["pixels"] = pixels.reshape(fields["pixels"])  # [H, W, 3]
        made: Message = _KINDS[name](**_as_tuples(fields))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"message of {len(coded)} bytes from the child is malformed") from error
    return made


def encode_order(order: Order) -> bytes:
    """The bytes of an order to the child."""
    return json.dumps(dataclasses.asdict(order)).encode()


def decode_order(coded: bytes) -> Order:
    """The order that ``encode_order`` made."""
    return Order(**_as_tuples(json.loads(coded)))


def _as_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where values have tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
