"""Which other picture or clip stands in for each, so that what remains right is guessing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


def twins_of(names: Sequence[str], seed: int) -> dict[str, str]:
    """Another of ``names`` for each, by seed: one round through all, nobody keeps itself.

    Depends on the set of names only. A single name has no other and gets itself.
    """
    order = sorted(set(names))
    Random(seed).shuffle(order)
    return {name: order[(place + 1) % len(order)] for place, name in enumerate(order)}
