"""Which frames of a video the reference looks at: about one a second, from mid-stretch each.

streamvid itself samples by time (``capture``); this is for comparing with the reference.
"""

from __future__ import annotations

import math

from streamvid.model.errors import ModelError


def spread_frames(total: int, count: int) -> list[int]:
    """``count`` frame numbers spread over ``total``; halves round to even, as the reference has it.

    Frames repeat where there are fewer than ``count``.
    """
    stretch = (total - 1) / count
    return [
        math.floor((round(stretch * number) + round(stretch * (number + 1))) / 2)
        for number in range(count)
    ]


def one_a_second(total: int, fps: float) -> list[int]:
    """The frames of a video of ``total`` frames at ``fps`` that the reference takes.

    Raises ModelError below one second, where the reference divides by zero.
    """
    count = min(int(total // fps), total)
    if count == 0:
        raise ModelError(f"{total} frames at {fps:g} fps are under one second; take them all")
    return spread_frames(total, count)
