"""Frames and phrases in one space: the contrastive head of the vision tower's own CLIP.

The tower's last layers, final norm and image projection on one side, CLIP's text tower on the
other.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from streamvid.model.errors import NoTextSearchError, PromptError


class Retrieval(Protocol):
    """Embeds a frame from the tower's pooled output, and a phrase."""

    @property
    def width(self) -> int:
        """e: width of an embedding."""

    def image(self, pooled: Tensor) -> Tensor:
        """Pooled outputs [B, D] → float32 [B, e], unit length."""

    def text(self, phrase: str) -> Tensor:
        """float32 [e], unit length. Raises NoTextSearchError where there is no text tower."""


class ClipRetrieval:
    """CLIP's projections and text tower, as transformers has them."""

    def __init__(self, projection: Tensor, text: Any, tokenizer: Any) -> None:
        """``projection`` [e, D] of images; ``text`` a ``CLIPTextModelWithProjection``."""
        self._projection, self._text, self._tokenizer = projection, text.eval(), tokenizer
        self.width: int = projection.shape[0]

    @torch.inference_mode()
    def image(self, pooled: Tensor) -> Tensor:
        """Pooled outputs [B, D] → float32 [B, e], unit length."""
        return F.normalize(F.linear(pooled.float().cpu(), self._projection.float()), dim=-1)

    @torch.inference_mode()
    def text(self, phrase: str) -> Tensor:
        """float32 [e], unit length.

        CLIP reads 77 tokens: a longer phrase is read in pieces of equal length, and the mean of
        their embeddings stands for it, so that no word of a question is cut.
        """
        if not phrase.strip():
            raise PromptError("the phrase is empty; name what to look for")
        ids: list[int] = self._tokenizer(phrase, verbose=False).input_ids
        begin, words, end = ids[:1], ids[1:-1], ids[-1:]
        pieces = -(-len(words) // (self._text.config.max_position_embeddings - 2)) or 1
        size = -(-len(words) // pieces)
        found = [
            self._text(input_ids=torch.tensor([begin + words[start : start + size] + end]))
            for start in range(0, max(1, len(words)), max(1, size))
        ]
        each = [F.normalize(one.text_embeds[0].float(), dim=-1) for one in found]
        return F.normalize(torch.stack(each).mean(0), dim=-1)


class TowerOnly:
    """No projection and no text tower: frames can be compared with pictures alone."""

    def __init__(self, width: int, advice: str) -> None:
        """``advice`` says what to add where."""
        self.width, self._advice = width, advice

    def image(self, pooled: Tensor) -> Tensor:
        """Pooled outputs [B, D] → float32 [B, D], unit length."""
        return F.normalize(pooled.float().cpu(), dim=-1)

    def text(self, phrase: str) -> Tensor:
        """Raises NoTextSearchError."""
        del phrase
        raise NoTextSearchError(self._advice)
