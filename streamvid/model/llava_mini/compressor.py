"""From the N patch features of a frame to its C² vision tokens, before the projector.

Two kinds of Table 8 of the paper: learned queries in one cross-attention, and plain averages.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from streamvid.model.llava_mini.config import COMPRESSOR_HEADS


class QueryCompressor(nn.Module):
    """C² learned queries look at the patches once; names and sizes as in the reference.

    Keys get the queries' position table, stretched to their grid; values get none. No residual,
    nothing behind it.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.query = nn.Parameter(torch.empty(size**2, width))
        self.pos_embed = nn.Parameter(torch.empty(size**2, width), requires_grad=False)
        self.attn = nn.MultiheadAttention(width, COMPRESSOR_HEADS, batch_first=True)
        self.ln_q = nn.LayerNorm(width)
        self.ln_kv = nn.LayerNorm(width)

    def forward(self, features: Tensor) -> Tensor:
        """[B, N, D] on a square grid → [B, C², D]."""
        return self.attend(features)[0]

    def attend(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """As ``forward``, and the attention [B, C², N], mean over its heads."""
        frames, patches, _ = features.shape
        values = self.ln_kv(features)
        keys = values + self._positions(patches).to(values.dtype)
        queries = (self.ln_q(self.query) + self.pos_embed).expand(frames, -1, -1)
        return self.attn(queries, keys, values)  # type: ignore[no-any-return]

    def _positions(self, patches: int) -> Tensor:
        """The position table [C², D] on the patches' grid, [N, D]."""
        side = round(patches**0.5)
        if side == self.size:
            return self.pos_embed
        grid = self.pos_embed.float().view(1, self.size, self.size, -1).permute(0, 3, 1, 2)
        # At every call in float32, as the reference does; with C = 1 it is one constant vector.
        wide = F.interpolate(grid, (side, side), mode="bicubic", align_corners=False)
        return wide.flatten(2)[0].T


class AverageCompressor(nn.Module):
    """The mean of each of C x C fields of the patch grid; it has no weights."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, features: Tensor) -> Tensor:
        """[B, N, D] on a square grid → [B, C², D]."""
        side = round(features.shape[1] ** 0.5)
        grid = features.transpose(1, 2).reshape(*features.shape[::2], side, side)
        return F.adaptive_avg_pool2d(grid, self.size).flatten(2).transpose(1, 2)
