"""A film that is gone on with where its time stands, inside the child: found again, caught up with.

A film is a file or a made-up graph, read at filming speed. ``film_start_s`` of an order says where
its time 0 lies on the monotonic clock, once its first picture was seen.
"""

from __future__ import annotations

import math
from itertools import islice

from capture.live_messages import Order
from capture.live_open import OpenStream, open_stream
from capture.live_packets import packets

_BACK_S = (0.0, 2.0, 10.0, 60.0)
"""How far before a moment a start point is looked for, one after the other."""
_NEAR_PACKETS = 5000
_SLACK_S = 1e-6


def claimed_end_s(opened: OpenStream) -> float | None:
    """Where the film ends by its header, in its own time; it proves nothing."""
    container, stream = opened.container, opened.stream
    if stream.duration is not None:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    if container.duration is None:
        return None
    return float((container.start_time or 0) + container.duration) / 1_000_000


def reopened_at(opened: OpenStream, order: Order, at_s: float) -> OpenStream:
    """``opened``, to be read from where decoding reaches the film's own time ``at_s``.

    It is read from its start where no packet leads there. Raises OpeningError.
    """
    import av

    container, stream = opened.container, opened.stream
    try:
        _prime(opened, order)
        for back_s in _BACK_S:
            target = round((at_s - back_s) / stream.time_base)
            container.seek(target, stream=stream)
            key_s = _next_key_s(opened, order)
            if key_s is not None and key_s <= at_s + _SLACK_S:
                container.seek(target, stream=stream)
                return opened
    except av.error.FFmpegError:
        pass  # nothing in it can be sought
    container.close()
    return open_stream(order)


def _prime(opened: OpenStream, order: Order) -> None:
    """Show the decoder the first packet: encoders name themselves there once (see ``Reader``)."""
    import av

    codec = opened.stream.codec_context
    try:
        codec.decode(next(packets(opened.container, opened.stream, order), None))
        codec.decode(None)
    except av.error.FFmpegError:
        pass  # it was counted when the film began
    if codec.is_open:
        codec.flush_buffers()


def _next_key_s(opened: OpenStream, order: Order) -> float | None:
    """The time of the next packet from which decoding can start."""
    stream = opened.stream
    for packet in islice(packets(opened.container, stream, order), _NEAR_PACKETS):
        if packet.is_keyframe and packet.pts is not None:
            return float(packet.pts * stream.time_base)
    return None


class CatchUp:
    """Tells which pictures lie in ticks that are past, until one lies in the present one.

    ``origin_s`` is where tick 0 begins. At ``until_s`` it gives up, and the film is taken as it
    comes.
    """

    def __init__(self, film_start_s: float, origin_s: float, *, until_s: float) -> None:
        self._film_start_s, self._origin_s, self._until_s = film_start_s, origin_s, until_s
        self.newest_s: float | None = None
        """Where the newest picture lies on the clock."""
        self.gave_up = False

    def passes_over(self, pts_s: float | None, now_s: float) -> bool:
        """Whether the picture with the film's own time ``pts_s`` comes too late at ``now_s``."""
        if now_s >= self._until_s:
            self.gave_up = True
            return False
        if pts_s is None:
            return True
        at_s = self._film_start_s + pts_s
        self.newest_s = at_s if self.newest_s is None else max(at_s, self.newest_s)
        return self._tick(at_s) < self._tick(now_s)

    def _tick(self, at_s: float) -> int:
        return math.floor(at_s - self._origin_s + _SLACK_S)
