"""A frame on its way to pre-fusion: tower, compressor and projector, one part or many (HD).

Axes: B frames, P parts of a frame (1, or r² crops row by row and then the whole picture), N patches
of a part, M patches that pre-fusion reads (N, or r²·N + N), D the tower's width, d the language
model's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from streamvid.model.errors import ModelError
from streamvid.model.llava_mini.projector import Projector
from streamvid.model.llava_mini.vision_tower import VisionTower


@dataclass(frozen=True, slots=True, eq=False)
class SeenFrames:
    """B frames before pre-fusion: projected patches [B, M, d] and compressed tokens [B, C², d]."""

    patches: Tensor
    tokens: Tensor

    def __len__(self) -> int:
        return self.patches.shape[0]

    def sequence(self) -> Tensor:
        """What pre-fusion reads before the text, [B, M + C², d]."""
        return torch.cat((self.patches, self.tokens), dim=1)


class FrameVision:
    """Tower, compressor and projector of one checkpoint."""

    def __init__(self, tower: VisionTower, compressor: nn.Module, projector: Projector) -> None:
        self.tower, self.compressor, self.projector = tower, compressor, projector

    @torch.inference_mode()
    def see(self, pixels: Tensor) -> SeenFrames:
        """Normalised pixels [B, P, 3, h, w] → projected patches and compressed tokens."""
        frames, parts = pixels.shape[:2]
        features = self.tower.features(pixels.flatten(0, 1))
        return self.project(features.view(frames, parts, *features.shape[1:]))

    def project(self, features: Tensor) -> SeenFrames:
        """Tower features [B, P, N, D] → projected patches and compressed tokens."""
        whole = features[:, -1]
        # In HD the compressor reads the crops alone, as one picture of r times the side.
        read = whole if features.shape[1] == 1 else merge_crops(features[:, :-1])
        patches = self.projector(read)
        if read is not whole:
            patches = torch.cat((patches, self.projector(whole)), dim=1)
        return SeenFrames(patches, self.projector(self.compressor(read)))


def merge_crops(features: Tensor) -> Tensor:
    """Features [B, r², N, D] of crops, row by row, → one grid in raster order [B, r²·N, D].

    Raises ModelError where the crops or their patches form no square.
    """
    frames, crops, patches, width = features.shape
    ratio, side = math.isqrt(crops), math.isqrt(patches)
    if ratio**2 != crops or side**2 != patches:
        raise ModelError(
            f"{crops} crops of {patches} patches form no square; give r x r crops, then the whole"
        )
    grid = features.view(frames, ratio, ratio, side, side, width)
    return grid.transpose(2, 3).reshape(frames, crops * patches, width)
