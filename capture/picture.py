"""From a decoded picture to upright RGB pixels of the size that is kept.

Scaling happens in swscale, together with the colour conversion: a tenth of the cost of scaling full
RGB, and 0.6 MB a frame to move instead of 6 MB.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

from capture.frame import Pixels
from capture.geometry import UPRIGHT, Orientation, kept_size, orientation, shown_size, turned


class PictureMaker:
    """Converts pictures of one stream; holds one scaler, since each picture's own would leak.

    ``orientations`` remembers, by the rotation that pictures claim, how they become upright. It is
    shared by all passes over a file: looking at a picture's side data makes it part of a reference
    cycle (PyAV 18.1), which holds megabytes until the collector runs, so it happens once.
    """

    def __init__(
        self, short_side_px: int, orientations: dict[int, Orientation] | None = None
    ) -> None:
        from av.video.reformatter import Interpolation, VideoReformatter

        self._short_side_px = short_side_px
        self._orientations = {} if orientations is None else orientations
        self._scaler = VideoReformatter()
        self._area = Interpolation.AREA

    def pixels(self, picture: Any, pixel_aspect: Fraction | None) -> Pixels:
        """uint8 [H, W, 3] RGB, upright, square pixels, of its own memory."""
        width_px, height_px = shown_size(picture.width, picture.height, pixel_aspect)
        width_px, height_px = kept_size(width_px, height_px, self._short_side_px)
        scaled = self._scaler.reformat(
            picture,
            width=width_px,
            height=height_px,
            format="rgb24",
            interpolation=self._area,
            threads=1,
        )
        pixels = cast(Pixels, scaled.to_ndarray())  # [H, W, 3]
        return self.orientation(picture).apply(pixels)

    def orientation(self, picture: Any) -> Orientation:
        """How the picture must be turned, and mirrored, to be upright."""
        rotation_deg = picture.rotation
        if rotation_deg not in self._orientations:
            try:
                matrix = picture.side_data.get("DISPLAYMATRIX")
                known = UPRIGHT if matrix is None else orientation(bytes(matrix))
            except ValueError:  # PyAV 18.1 has no word for Exif, and then shows no side data at all
                known = turned(rotation_deg)
            self._orientations[rotation_deg] = known
        return self._orientations[rotation_deg]
