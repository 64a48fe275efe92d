"""What nano adds to the pre-fusion layers: how their output enters the embeddings.

The layers themselves are copies of the language model's first ones, trained on.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class FusionGate(nn.Module):
    """``embedding + W norm(hidden) + b``, zero at the start.

    The reference of LLaVA-Mini (arXiv 2501.03895, section 3, modality pre-fusion) replaces the
    embeddings by the layers' output. Adding it through a map that starts at zero leaves the
    language model as it came at step 0, so that training is stable from there.
    Names: ``norm``, ``linear``.
    """

    def __init__(self, width: int, *, embedding_rms: float, eps: float = 1e-5) -> None:
        super().__init__()
        self.embedding_rms, self.eps = embedding_rms, eps
        self.norm = nn.RMSNorm(width, eps)
        self.linear = nn.Linear(width, width)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, embedding: Tensor, hidden: Tensor) -> Tensor:
        """Fused embeddings [..., d] from plain ones and the pre-fusion layers' output."""
        normed = F.rms_norm(hidden.float(), self.norm.normalized_shape, None, self.eps)
        normed = (normed * self.norm.weight.float()).to(self.linear.weight.dtype)
        gate = self.linear(normed) * self.embedding_rms
        out: Tensor = embedding + gate.to(embedding.dtype)
        return out
