"""The projector: patches into the language model's embedding space."""

from __future__ import annotations

from torch import Tensor, nn

from streamvid.model.nano.patches import PATCH_WIDTH


class Projector(nn.Module):
    """Two layers between norms; [B, N, 1772] → [B, N, d].

    Source: LLaVA-Mini (arXiv 2501.03895), section 3; an MLP as in LLaVA-1.5. The result is scaled
    to the root mean square of the language model's embeddings, without which it reads as noise.
    Names: ``norm``, ``up``, ``down``, ``out_norm``.
    """

    def __init__(self, width: int, *, embedding_rms: float, hidden: int = 1024) -> None:
        super().__init__()
        self.embedding_rms = embedding_rms
        self.norm = nn.LayerNorm(PATCH_WIDTH)
        self.up = nn.Linear(PATCH_WIDTH, hidden)
        self.act = nn.GELU()
        self.down = nn.Linear(hidden, width)
        self.out_norm = nn.LayerNorm(width)

    def forward(self, patches: Tensor) -> Tensor:
        """Grid tokens [B, N, d] of ``patches``."""
        hidden = self.act(self.up(self.norm(patches)))  # [B, N, hidden]
        out: Tensor = self.out_norm(self.down(hidden)) * self.embedding_rms
        return out
