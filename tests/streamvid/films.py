"""Small real videos for these tests, made with PyAV's own encoder: plain colours that change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RGB = {
    "red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "yellow": (220, 220, 30),
    "white": (240, 240, 240), "black": (15, 15, 15), "grey": (128, 128, 128),
}  # fmt: skip


def film(
    path: Path,
    seconds: int,
    *,
    colour_at: Callable[[int], str] = lambda second: "grey",
    gaps: Sequence[tuple[int, int]] = (),
    fps: int = 2,
    gop_s: int = 2,
    size: tuple[int, int] = (64, 48),
) -> Path:
    """``seconds`` of ``colour_at`` each second, with a bar that moves; no frame within ``gaps``."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop_s * fps
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        for number in range(seconds * fps):
            second = number // fps
            if any(start <= second < end for start, end in gaps):
                continue
            pixels = np.full((size[1], size[0], 3), RGB[colour_at(second)], np.uint8)
            pixels[:6, : (second * 5) % size[0]] = (number * 37 % 256, 30, 200)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def damage(path: Path, start_share: float, length_bytes: int) -> Path:
    """Overwrite some bytes in the middle with noise."""
    data = bytearray(path.read_bytes())
    start = int(len(data) * start_share)
    rng = np.random.default_rng(1)
    data[start : start + length_bytes] = rng.integers(0, 256, length_bytes, np.uint8).tobytes()
    path.write_bytes(data)
    return path
