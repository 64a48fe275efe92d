"""Trains the retrieval head: pictures against the sentence embeddings of their captions.

Source: InfoNCE as in CLIP (arXiv 2103.00020), with the text side frozen. Captions of other pictures
in a batch that say nearly the same are no negatives: the targets are soft, by caption likeness.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from streamvid.model.nano.retrieval_head import EMBEDDING_WIDTH, RetrievalHead


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """Of one training run; found on the dev pictures (docs/training.md)."""

    epochs: int = 40
    batch: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    dropout: float = 0.6
    hidden: int = 1024
    caption_noise: float = 0.5
    soften: float = 0.2
    likeness_temperature: float = 0.1


def train_head(
    pooled: Tensor,
    captions: Sequence[Tensor],
    chosen: Sequence[int],
    *,
    settings: RetrievalSettings,
    seed: int,
) -> RetrievalHead:
    """A head trained on the pictures ``chosen``.

    ``pooled`` [pictures, views, 3544]; ``captions[i]`` [n_i, 384] are the unit sentence embeddings
    of picture i's captions.
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout and initial weights
    head = RetrievalHead(hidden=settings.hidden, dropout=settings.dropout).train()
    numbers = torch.tensor(list(chosen))
    with torch.no_grad():
        flat = pooled[numbers].float().flatten(0, 1)
        head.mean.copy_(flat.mean(0))
        head.deviation.copy_(flat.std(0) + 1e-3)
    scale = torch.nn.Parameter(torch.tensor(math.log(1 / 0.05)))
    optimizer = torch.optim.AdamW(
        [
            {"params": list(head.parameters()), "weight_decay": settings.weight_decay},
            {"params": [scale], "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
    )
    batches = max(1, len(numbers) // settings.batch)
    steps = settings.epochs * batches
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(1.0, step / 50) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))),
    )
    for _ in range(settings.epochs):
        order = numbers[torch.randperm(len(numbers), generator=generator)]
        for part in order.tensor_split(batches):
            views = torch.randint(pooled.shape[1], (len(part),), generator=generator)
            text = torch.stack(
                [
                    captions[i][int(torch.randint(len(captions[i]), (), generator=generator))]
                    for i in part.tolist()
                ]
            )
            loss = _loss(head, pooled[part, views].float(), text, scale, settings, generator)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return head.eval()


def _loss(
    head: RetrievalHead,
    pooled: Tensor,
    text: Tensor,
    scale: Tensor,
    settings: RetrievalSettings,
    generator: torch.Generator,
) -> Tensor:
    noise = torch.randn(text.shape, generator=generator) / math.sqrt(EMBEDDING_WIDTH)
    noisy = F.normalize(text + settings.caption_noise * noise, dim=-1)
    logits = head(pooled) @ noisy.T * scale.exp().clamp(max=100)
    likeness = (text @ text.T / settings.likeness_temperature).softmax(-1)
    targets = (1 - settings.soften) * torch.eye(len(text)) + settings.soften * likeness
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2


def cross_fitted(
    pooled: Tensor,
    captions: Sequence[Tensor],
    train: Sequence[int],
    *,
    settings: RetrievalSettings,
    seed: int,
    folds: int = 5,
) -> Tensor:
    """Embeddings [len(train), views, 384] of training pictures by heads that did not see them.

    A head ranks the pictures it was trained on far better than new ones. A model that is shown such
    embeddings in training learns to trust them more than they deserve in use.
    """
    shuffled = np.random.default_rng(seed).permutation(len(train))
    out = torch.empty(len(train), pooled.shape[1], EMBEDDING_WIDTH)
    for fold in range(folds):
        left_out = shuffled[fold::folds]
        kept = sorted(set(range(len(train))) - set(left_out.tolist()))
        head = train_head(
            pooled,
            captions,
            [train[i] for i in kept],
            settings=settings,
            seed=seed + 1 + fold,
        )
        with torch.inference_mode():
            for i in left_out.tolist():
                out[i] = head(pooled[train[i]].float())
    return out


def recall_at(
    embeddings: Tensor, captions: Sequence[Tensor], ranks: Sequence[int] = (1, 5, 10)
) -> dict[int, float]:
    """Share of captions whose picture is in the first k, of ``embeddings`` [n, 384]."""
    text = torch.cat(list(captions))
    own = torch.tensor([i for i, group in enumerate(captions) for _ in range(len(group))])
    scores = text @ embeddings.T  # [captions, n]
    place = (scores > scores.gather(1, own[:, None])).sum(1)
    return {k: float((place < k).float().mean()) for k in ranks}
