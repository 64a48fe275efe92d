"""The values that turn making takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "caption",
    "yesno",
    "colour",
    "count",
    "where",
    "doing",
    "what",
    "order",
    "absent",
    "qa",
]
"""``absent``: asked about something that is not there. ``qa``: a pair that came with the picture.
``order`` is about videos only: what came first, last, when, how often it changed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer, both ready for the prompt: tidied, the answer ends in a stop.

    ``concept`` is what a yes/no question is about (``"a dog"``), None for other kinds; ``weight``
    is the turn's share of the loss beside others.
    """

    question: str
    answer: str
    kind: Kind
    concept: str | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class GivenPair:
    """A question and answer that came with the picture; ``statement`` joins both, or is None."""

    question: str
    answer: str
    type: str
    statement: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """A picture and what people said of it. ``image`` is a path relative to the captions folder.

    ``squashed``: the file was squeezed to a square without keeping its aspect.
    """

    image: str
    captions: tuple[str, ...]
    qa: tuple[GivenPair, ...]
    source: str
    squashed: bool
