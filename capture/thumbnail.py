"""A picture's brightness in 64x36 points, to tell a frozen picture from a moving one."""

from __future__ import annotations

import numpy as np

from capture.frame import Pixels

_WIDTH_PX, _HEIGHT_PX = 64, 36
_WEIGHTS = np.array([77, 150, 29], dtype=np.uint16)  # luma of red, green, blue, in 256ths


def thumbnail(pixels: Pixels) -> bytes:
    """Brightness of at most 64x36 evenly spread points of ``pixels`` uint8 [H, W, 3] RGB."""
    step_y = max(1, pixels.shape[0] // _HEIGHT_PX)
    step_x = max(1, pixels.shape[1] // _WIDTH_PX)
    points = pixels[::step_y, ::step_x].astype(np.uint16)  # [h, w, 3]
    return bytes(((points @ _WEIGHTS) >> 8).astype(np.uint8).tobytes())
