"""A JPEG that somebody sent, as the pixels that are kept; whatever else it is, it is refused.

The bytes may be anybody's, so everything is bounded before it costs anything: sizes by the header,
before pixels are allocated, and the segments that a decoder works through. An empty scan over
4096x2304 takes 45 bytes and half a millisecond, and 2 MiB hold 46,000 of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from capture.errors import PictureError, StillError
from capture.exif import without_exif
from capture.frame import Pixels
from capture.live_settings import LiveSettings
from capture.picture import PictureMaker
from capture.stills import still_size

MOST_PUSHED_PX = 9_437_184
"""4096x2304: what cameras of browsers and phones film at most."""
MOST_SEGMENTS = 96
"""Frame headers, tables and scans; a progressive picture of libjpeg has some 25."""
_SEGMENT = re.compile(rb"\xff[\xc0-\xcf\xda\xdb]")
_JPEG, _SCAN, _END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"


@dataclass(frozen=True, slots=True, eq=False)
class PushedPicture:
    """``pixels`` uint8 [H, W, 3] RGB as kept; ``coded`` is [width, height] as it was sent."""

    pixels: Pixels
    coded: tuple[int, int]


class PushedDecoder:
    """Decodes pictures one by one, each in memory of its own. For one thread at a time."""

    def __init__(self, settings: LiveSettings) -> None:
        self._most_px = min(settings.max_frame_px, MOST_PUSHED_PX)
        self._maker = PictureMaker(settings.picture.kept_short_side_px)

    def decode(self, jpeg: bytes) -> PushedPicture:
        """The picture, upright, scaled to the kept size. Raises PictureError."""
        import av

        coded = checked_size(jpeg, most_px=self._most_px)
        bare, turn = without_exif(jpeg)
        context = av.CodecContext.create("mjpeg", "r")
        context.thread_count = 1
        # Without "explode" a cut JPEG passes for a whole one.
        context.options = {"max_pixels": str(self._most_px), "err_detect": "explode"}
        try:
            pictures = [*context.decode(av.Packet(bare)), *context.decode(None)]
            whole = [picture for picture in pictures if not picture.is_corrupt]
            if whole:
                pixels = self._maker.pixels(whole[0], context.sample_aspect_ratio)
                return PushedPicture(turn.apply(pixels), coded)
        except (av.error.FFmpegError, ValueError) as error:
            raise _damaged(jpeg) from error
        raise _damaged(jpeg)


def checked_size(jpeg: bytes, *, most_px: int) -> tuple[int, int]:
    """Width and height in pixels that the header claims; decodes nothing.

    Raises PictureError.
    """
    if not jpeg.startswith(_JPEG):
        raise PictureError(f"picture of {len(jpeg)} bytes is no JPEG; send one")
    try:
        height_px, width_px = still_size(jpeg)
    except StillError as error:
        raise PictureError(
            f"picture of {len(jpeg)} bytes has no frame header; send a whole JPEG"
        ) from error
    if not width_px or not height_px:
        raise PictureError(f"picture says {width_px}x{height_px}; send one with pixels")
    if width_px * height_px > most_px:
        raise PictureError(f"picture says {width_px}x{height_px}; send at most {most_px} pixels")
    if sum(1 for _ in _SEGMENT.finditer(jpeg)) > MOST_SEGMENTS:
        raise PictureError(
            f"picture has more than {MOST_SEGMENTS} tables and scans; send a plain JPEG"
        )
    if not 0 <= jpeg.rfind(_SCAN) < jpeg.rfind(_END):
        raise _damaged(jpeg)
    return width_px, height_px


def _damaged(jpeg: bytes) -> PictureError:
    return PictureError(f"picture of {len(jpeg)} bytes is cut or damaged; send a whole JPEG")
