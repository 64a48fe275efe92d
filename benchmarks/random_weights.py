"""LLaVA-Mini of any size with random weights: sizes and times are real, answers are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from streamvid.model.llama import Precision
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.loading import build_core, expected_shapes
from streamvid.model.llava_mini.vision_tower import VisionTower

CLIP_L_336 = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
}
_DEVIATION = 0.02
_DRAWN = 1 << 20


class RandomTensors(Mapping[str, Tensor]):
    """Every tensor that a checkpoint of ``config`` holds, made when it is asked for, in bf16.

    A million numbers are drawn once and repeated with another start in each tensor: drawing eight
    thousand million would take minutes and change no time that is measured.
    """

    def __init__(self, config: LlavaMiniConfig, seed: int = 0) -> None:
        self._shapes = expected_shapes(config)
        generator = torch.Generator().manual_seed(seed)
        self._drawn = (torch.randn(_DRAWN, generator=generator) * _DEVIATION).to(torch.bfloat16)
        self._starts = {name: 7919 * place for place, name in enumerate(self._shapes)}

    def __getitem__(self, name: str) -> Tensor:
        shape = self._shapes[name]
        if len(shape) == 1 and "norm" in name:
            return torch.ones(shape, dtype=torch.bfloat16)
        count = torch.Size(shape).numel()
        drawn = self._drawn.roll(self._starts[name] % _DRAWN)
        return drawn.repeat(-(-count // _DRAWN))[:count].view(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


def random_llava_mini(
    config: LlavaMiniConfig,
    tower_sizes: Mapping[str, int],
    precision: Precision,
    *,
    device: str | None = None,
) -> LlavaMini:
    """The model of ``config``, each matrix stored in ``precision`` as soon as it is made."""
    from transformers import CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(0)
    dtype = torch.float32 if precision.prefill == "fp32" else torch.bfloat16
    sizes: dict[str, Any] = dict(tower_sizes)
    tower: Any = CLIPVisionModel(CLIPVisionConfig(**sizes))
    tower.to(dtype)
    vision = VisionTower(tower, config.vision_layer)
    return build_core(config, RandomTensors(config), vision, precision, device=device)
