"""Drawing a mix of turns of several kinds, without asking anything twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from random import Random
from typing import TypeVar

from streamvid.training.turns.turn import Turn

BALANCED = "yesno"
"""The name of the kind that must not fill gaps."""

_TRIES = 8
_Name = TypeVar("_Name", bound=str)


def draw_turns(
    makers: Mapping[_Name, Callable[[], Turn | None]],
    shares: Mapping[_Name, float],
    rng: Random,
    n: int,
) -> list[Turn]:
    """Draw ``n`` kinds by their shares; where one gives nothing, another kind fills its place.

    Yes and no are tried exactly as often for every picture, never to fill a gap: pictures with
    little else to ask would bend the balance.
    """
    drawn = rng.choices(list(makers), weights=[shares[name] for name in makers], k=n)
    filling = [name for name in makers if name != BALANCED]
    edges = list(accumulate(shares[name] for name in filling))
    turns: list[Turn] = []
    asked: set[str] = set()
    told: set[str] = set()
    for first in drawn:
        name = first
        for _ in range(_TRIES):
            turn = makers[name]()
            # The same caption to two requests teaches nothing new; a "yes" to two questions does.
            stale = turn is None or turn.question in asked or turn.answer in told
            if turn is not None and not stale:
                asked.add(turn.question)
                if turn.kind == "caption":
                    told.add(turn.answer)
                turns.append(turn)
                break
            name = rng.choices(filling, cum_weights=edges)[0]
    return turns
