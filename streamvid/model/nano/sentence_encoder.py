"""MiniLM: the text side of retrieval. A phrase becomes a unit vector of 384 numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

_MAX_TOKENS = 128


class SentenceEncoder:
    """``all-MiniLM-L6-v2`` from its folder: mean of the last states over real tokens, unit length.

    Source: Reimers and Gurevych, Sentence-BERT (arXiv 1908.10084), mean pooling.
    """

    def __init__(self, folder: Path, *, dtype: torch.dtype = torch.float32) -> None:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder, dtype=dtype).eval()

    def encode(self, phrases: Sequence[str], *, batch: int = 64) -> Tensor:
        """Unit vectors, float32 [len(phrases), 384]; what lies past 128 tokens is left out."""
        # Neighbours in length share a batch, so that little of it is padding.
        order = sorted(range(len(phrases)), key=lambda i: len(phrases[i]))
        out = torch.empty(len(phrases), self._model.config.hidden_size)
        with torch.inference_mode():
            for start in range(0, len(order), batch):
                chosen = order[start : start + batch]
                out[chosen] = self._encode_batch([phrases[i] for i in chosen])
        return out

    def _encode_batch(self, phrases: list[str]) -> Tensor:
        inputs = self._tokenizer(
            phrases, return_tensors="pt", padding=True, truncation=True, max_length=_MAX_TOKENS
        )
        states = self._model(**inputs).last_hidden_state.float()  # [n, L, 384]
        mask = inputs["attention_mask"][..., None].float()  # [n, L, 1]
        return F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
