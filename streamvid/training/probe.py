"""Quick figures during training, from logits on dev pictures: does the model see?

Teacher-forced: an answer counts as right where every token of it has the highest logit, which is
when greedy decoding would give exactly it. The evaluation proper (``streamvid.evaluation``)
decodes.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from streamvid.model.nano.prompt import Prompt
from streamvid.training.material import Material
from streamvid.training.mixture import Mixture
from streamvid.training.network import Network
from streamvid.training.rows import Batch, Row, batch_rows
from streamvid.training.turns import Turn

_BATCH = 16
_CAPTION_REQUEST = "Describe the picture."


@dataclass(frozen=True, slots=True)
class _Judged:
    """One turn's outcome: summed loss and number of its tokens, and whether all were right."""

    turn: Turn
    loss: float
    tokens: int
    right: bool


def probe(
    network: Network, prompt: Prompt, material: Material, dev: Mixture, *, pictures: int
) -> dict[str, float]:
    """Figures by name, over the first ``pictures`` dev pictures and an eighth as many films.

    ``caption_nll`` and ``caption_nll_wrong`` (every picture replaced by another): their gap is what
    comes from looking. ``yes``, ``no``: recalls; ``<kind>``: share of such answers right to the
    token; ``film_`` before a name: of films.
    """
    network.eval()
    rng = random.Random(7)
    rows = [_plain(dev.picture(i, rng)) for i in range(min(pictures, len(dev.examples)))]
    captioned = [
        replace(row, turns=(Turn(_CAPTION_REQUEST, caption, "caption"),))
        for i, row in enumerate(rows)
        for caption in dev.examples[i].captions[:1]
    ]
    shifted = [
        replace(row, frames=other.frames)
        for row, other in zip(captioned, captioned[1:] + captioned[:1], strict=True)
    ]
    films = [dev.film(rng) for _ in range(len(rows) // 8)]
    with torch.inference_mode():
        figures = {
            "caption_nll": _nll(_judge(network, prompt, material, captioned)),
            "caption_nll_wrong": _nll(_judge(network, prompt, material, shifted)),
        }
        figures |= _shares(_judge(network, prompt, material, rows), "")
        figures |= _shares(_judge(network, prompt, material, films), "film_")
    network.train()
    return figures


def _plain(row: Row) -> Row:
    return replace(row, frames=tuple(replace(frame, view=0) for frame in row.frames))


def _judge(
    network: Network, prompt: Prompt, material: Material, rows: Sequence[Row]
) -> list[_Judged]:
    out: list[_Judged] = []
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        batch = batch_rows(part, prompt)
        logits = network(batch, *material.inputs(batch))
        out += _outcomes(part, batch, logits)
    return out


def _outcomes(rows: Sequence[Row], batch: Batch, logits: Tensor) -> list[_Judged]:
    chosen = batch.targets >= 0
    targets = batch.targets[chosen]
    losses = F.cross_entropy(logits, targets, reduction="none")
    right = logits.argmax(-1) == targets
    owners = batch.segments[chosen]  # the turn of each target
    lines = torch.arange(len(rows))[:, None].expand_as(batch.targets)[chosen]
    out = []
    for line, row in enumerate(rows):
        for number, turn in enumerate(row.turns, start=1):
            own = (lines == line) & (owners == number)
            out.append(
                _Judged(turn, float(losses[own].sum()), int(own.sum()), bool(right[own].all()))
            )
    return out


def _nll(judged: Sequence[_Judged]) -> float:
    return sum(one.loss for one in judged) / max(1, sum(one.tokens for one in judged))


def _shares(judged: Sequence[_Judged], before: str) -> dict[str, float]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for one in judged:
        name: str = one.turn.kind
        if name == "yesno":
            name = "yes" if one.turn.answer.lower().startswith("yes") else "no"
        groups[before + name].append(one.right)
    return {name: sum(group) / len(group) for name, group in sorted(groups.items())}
