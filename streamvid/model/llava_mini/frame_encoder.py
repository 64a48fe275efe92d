"""From stills to what pre-fusion reads of them and to their retrieval embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from streamvid.model.llava_mini.pixels import (
    Geometry,
    Normalisation,
    reference_frame,
    split_parts,
    squares,
)
from streamvid.model.llava_mini.retrieval import Retrieval
from streamvid.model.llava_mini.vision import FrameVision, SeenFrames
from streamvid.model.seam import Picture

FrameGeometry = Literal["stretch", "square", "pad", "reference"]
"""``reference`` is the reference's resampling of a video's frames, bit by bit."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameEncoder:
    """Geometry, tower, compressor and projector of one checkpoint in one precision."""

    vision: FrameVision
    retrieval: Retrieval
    normalise: Normalisation
    geometry: FrameGeometry
    ratio: int
    """r: an HD frame is seen as r x r crops and the whole."""

    def pixels(self, stills: Sequence[Picture]) -> Tensor:
        """Normalised float32 [B, P, 3, h, w]."""
        side = self.vision.tower.image_px
        if self.geometry == "reference":
            parts = torch.stack([reference_frame(one, side, ratio=self.ratio) for one in stills])
        else:
            geometry: Geometry = self.geometry
            cut = [part for still in stills for part in split_parts(still, self.ratio)]
            parts = squares(cut, side, geometry).view(len(stills), -1, 3, side, side)
        return self.normalise(parts)

    @torch.inference_mode()
    def see(self, stills: Sequence[Picture]) -> SeenFrames:
        """What pre-fusion reads of each still."""
        return self.vision.see(self.pixels(stills))

    @torch.inference_mode()
    def see_and_embed(self, stills: Sequence[Picture]) -> tuple[SeenFrames, Tensor]:
        """As ``see``, and retrieval embeddings float32 [B, e] of the whole stills."""
        pixels, tower = self.pixels(stills), self.vision.tower
        whole, pooled = tower.features_and_pooled(pixels[:, -1])
        features = whole[:, None]
        if pixels.shape[1] > 1:
            crops = tower.features(pixels[:, :-1].flatten(0, 1))
            crops = crops.view(len(stills), -1, *crops.shape[1:])
            features = torch.cat((crops, features), dim=1)
        return self.vision.project(features), self.retrieval.image(pooled)

    @torch.inference_mode()
    def embed(self, picture: Picture) -> Tensor:
        """Retrieval embedding float32 [e] of one picture."""
        whole = self.pixels([picture])[:, -1]
        return self.retrieval.image(self.vision.tower.features_and_pooled(whole)[1])[0]
