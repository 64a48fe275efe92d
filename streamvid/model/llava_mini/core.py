"""A loaded LLaVA-Mini: its parts, and the calls that both streaming and the reference's way use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from streamvid.model.llama import LanguageModel
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.prefusion import Fused, PreFusion, Text
from streamvid.model.llava_mini.vision import FrameVision, SeenFrames


@dataclass(frozen=True, slots=True, eq=False)
class LlavaMini:
    """Vision, pre-fusion and language model of one checkpoint."""

    config: LlavaMiniConfig
    vision: FrameVision
    prefusion: PreFusion
    language: LanguageModel

    def text(self, ids: Sequence[int]) -> Text:
        """Plain embeddings of ``ids``; what is below 0 stands for a picture and reads as id 0."""
        clamped = torch.tensor(list(ids), dtype=torch.long).clamp_min(0)
        return Text(tuple(ids), self.language.embed(clamped))

    def see(self, pixels: Tensor) -> SeenFrames:
        """Normalised pixels [B, P, 3, h, w] → what pre-fusion reads of each frame."""
        return self.vision.see(pixels)

    def fuse(self, seen: SeenFrames, ids: Sequence[int]) -> Fused:
        """Each frame fused with the text of ``ids``."""
        return self.prefusion.fuse(seen, self.text(ids))
