"""Vision features into the language model's width: patches and compressed tokens alike."""

from __future__ import annotations

from torch import Tensor, nn


class Projector(nn.Sequential):
    """``linear`` (1 layer) or ``mlp{n}x_gelu``; names as in the reference (``0``, ``2``, …)."""

    def __init__(self, vision_width: int, width: int, layers: int) -> None:
        parts: list[nn.Module] = [nn.Linear(vision_width, width)]
        for _ in range(layers - 1):
            parts += [nn.GELU(), nn.Linear(width, width)]
        super().__init__(*parts)

    def forward(self, features: Tensor) -> Tensor:
        """[..., D] → [..., d]."""
        hidden = features
        for part in self:
            hidden = part(hidden)
        return hidden
