"""Writes pictures into a film of one frame a second: for evaluation and benchmarks."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from capture.errors import CaptureError
from capture.frame import Pixels

_CRF = "18"
_GROUP = "10"


def write_slideshow(path: Path, pictures: Iterable[Pixels], *, size_px: tuple[int, int]) -> int:
    """Write ``pictures`` (uint8 [H, W, 3] RGB), one a second, as H.264; return how many.

    Each is stretched to ``size_px`` (width, height, both even). They are taken one by one, so hours
    of them never lie in memory. Raises CaptureError where the file cannot be written.
    """
    width, height = size_px
    written = 0
    try:
        with av.open(str(path), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=1)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.time_base = Fraction(1, 1)
            # No B-frames and a key frame every ten seconds: any stretch decodes by itself.
            stream.options = {"preset": "veryfast", "crf": _CRF, "g": _GROUP, "bf": "0"}
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                frame = frame.reformat(width, height, "yuv420p", interpolation="AREA")
                frame.pts, frame.time_base = written, Fraction(1, 1)
                container.mux(stream.encode(frame))
                written += 1
            container.mux(stream.encode(None))
    except (av.error.FFmpegError, OSError) as error:
        raise CaptureError(f"cannot write '{path}': {error.strerror or error}") from error
    return written
