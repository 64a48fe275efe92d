"""The compressor: one frame's patches into one vision token."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from streamvid.model.nano.patches import PATCH_WIDTH
from streamvid.model.nano.retrieval_head import EMBEDDING_WIDTH
from streamvid.model.nano.tower import CLASSES

_KEY_WIDTH = 256
_VALUE_WIDTH = 256


class Compressor(nn.Module):
    """Learnt queries attend over the patches; their maps make one token together.

    Source: LLaVA-Mini (arXiv 2501.03895), section 3, query-based compression. Ours differs in that
    a token is made of several attention maps of narrower values, side by side as heads are, and in
    two additions: the tower's class probabilities times a table of word embeddings, and the
    retrieval embedding. Both know things that 9,000 training pictures cannot teach.
    Names: ``queries``, ``query``, ``key``, ``value``, ``norm``, ``up``, ``down``, ``classes``,
    ``seen_up``, ``seen_down``, ``out_norm``.
    """

    def __init__(
        self, width: int, *, embedding_rms: float, maps: int = 4, hidden: int = 1024
    ) -> None:
        super().__init__()
        self.embedding_rms = embedding_rms
        self.queries = nn.Parameter(torch.randn(maps, PATCH_WIDTH) * 0.02)
        self.query = nn.Linear(PATCH_WIDTH, _KEY_WIDTH)
        self.key = nn.Linear(PATCH_WIDTH, _KEY_WIDTH)
        self.value = nn.Linear(PATCH_WIDTH, _VALUE_WIDTH)
        self.norm = nn.LayerNorm(maps * _VALUE_WIDTH)
        self.up = nn.Linear(maps * _VALUE_WIDTH, hidden)
        self.act = nn.GELU()
        self.down = nn.Linear(hidden, width)
        self.out_norm = nn.LayerNorm(width)
        self.classes = nn.Parameter(torch.zeros(CLASSES, width))
        self.seen_up = nn.Linear(EMBEDDING_WIDTH, hidden)
        self.seen_down = nn.Linear(hidden, width)
        self.seen_norm = nn.LayerNorm(width)

    def forward(self, patches: Tensor, class_logits: Tensor, embeddings: Tensor) -> Tensor:
        """Vision tokens [B, 1, d].

        ``patches`` [B, N, 1772]; ``class_logits`` [B, 1000]; ``embeddings`` [B, 384], unit length.
        """
        keys = self.key(patches)  # [B, N, k]
        scores = self.query(self.queries) @ keys.mT / math.sqrt(_KEY_WIDTH)  # [B, maps, N]
        seen = scores.float().softmax(-1).to(keys.dtype) @ self.value(patches)  # [B, maps, v]
        token = self.norm(seen.flatten(1))  # [B, maps * v]
        token = self.out_norm(self.down(self.act(self.up(token))))  # [B, d]
        named = class_logits.float().softmax(-1).to(token.dtype) @ self.classes  # [B, d]
        # Scaled so that its entries are of order 1, as those of the other inputs are.
        scaled = embeddings.to(token.dtype) * math.sqrt(EMBEDDING_WIDTH)
        known = self.seen_norm(self.seen_down(self.act(self.seen_up(scaled))))  # [B, d]
        out: Tensor = (token + named + known)[:, None] * self.embedding_rms  # [B, 1, d]
        return out
