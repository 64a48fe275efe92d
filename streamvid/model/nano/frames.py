"""From stills to grid and vision tokens: the part of nano ahead of its pre-fusion layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from streamvid.model.nano import fused_tower
from streamvid.model.nano.tower import IMAGE_PX, PatchFeatures, Tower
from streamvid.model.nano.vision import Vision, VisionOutput
from streamvid.model.seam import Picture
from streamvid.model.stretching import stretched


class FrameEncoder:
    """Tower and ``Vision`` in one floating-point type, inference only."""

    def __init__(self, tower: Tower, vision: Vision, *, dtype: torch.dtype) -> None:
        # Convolutions want channels last: twice the speed of the default layout on CPUs.
        tower = tower.to(dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._tower: Callable[[Tensor], PatchFeatures] = tower
        if fused_tower.is_available(dtype):
            self._tower = fused_tower.FusedTower(tower)
        self._vision = vision.to(dtype).eval()
        # The ranking of moments is worth fp32; the head is small.
        self._vision.retrieval.float()
        self.dtype = dtype

    @torch.inference_mode()
    def encode(self, stills: Sequence[Picture]) -> VisionOutput:
        """Grid [B, N, d] and tokens [B, 1, d] ahead of pre-fusion, embeddings float32 [B, 384]."""
        output: VisionOutput = self._vision(self._tower(squares(stills)))
        return output

    @torch.inference_mode()
    def embed(self, picture: Picture) -> Tensor:
        """Retrieval embedding of one picture, float32 [384]."""
        return self._vision.embed(self._tower(squares([picture])))[0]


def squares(stills: Sequence[Picture]) -> Tensor:
    """[B, 3, 256, 256] float, channels last, of stills of any sizes.

    Stretched to a square, antialiased: most training pictures reached us squeezed so, and in use
    frames must look the same (docs/training.md).
    """
    resized = stretched(stills, IMAGE_PX)
    return resized.float().contiguous(memory_format=torch.channels_last)


def build_vision(
    tower: Tower, tensors: Mapping[str, Tensor], *, width: int, embedding_rms: float
) -> Vision:
    """``Vision`` with its trained tensors (names after ``vision.``) and the tower's frozen ones."""
    vision = Vision(width, embedding_rms=embedding_rms)
    own = {
        name.removeprefix("vision."): tensor
        for name, tensor in tensors.items()
        if name.startswith("vision.")
    }
    vision.load_state_dict(own, strict=False)
    vision.copy_frozen(tower)
    return vision
