"""One step of training, and which parameters learn how fast: the same for every network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from streamvid.training.masters import Group, Masters
from streamvid.training.stages import Stage

WEIGHT_DECAY = 0.02
"""On what starts from nothing; trained weights are left to drift."""
_CLIP = 1.0


def parameter_groups(names: Sequence[str], stage: Stage) -> list[Group]:
    """``names`` that ``stage`` trains, with its rates: ``language.*`` is the language model,
    ``layers.*`` pre-fusion, everything else new."""
    known = ("language.", "layers.")
    groups = [
        Group([n for n in names if not n.startswith(known)], stage.new_rate, WEIGHT_DECAY),
        Group([n for n in names if n.startswith("layers.")], stage.copied_rate, 0.0),
        Group([n for n in names if n.startswith("language.")], stage.language_rate, 0.0),
    ]
    return [group for group in groups if group.rate]


def answer_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the cross-entropy of logits [K, V] with ``targets`` [K]."""
    losses = F.cross_entropy(logits, targets, reduction="none")
    return (losses * weights).sum() / weights.sum()


def take_step(
    masters: Masters, optimizer: torch.optim.Optimizer, losses: Iterable[Tensor]
) -> float:
    """Gradients of all ``losses`` added up, clipped, one step of ``optimizer``; gives their sum.

    They are taken one by one: what one needs for its gradients is freed before the next is made.
    """
    total = 0.0
    for loss in losses:
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    masters.step(optimizer, clip=_CLIP)
    return total
