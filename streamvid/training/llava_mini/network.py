"""LLaVA-Mini as a network with gradients: its own parts around transformers' Llama layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRotaryEmbedding

from streamvid.model.errors import WeightsError
from streamvid.model.llava_mini.checkpoint import Checkpoint, Under
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.loading import (
    COMPRESSOR,
    PREFUSION,
    PROJECTOR,
    check_shapes,
    empty_compressor,
    empty_projector,
    tower_beside,
)
from streamvid.model.llava_mini.reference_inputs import PLACEHOLDER_ID
from streamvid.model.llava_mini.towers import load_tower, tower_within
from streamvid.model.llava_mini.vision import FrameVision
from streamvid.training.layers import run_layer
from streamvid.training.llava_mini.conversation import IGNORE, Conversation

_HIDDEN = -1e9
_PARTS = {"compressor.": COMPRESSOR, "projector.": PROJECTOR, "layers.": f"{PREFUSION}layers."}


class LlavaMiniNetwork(nn.Module):
    """A checkpoint's weights, in float32 at first; the vision tower stays outside, untrained.

    What is added up (residual streams, means over frames) is float32 whatever the weights are.
    """

    def __init__(self, folder: Path, *, tower_folder: Path | None = None) -> None:
        """Raises WeightsError where the checkpoint in ``folder`` lacks something."""
        super().__init__()
        self.config = LlavaMiniConfig.read(folder)
        tensors = Checkpoint(folder)
        check_shapes(tensors.shapes, self.config)
        fields = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        sizes = LlamaConfig.from_dict({**fields, "model_type": "llama"})
        sizes._attn_implementation = "eager"
        self.language: Any = LlamaForCausalLM(sizes)
        self._rotary = (LlamaRotaryEmbedding(sizes),)
        self.layers: Any = nn.ModuleList(
            LlamaDecoderLayer(sizes, index) for index in range(self.config.prefusion_layers)
        )
        self.compressor = empty_compressor(self.config).to_empty(device="cpu")
        self.projector = empty_projector(self.config).to_empty(device="cpu")
        self._fill(tensors)
        tower_folder = tower_folder or tower_beside(folder, self.config)
        tower = (
            tower_within(tensors, self.config, dtype=torch.float32)
            if tower_folder is None
            else load_tower(tower_folder, self.config, dtype=torch.float32)
        )
        # In no attribute that nn.Module registers: its weights are nobody's to train or save.
        self._vision = (FrameVision(tower, self.compressor, self.projector),)

    @property
    def image_px(self) -> int:
        """Side of the squares that the vision tower reads."""
        return self._vision[0].tower.image_px

    def place(self, device: torch.device | str) -> None:
        """Put all of it, the tower included, on ``device``."""
        self.to(device)
        self._vision[0].tower.model.to(device)
        self._rotary[0].to(device)

    def _fill(self, tensors: Checkpoint) -> None:
        own = {
            mine + name: tensor
            for mine, theirs in _PARTS.items()
            for name, tensor in Under(tensors, theirs).items()
        }
        own |= {
            f"language.{name}": tensor
            for name, tensor in tensors.items()
            if name == "lm_head.weight"
            or name.startswith(("model.embed", "model.layers", "model.norm"))
        }
        missing, unknown = self.load_state_dict(
            {name: tensor.float() for name, tensor in own.items()}, strict=False
        )
        tied = self.config.language.tie_word_embeddings
        missing = [n for n in missing if not (tied and n == "language.lm_head.weight")]
        if missing or unknown:
            raise WeightsError(f"tensor {[*missing, *unknown][0]!r} does not fit the network")

    def forward(
        self, pixels: Tensor, told: Conversation, *, compressed: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Logits [K, V] where the K labels of ``told`` are predicted, and those labels [K].

        ``pixels`` [F, P, 3, h, w], normalised. Without ``compressed``, stage 1 of the paper's Table
        9: all projected patches stand in the language model's input, and no text is fused.
        """
        view, text = self._compressed(pixels, told) if compressed else self._plain(pixels, told)
        place = told.ids.index(PLACEHOLDER_ID)
        sequence = torch.cat((text[:place], view, text[place + 1 :]))[None]
        hidden = self._through(self.language.model.layers, sequence)[0]
        labels = torch.tensor(told.labels, device=sequence.device)
        chosen = (labels != IGNORE).nonzero()[:, 0]
        # The place before a token predicts it; behind the view everything stands further on.
        before = chosen - 1 + torch.where(chosen > place, len(view) - 1, 0)
        hidden = self.language.model.norm(hidden[before])
        head = self.language.lm_head
        return head(hidden.to(head.weight.dtype)), labels[chosen]

    def _plain(self, pixels: Tensor, told: Conversation) -> tuple[Tensor, Tensor]:
        seen = self._vision[0].project(self._features(pixels))
        return seen.patches.flatten(0, 1), self._embed(told)

    def _compressed(self, pixels: Tensor, told: Conversation) -> tuple[Tensor, Tensor]:
        """Vision tokens [F·C², d], and the text [T, d] with its prompts fused, mean over frames."""
        seen = self._vision[0].project(self._features(pixels))
        text, places = self._embed(told), told.fused_places
        tokens = seen.tokens
        if len(self.layers):
            own = text[places].expand(len(pixels), -1, -1)
            hidden = self._through(self.layers, torch.cat((seen.sequence(), own), dim=1))
            behind = seen.patches.shape[1]
            tokens = hidden[:, behind : behind + tokens.shape[1]]
            fused = hidden[:, behind + tokens.shape[1] :].mean(0)
            text = text.index_copy(0, torch.tensor(places, device=text.device), fused)
        return tokens.flatten(0, 1), text

    def _features(self, pixels: Tensor) -> Tensor:
        frames, parts = pixels.shape[:2]
        # A copy made outside of inference mode, which gradients of what follows may be taken at.
        features = self._vision[0].tower.features(pixels.flatten(0, 1)).clone()
        features = features.to(next(self.projector.parameters()).dtype)
        return features.view(frames, parts, *features.shape[1:])

    def _embed(self, told: Conversation) -> Tensor:
        table = self.language.model.embed_tokens
        ids = torch.tensor(told.ids, device=table.weight.device).clamp_min(0)
        embeddings: Tensor = table(ids).float()
        return embeddings

    def _through(self, layers: Any, sequence: Tensor) -> Tensor:
        """Causal, [B, L, d] → float32 [B, L, d]."""
        length, device = sequence.shape[1], sequence.device
        hidden = sequence.float()
        positions = torch.arange(length, device=device).expand(len(sequence), -1)
        # Its frequencies stay out of bf16, where neighbouring places look alike.
        cosine, sine = self._rotary[0](hidden, positions)
        mask = torch.full((length, length), _HIDDEN, device=device).triu(1)[None, None]
        for layer in layers:
            hidden = run_layer(layer, hidden, mask, cosine, sine)
        return hidden


def checkpoint_tensors(network: LlavaMiniNetwork) -> dict[str, Tensor]:
    """The network's tensors under the names of the reference's checkpoints."""
    tensors = {}
    for name, tensor in network.state_dict().items():
        if name.startswith("language."):
            own = name.removeprefix("language.")
            if own == "lm_head.weight" and network.config.language.tie_word_embeddings:
                continue
            tensors[own] = tensor
            continue
        for mine, theirs in _PARTS.items():
            if name.startswith(mine):
                tensors[theirs + name.removeprefix(mine)] = tensor
    return tensors
