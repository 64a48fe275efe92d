"""A webcam where there is no Video4Linux. The one place where the live child loads OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from capture.live_open import OpeningError


def camera_pictures(device: str) -> Iterator[Any]:
    """Pictures of a camera as PyAV frames without times, until it goes away.

    ``device`` is /dev/videoN, of which only N counts, or a name that OpenCV knows.
    Raises OpeningError.
    """
    import av
    import cv2

    number = device.removeprefix("/dev/video")
    camera = cv2.VideoCapture(int(number) if number.isdecimal() else device)
    try:
        if not camera.isOpened():
            raise OpeningError("not found", f"no camera answers at {device}")
        while True:
            is_there, read = camera.read()
            if not is_there:
                return
            pixels: Any = read  # uint8 [H, W, 3] BGR
            yield av.VideoFrame.from_ndarray(pixels, format="bgr24")
    finally:
        camera.release()
