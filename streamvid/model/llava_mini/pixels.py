"""From pictures to the tower's input: parts, geometry, CLIP's normalisation.

``reference_…`` is the reference's own resampling, bit by bit: Pillow's bicubic on the shorter side
and the centre crop, video frames squashed to 336 x 336 by nearest neighbour first. ``squares``
keeps a checkpoint's geometry and antialiases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from streamvid.model.seam import Picture
from streamvid.model.stretching import stretched

Geometry = Literal["stretch", "square", "pad"]
"""The whole picture squashed to a square; its centre square; the whole on a square of grey."""

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION = (0.26862954, 0.26130258, 0.27577711)
PAD_COLOUR = (122, 116, 104)
"""CLIP's mean colour, as the reference rounds it."""
_REFERENCE_SQUASH_PX = 336


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Mean and deviation of each channel of pixels in 0..1; ``preprocessor_config.json`` has it."""

    mean: tuple[float, ...] = CLIP_MEAN
    deviation: tuple[float, ...] = CLIP_DEVIATION

    def __call__(self, squares: Tensor) -> Tensor:
        """uint8 [..., 3, h, w] → float32 of the same shape."""
        mean = torch.tensor(self.mean)[:, None, None]
        deviation = torch.tensor(self.deviation)[:, None, None]
        return (squares.float() / 255 - mean) / deviation


def split_parts(picture: Picture, ratio: int) -> list[Picture]:
    """The ``ratio`` x ``ratio`` crops row by row, then the whole; with 1 the picture alone.

    Remainder pixels belong to no crop.
    """
    if ratio == 1:
        return [picture]
    height, width = picture.shape[0] // ratio, picture.shape[1] // ratio
    crops = [
        picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
        for row in range(ratio)
        for column in range(ratio)
    ]
    return [*crops, picture]


def squares(pictures: Sequence[Picture], side_px: int, geometry: Geometry) -> Tensor:
    """uint8 [n, 3, side, side] of pictures of any sizes, bicubic and antialiased."""
    return stretched([_shaped(picture, geometry) for picture in pictures], side_px)


def _shaped(picture: Picture, geometry: Geometry) -> Picture:
    height, width = picture.shape[:2]
    if geometry == "pad":
        return pad_to_square(picture)
    if geometry == "square":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        return picture[top : top + side, left : left + side]
    return picture


def pad_to_square(picture: Picture) -> Picture:
    """The picture in the middle of a square of CLIP's mean colour."""
    height, width = picture.shape[:2]
    side = max(height, width)
    square = np.empty((side, side, 3), np.uint8)
    square[:] = PAD_COLOUR
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square


def reference_picture(picture: Picture, side_px: int, *, ratio: int, pad: bool) -> Tensor:
    """uint8 [P, 3, side, side] of a picture as the reference prepares it."""
    parts = [pad_to_square(part) if pad else part for part in split_parts(picture, ratio)]
    return torch.stack([_clip_square(part, side_px) for part in parts])


def reference_frame(frame: Picture, side_px: int, *, ratio: int) -> Tensor:
    """uint8 [P, 3, side, side] of a video's frame as the reference prepares it; never padded."""
    pixels = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None].float()
    squashed = F.interpolate(pixels, (_REFERENCE_SQUASH_PX, _REFERENCE_SQUASH_PX))
    return reference_picture(
        squashed[0].to(torch.uint8).permute(1, 2, 0).numpy(), side_px, ratio=ratio, pad=False
    )


def _clip_square(picture: Picture, side_px: int) -> Tensor:
    """uint8 [3, side, side]: the shorter side resized by Pillow's bicubic, then the centre."""
    height, width = picture.shape[:2]
    short = min(height, width)
    size = (int(width * side_px / short), int(height * side_px / short))
    image = Image.fromarray(np.ascontiguousarray(picture))
    if size != (width, height):
        image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - side_px) // 2, (size[1] - side_px) // 2
    pixels = np.asarray(image)[top : top + side_px, left : left + side_px]
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)
