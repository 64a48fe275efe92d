"""How often to ask each picture about each claim so that words alone never tell the answer.

Every claim gets a weight for "yes" and one for "no", fitted so that over all pictures it is asked
as often with the one answer as with the other, and the more often the commoner it is, by frequency
to the power 0.75. Stateless: the same picture and the same random numbers give the same question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamvid.training.turns.claims import Claim, Form, Verdicts

_FREQUENCY_POWER = 0.75
_ROUNDS = 60
_LEAST_PICTURES = 3
_FORM_SHARE: dict[Form, float] = {
    "thing": 1.0,
    "doing": 1.0,
    "state": 0.8,
    "colour": 0.5,
    "wear": 0.7,
    "count": 0.12,
    "place": 0.15,
}
"""Of each form, how often it is asked against its frequency: counts and places are true or false
of nearly every picture and would drown the rest."""

HARD_FACTOR = 4.0
"""A "no" about something of the same kind of scene as what is there is so much likelier."""

Mass = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)  # arrays don't compare to one bool
class Balance:
    """``yes`` and ``no`` float64 [claims]: the weight of each claim under either answer."""

    claims: tuple[Claim, ...]
    number: dict[Claim, int]
    scenes: tuple[frozenset[str], ...]
    yes: Mass
    no: Mass

    def odds(self, verdicts: Verdicts) -> tuple[list[Claim], list[bool], Mass]:
        """The claims that can be asked of one picture, their answers, and their probabilities.

        The probabilities sum to at most 1; what is missing is the chance to ask none at all.
        """
        true = [self.number[claim] for claim in verdicts.true if claim in self.number]
        false = [self.number[claim] for claim in verdicts.false if claim in self.number]
        true.sort()
        false.sort()  # sets have no order to rely on
        yes = self.yes[true]
        no = self.no[false] * _hardness(self.scenes, true, false)
        weights = np.concatenate([yes / (2 * max(1.0, yes.sum())), no / (2 * max(1.0, no.sum()))])
        numbers = true + false
        answers = [True] * len(true) + [False] * len(false)
        return [self.claims[number] for number in numbers], answers, weights


def fit_balance(
    pictures: Sequence[Verdicts], scenes: dict[Claim, frozenset[str]] | None = None
) -> Balance:
    """Fit the weights to ``pictures``; claims that fewer than 3 make true or false are left out.

    ``scenes`` names the kinds of scene a claim belongs to, for hard negatives.
    """
    claims = _askable(pictures)
    number = {claim: index for index, claim in enumerate(claims)}
    tags = tuple((scenes or {}).get(claim, frozenset()) for claim in claims)
    shape = (len(pictures), len(claims))
    true, false = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, verdicts in enumerate(pictures):
        here = [number[claim] for claim in verdicts.true if claim in number]
        there = [number[claim] for claim in verdicts.false if claim in number]
        true[row, here] = 1
        false[row, there] = _hardness(tags, here, there)
    often = np.minimum(true.sum(0), (false > 0).sum(0))
    share = np.array([_FORM_SHARE[claim.form] for claim in claims])
    wanted = share * often**_FREQUENCY_POWER
    # As many questions as rows would be one "yes" a picture; a little less leaves room to meet it.
    wanted *= 0.8 * len(pictures) / max(wanted.sum(), 1e-9)
    wanted = np.minimum(wanted, 0.5 * often)
    yes = wanted / np.maximum(true.sum(0), 1)
    no = wanted / np.maximum(false.sum(0), 1)
    for _ in range(_ROUNDS):
        got_yes, got_no = yes * _columns(true, yes), no * _columns(false, no)
        # Both head for what both can reach.
        goal = np.minimum(wanted, np.minimum(got_yes, got_no) * 1.3)
        yes *= np.clip(goal / np.maximum(got_yes, 1e-12), 0.5, 2.0)
        no *= np.clip(goal / np.maximum(got_no, 1e-12), 0.5, 2.0)
    got_yes, got_no = yes * _columns(true, yes), no * _columns(false, no)
    return Balance(tuple(claims), number, tags, yes, no)


def _askable(pictures: Sequence[Verdicts]) -> list[Claim]:
    times: dict[Claim, list[int]] = {}
    for verdicts in pictures:
        for claim in verdicts.true:
            times.setdefault(claim, [0, 0])[0] += 1
        for claim in verdicts.false:
            times.setdefault(claim, [0, 0])[1] += 1
    fit = [claim for claim, seen in times.items() if min(seen) >= _LEAST_PICTURES]
    return sorted(fit, key=lambda claim: (claim.form, claim.parts))


def _columns(matrix: npt.NDArray[np.float32], weights: Mass) -> Mass:
    """What each claim gets from all pictures per unit of its weight."""
    rows = np.maximum(matrix @ weights.astype(np.float32), 1.0)
    return ((1.0 / rows) @ matrix).astype(np.float64)


def _hardness(
    scenes: Sequence[frozenset[str]], true: Sequence[int], false: Sequence[int]
) -> npt.NDArray[np.float64]:
    """HARD_FACTOR for each claim of ``false`` that shares a scene with one of ``true``, else 1."""
    here = frozenset().union(*(scenes[number] for number in true))
    return np.array(
        [1.0 if here.isdisjoint(scenes[number]) else HARD_FACTOR for number in false], np.float64
    )
