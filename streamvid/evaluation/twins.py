"""Which other picture or clip stands in for each, so that what remains right is guessing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

_Asked = TypeVar("_Asked")


def twins_of(names: Sequence[str], seed: int) -> dict[str, str]:
    """Another of ``names`` for each, by seed: one round through all, nobody keeps itself.

    Depends on the set of names only. A single name has no other and gets itself.
    """
    order = _round(names, seed)
    return {name: order[(place + 1) % len(order)] for place, name in enumerate(order)}


def along_the_round(
    asked: Sequence[_Asked], name_of: Callable[[_Asked], str], seed: int
) -> list[_Asked]:
    """``asked`` sorted along the round of ``twins_of``: each one's twin is the next to be asked.

    Whoever keeps the last few pictures then encodes each of them once, not twice a question.
    """
    names = [name_of(one) for one in asked]
    places = {name: place for place, name in enumerate(_round(names, seed))}
    return sorted(asked, key=lambda one: places[name_of(one)])


def _round(names: Sequence[str], seed: int) -> list[str]:
    order = sorted(set(names))
    Random(seed).shuffle(order)
    return order
