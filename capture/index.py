"""What a demux-only pass over a file tells, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A file's timetable. Times are seconds of stream time.

    ``ticks`` is how many ticks the packets promise, None where the file has no usable timestamps;
    ``last_s`` the last picture's time (0.0 where unknown); ``median_interval_s`` between pictures;
    ``key_times_s`` float64 [K]: the first key frame of each tick that has one. ``seekable`` says
    that stretches can be decoded apart and give what one pass gives; else ``why_not_seekable`` is
    one line. ``packets`` and ``key_packets`` count the whole video stream.
    """

    ticks: int | None
    last_s: float
    median_interval_s: float
    key_times_s: npt.NDArray[np.float64]
    seekable: bool
    why_not_seekable: str
    packets: int
    key_packets: int
