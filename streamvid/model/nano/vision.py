"""Everything of nano between the tower and the language model's width, as one trainable module."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from streamvid.model.nano.compressor import Compressor
from streamvid.model.nano.patches import PatchEmbedding
from streamvid.model.nano.projector import Projector
from streamvid.model.nano.retrieval_head import RetrievalHead, pool
from streamvid.model.nano.tower import CLASSES, HEAD_WIDTH, PatchFeatures, Tower


@dataclass(frozen=True, slots=True, eq=False)
class VisionOutput:
    """``grid`` [B, N, d] and ``token`` [B, 1, d], ahead of pre-fusion; ``embedding`` [B, 384]."""

    grid: Tensor
    token: Tensor
    embedding: Tensor


class Vision(nn.Module):
    """Patch embedding → compressor and projector, with the retrieval head beside them."""

    def __init__(self, width: int, *, embedding_rms: float) -> None:
        super().__init__()
        self.patches = PatchEmbedding()
        self.classifier = nn.Linear(HEAD_WIDTH, CLASSES).requires_grad_(requires_grad=False)
        self.retrieval = RetrievalHead()
        self.compressor = Compressor(width, embedding_rms=embedding_rms)
        self.projector = Projector(width, embedding_rms=embedding_rms)

    def copy_frozen(self, tower: Tower) -> None:
        """Take the tower's head and classifier, which stay as they are."""
        self.patches.copy_head(tower)
        self.classifier.load_state_dict(tower.classifier.state_dict())

    def embed(self, features: PatchFeatures) -> Tensor:
        """Retrieval embeddings, float32 [B, 384], unit length."""
        return self._embed(features, self.patches.deep(features))

    def forward(self, features: PatchFeatures, embedding: Tensor | None = None) -> VisionOutput:
        """See ``VisionOutput``. In training ``embedding`` is given: a head knows the pictures that
        it was trained on too well, so theirs come from a head that has not seen them."""
        deep = self.patches.deep(features)
        if embedding is None:
            embedding = self._embed(features, deep)
        patches = self.patches(features, deep)
        logits = self.classifier(deep.to(self.classifier.weight.dtype).mean(1))
        token = self.compressor(patches, logits, embedding)
        return VisionOutput(self.projector(patches), token, embedding)

    def _embed(self, features: PatchFeatures, deep: Tensor) -> Tensor:
        pooled = pool(features, deep).to(self.retrieval.up.weight.dtype)
        embedding: Tensor = self.retrieval(pooled)
        return embedding
