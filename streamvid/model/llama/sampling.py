"""Picking the next token out of logits."""

from __future__ import annotations

import torch
from torch import Tensor

from streamvid.model.seam import Sampling


def seeded(sampling: Sampling) -> torch.Generator:
    """The randomness that ``sampling.seed`` stands for."""
    return torch.Generator().manual_seed(sampling.seed)


def pick_token(logits: Tensor, sampling: Sampling, random: torch.Generator) -> int:
    """One token id out of float32 ``logits`` [vocabulary]; the likeliest at temperature 0.

    Otherwise one drawn from the smallest set of likeliest tokens whose probability reaches
    ``top_p``.
    """
    if sampling.temperature <= 0:
        return int(logits.argmax())
    chances = torch.softmax(logits.float() / sampling.temperature, -1)
    if sampling.top_p >= 1:
        return int(torch.multinomial(chances, 1, generator=random))
    ordered, ids = chances.sort(descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered
    # What lies before a token decides: the first one always stays, however likely it is.
    nucleus = ordered.masked_fill(before >= sampling.top_p, 0.0)
    return int(ids[torch.multinomial(nucleus, 1, generator=random)])
