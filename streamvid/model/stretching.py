"""Pictures of any sizes as squares of one: bicubic, antialiased, by torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from streamvid.model.seam import Picture


def stretched(pictures: Sequence[Picture], side_px: int) -> Tensor:
    """uint8 [n, 3, side, side]; what is no square is squashed to one."""
    squares = torch.empty(len(pictures), 3, side_px, side_px, dtype=torch.uint8)
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, picture in enumerate(pictures):
        groups.setdefault(picture.shape, []).append(number)
    # Pictures of one size in one call: each call wakes the other threads anew.
    for numbers in groups.values():
        pixels = torch.from_numpy(np.stack([pictures[number] for number in numbers]))
        squares[numbers] = F.interpolate(
            pixels.permute(0, 3, 1, 2),
            (side_px, side_px),
            mode="bicubic",
            antialias=True,
            align_corners=False,
        )
    return squares
