"""Patch features as the compressor and the projector read them: three sources side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from streamvid.model.nano.tower import (
    CELLS,
    COLOUR_CELL,
    DEEP_WIDTH,
    HEAD_WIDTH,
    SHALLOW_CELL,
    PatchFeatures,
    Tower,
)

PATCH_WIDTH = HEAD_WIDTH + SHALLOW_CELL + COLOUR_CELL


class PatchEmbedding(nn.Module):
    """Deep, shallow and colour features of each cell, normalised, with a learnt position added.

    The 1x1 head convolution of the tower runs here and is frozen, so that a feature cache holds 352
    numbers a cell and not 1,280. Names: ``head``, ``deep_norm``, ``shallow_norm``, ``position``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(DEEP_WIDTH, HEAD_WIDTH).requires_grad_(requires_grad=False)
        self.deep_norm = nn.LayerNorm(HEAD_WIDTH)
        self.shallow_norm = nn.LayerNorm(SHALLOW_CELL)
        self.position = nn.Parameter(torch.randn(CELLS, PATCH_WIDTH) * 0.02)

    def copy_head(self, tower: Tower) -> None:
        """Take the frozen head from ``tower``."""
        with torch.no_grad():
            self.head.weight.copy_(tower.head.conv.weight[:, :, 0, 0])
            assert tower.head.conv.bias is not None
            self.head.bias.copy_(tower.head.conv.bias)

    def deep(self, features: PatchFeatures) -> Tensor:
        """The tower's last map after its head, [B, N, 1280], each value in [0, 6]."""
        return F.relu6(self.head(features.deep.to(self.head.weight.dtype)))

    def forward(self, features: PatchFeatures, deep: Tensor) -> Tensor:
        """Patches [B, N, 1772] of ``features``; ``deep`` is what the method of that name gave."""
        dtype = self.deep_norm.weight.dtype
        parts = (
            self.deep_norm(deep.to(dtype)),
            self.shallow_norm(features.shallow.to(dtype)),
            2.0 * features.colour.to(dtype),
        )
        return torch.cat(parts, dim=-1) + self.position  # [B, N, 1772]
