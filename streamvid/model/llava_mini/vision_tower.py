"""The CLIP vision tower: patch features of its selected layer, and its pooled output."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class VisionTower:
    """A transformers ``CLIPVisionModel``, run only as far as somebody asks for.

    ``layer`` counts as ``hidden_states`` do (-2: what goes into the last layer). The class token is
    left out of features, and no final norm is applied.
    """

    def __init__(self, model: Any, layer: int) -> None:
        self._model = model.eval()
        layers = len(model.encoder.layers)
        self._kept = layer if layer >= 0 else layers + 1 + layer
        if not 0 <= self._kept <= layers:
            raise ValueError(f"layer {layer} of a tower with {layers}; config.json names another")
        self.image_px: int = model.config.image_size
        self.patches: int = (model.config.image_size // model.config.patch_size) ** 2
        self.width: int = model.config.hidden_size

    @property
    def model(self) -> Any:
        """The transformers model."""
        return self._model

    @property
    def dtype(self) -> torch.dtype:
        """Type of its weights."""
        dtype: torch.dtype = self._model.dtype
        return dtype

    @torch.inference_mode()
    def features(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [B, 3, h, w] → patch features [B, N, D]."""
        return self._hidden(pixels)[:, 1:]

    @torch.inference_mode()
    def features_and_pooled(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """As ``features``, and the pooled output [B, D] behind all layers and the final norm."""
        hidden = self._hidden(pixels)
        features = hidden[:, 1:]
        for layer in self._model.encoder.layers[self._kept :]:
            hidden = layer(hidden, None)
        return features, self._model.post_layernorm(hidden[:, 0])

    def _hidden(self, pixels: Tensor) -> Tensor:
        model = self._model
        hidden: Tensor = model.pre_layrnorm(model.embeddings(pixels.to(model.device, model.dtype)))
        for layer in model.encoder.layers[: self._kept]:
            hidden = layer(hidden, None)
        return hidden
