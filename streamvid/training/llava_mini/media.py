"""Pictures and videos of examples as the network's pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from capture import CaptureError, Frame, open_file
from streamvid.model.llava_mini.pixels import (
    Geometry,
    Normalisation,
    pad_to_square,
    split_parts,
    squares,
)
from streamvid.model.seam import Picture
from streamvid.training.llava_mini.errors import ExamplesError
from streamvid.training.llava_mini.examples import Example

MOST_FRAMES = 8
"""Of a video, as the reference trains."""
_MOST_HELD = 128
"""Decoded frames of a video, some 100 MB."""


class Media:
    """Makes pixels float32 [F, P, 3, side, side] of examples.

    ``geometry`` is that of pictures; videos are stretched, in training as in use. ``ratio``: r of
    HD, r x r crops and the whole.
    """

    def __init__(
        self,
        *,
        side_px: int,
        ratio: int,
        geometry: Geometry,
        normalise: Normalisation,
        frames: int = MOST_FRAMES,
    ) -> None:
        self._side_px, self._ratio, self._frames = side_px, ratio, frames
        self._geometry, self._normalise = geometry, normalise

    def pixels(self, example: Example) -> Tensor:
        """Raises ExamplesError where the file cannot be read."""
        if example.video:
            return self._tensor(spread(_film(example.path), self._frames), "stretch")
        picture = _picture(example.path)
        # The reference pads before it splits when it trains, so that crops meet in one grid.
        shaped = pad_to_square(picture) if self._geometry == "pad" else picture
        return self._tensor([shaped], self._geometry)

    def _tensor(self, stills: list[Picture], geometry: Geometry) -> Tensor:
        parts = [part for still in stills for part in split_parts(still, self._ratio)]
        side = self._side_px
        return self._normalise(squares(parts, side, geometry).view(len(stills), -1, 3, side, side))


def spread(frames: list[Picture], most: int) -> list[Picture]:
    """At most ``most`` of ``frames``, evenly spread, the middle of each stretch."""
    if len(frames) <= most:
        return frames
    return [frames[(2 * one + 1) * len(frames) // (2 * most)] for one in range(most)]


def _picture(path: Path) -> Picture:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())
        raise ExamplesError(f"cannot read the picture {path}: {reason}") from error


def _film(path: Path) -> list[Picture]:
    """A frame a second; of a long one every second, fourth, … of them, so that few are held."""
    frames: list[Picture] = []
    stride = 1
    try:
        with open_file(path) as source:
            seen = (found.pixels for found in source if isinstance(found, Frame))
            for number, pixels in enumerate(seen):
                if number % stride == 0:
                    frames.append(pixels)
                if len(frames) > _MOST_HELD:
                    frames, stride = frames[::2], 2 * stride
    except CaptureError as error:
        raise ExamplesError(str(error)) from error
    if not frames:
        raise ExamplesError(f"no frame could be decoded from {path}")
    return frames
