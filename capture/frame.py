"""What a source yields: frames and gaps. Values only; nothing here knows a codec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""uint8 [H, W, 3] RGB."""

FrameKind = Literal["tick", "key"]
GapReason = Literal[
    "no frames",
    "undecodable",
    "connecting",
    "stalled",
    "no signal",
    "not found",
    "refused",
    "audio only",
    "behind",
    "restarted",
    "dropped",
    "off",
]
"""Why there is no frame.

``no frames``: the stream has no picture there; ``undecodable``: it has, and none decoded.
Live: ``connecting``: not seen yet in this run; ``stalled``: connected, but nothing comes;
``no signal``: lost or out of reach; ``not found``, ``refused``: the server says so;
``audio only``; ``behind``: the connection fell behind the clock; ``restarted``: the process that
watches it was lost, not the source; ``dropped``: seen, and thrown away because the reader was busy;
``off``: nobody watched (said by whoever keeps the recording).
"""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture that was chosen from the stream.

    ``pixels`` is uint8 [H, W, 3] RGB: upright, with square pixels, aspect kept, its short side at
    most ``max(336, Settings.short_side_px)`` and never enlarged. ``t_s`` is stream time since the
    first decoded frame, ``tick`` the whole second it lies in (of ``kind`` "tick": the frame stands
    for that tick; "key": a key frame at its true time). ``received_s`` is the monotonic clock and
    ``wall_s`` the wall clock (seconds since the epoch) when it was decoded. ``corrupt`` says that
    the decoder flagged it and its tick has no clean frame.
    """

    pixels: Pixels
    t_s: float
    tick: int
    kind: FrameKind
    received_s: float
    wall_s: float
    corrupt: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Ticks [``start_s``, ``end_s``) without a frame and too far from one to be covered.

    Both ends are whole seconds of stream time. Gaps that touch and share their reason are one gap,
    cut where a pass over a stretch starts or ends.
    """

    start_s: float
    end_s: float
    reason: GapReason
