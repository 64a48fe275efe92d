"""The retrieval head: a picture's features into the space of MiniLM's sentence embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from streamvid.model.nano.tower import COLOUR_CELL, HEAD_WIDTH, SHALLOW_CELL, PatchFeatures

EMBEDDING_WIDTH = 384
POOLED_WIDTH = 2 * (HEAD_WIDTH + SHALLOW_CELL + COLOUR_CELL)


def pool(features: PatchFeatures, deep: Tensor) -> Tensor:
    """Mean and maximum over the cells of all three sources, float32 [B, 3544]."""
    cells = torch.cat((deep.float(), features.shallow.float(), features.colour.float()), dim=-1)
    return torch.cat((cells.mean(1), cells.amax(1)), dim=-1)


class RetrievalHead(nn.Module):
    """Standardise, then two layers with dropout; trained by InfoNCE against caption embeddings.

    Source: Radford et al., CLIP (arXiv 2103.00020), section 2.3, with the text side frozen.
    Names: ``mean``, ``deviation`` (of the training pictures), ``up``, ``down``.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, *, hidden: int = 1024, dropout: float = 0.5) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(POOLED_WIDTH))
        self.register_buffer("deviation", torch.ones(POOLED_WIDTH))
        self.dropout = nn.Dropout(dropout)
        self.up = nn.Linear(POOLED_WIDTH, hidden)
        self.act = nn.GELU()
        self.down = nn.Linear(hidden, EMBEDDING_WIDTH)

    def forward(self, pooled: Tensor) -> Tensor:
        """Unit vectors, float32 [B, 384], of ``pooled`` [B, 3544]."""
        x = self.dropout((pooled - self.mean) / self.deviation)
        x = self.dropout(self.act(self.up(x)))  # [B, hidden]
        return F.normalize(self.down(x).float(), dim=-1)
