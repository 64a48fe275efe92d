"""Sizes and orientation of upright pictures with square pixels. Pure arithmetic."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from capture.frame import Pixels

MAX_PIXEL_ASPECT = 8
"""A pixel aspect beyond 8:1 either way is taken for a broken header: pixels count as square."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pictures become upright: transpose first, then mirror left-right, top-bottom."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @property
    def rotation_deg(self) -> int:
        """Counter-clockwise turn in degrees: 0, 90, 180 or 270 (mirroring aside)."""
        if not self.transpose:
            return 180 if self.mirror_y else 0
        return 90 if self.mirror_y else 270

    @property
    def is_mirrored(self) -> bool:
        """Whether writing in the stored picture would be the wrong way round once upright."""
        return self.transpose ^ self.mirror_x ^ self.mirror_y

    def apply(self, pixels: Pixels) -> Pixels:
        """``pixels`` uint8 [H, W, 3] upright, contiguous."""
        if self.transpose:
            pixels = pixels.transpose(1, 0, 2)  # [W, H, 3]
        if self.mirror_x:
            pixels = pixels[:, ::-1]
        if self.mirror_y:
            pixels = pixels[::-1]
        return np.ascontiguousarray(pixels)


UPRIGHT = Orientation()


def orientation(matrix: bytes) -> Orientation:
    """The orientation that a 3x3 display matrix (nine 32-bit fixed-point numbers) asks for.

    A turn that is no multiple of 90 degrees, or a broken matrix, leaves the picture as it is.
    """
    if len(matrix) < 36:
        return UPRIGHT
    a, b, _, c, d, _, _, _, _ = struct.unpack("=9i", matrix[:36])
    straight, crossed = min(abs(a), abs(d)), min(abs(b), abs(c))
    if straight > 8 * max(abs(b), abs(c)):
        return Orientation(False, a < 0, d < 0)
    if crossed > 8 * max(abs(a), abs(d)):
        return Orientation(True, c < 0, b < 0)
    return UPRIGHT


def turned(rotation_deg: int) -> Orientation:
    """The orientation that turns by ``rotation_deg`` counter-clockwise, and mirrors nothing."""
    match rotation_deg % 360:
        case 90:
            return Orientation(transpose=True, mirror_y=True)
        case 180:
            return Orientation(mirror_x=True, mirror_y=True)
        case 270:
            return Orientation(transpose=True, mirror_x=True)
    return UPRIGHT


def shown_size(width_px: int, height_px: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Width and height in square pixels of a coded picture, before it is turned upright."""
    aspect = pixel_aspect or Fraction(1)
    if aspect <= 0 or not Fraction(1, MAX_PIXEL_ASPECT) <= aspect <= MAX_PIXEL_ASPECT:
        aspect = Fraction(1)
    return max(1, round(width_px * aspect)), height_px


def kept_size(width_px: int, height_px: int, short_side_px: int) -> tuple[int, int]:
    """Width and height scaled so that the short side is ``short_side_px``; never enlarged.

    A long side that is scaled comes out even: swscale takes 2.4 times as long for an odd width.
    """
    short_px = min(width_px, height_px)
    if short_px <= short_side_px:
        return width_px, height_px
    scale = Fraction(short_side_px, short_px)
    if width_px <= height_px:
        return short_side_px, max(short_side_px, 2 * round(height_px * scale / 2))
    return max(short_side_px, 2 * round(width_px * scale / 2)), short_side_px
