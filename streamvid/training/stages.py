"""The stages of training: what learns, how fast, on what, for how long.

Source: LLaVA-Mini (arXiv 2501.03895), Table 9. Its stage 1 (language model frozen) is ``warmup``
here; compressor and pre-fusion train along, since both start from useful weights. Its stage 2
(instruction tuning, language model trained) is ``main`` and ``cooldown``: the rate stays level in
``main``, so that it can be prolonged at any time, and falls to nothing in ``cooldown``. ``closing``
starts from the mean of all cooled weights and settles what the mean leaves askew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Stage:
    """``new_rate`` for what starts from nothing, ``copied_rate`` for the pre-fusion layers,
    ``language_rate`` for the language model (0: frozen)."""

    name: str
    new_rate: float
    copied_rate: float
    language_rate: float
    films: bool
    falls: bool

    def rate_at(self, step: int, steps: int) -> float:
        """Factor on the rates at ``step`` of ``steps``: a short rise, then level or a fall."""
        rise = min(1.0, (step + 1) / 40)
        if not self.falls:
            return rise
        return 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


WARMUP = Stage("warmup", 1e-3, 2e-4, 0.0, films=False, falls=False)
MAIN = Stage("main", 5e-4, 1e-4, 1e-4, films=True, falls=False)
COOLDOWN = Stage("cooldown", 5e-4, 1e-4, 1e-4, films=True, falls=True)
CLOSING = Stage("closing", 2e-4, 4e-5, 4e-5, films=True, falls=True)

LlavaMiniStageName = Literal["alignment", "instruction"]
"""Stages 1 and 2 of Table 9 at its own rates: the projector alone in front of a frozen language
model, without compressor and pre-fusion; then everything but the tower."""
LLAVA_MINI_STAGES: Mapping[LlavaMiniStageName, Stage] = MappingProxyType(
    {
        "alignment": Stage("alignment", 1e-3, 0.0, 0.0, films=False, falls=True),
        "instruction": Stage("instruction", 1e-5, 1e-5, 1e-4, films=True, falls=True),
    }
)
_WARM_UP = 0.03
"""Share of LLaVA-Mini's steps over which rates rise, in both stages."""


def warmed_cosine(step: int, steps: int) -> float:
    """Table 9's factor on the rates at ``step`` (from 0) of ``steps``: a rise, a cosine's fall."""
    rising = max(1, math.ceil(_WARM_UP * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
