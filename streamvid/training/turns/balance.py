"""How often to ask each picture about each claim so that words alone never tell the answer.

Every claim gets a weight for "yes" and one for "no", fitted so that over all pictures (or films)
it is asked as often with the one answer as with the other, and the more often the commoner it is,
by frequency to the power 0.75. Stateless: the same picture and the same random numbers give the
same question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from streamvid.training.turns.claims import Claim, Form, Verdicts

_FREQUENCY_POWER = 0.75
_ROUNDS = 60
_LEAST_PICTURES = 3
_ASKED_SHARE = 0.8
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
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """One claim that can be asked, its answer, and the chance of it being picked."""

    claim: Claim
    holds: bool
    chance: float


@dataclass(frozen=True, slots=True, eq=False)  # arrays don't compare to one bool
class Universe:
    """The claims that are asked about at all; ``kinship`` bool [claims, claims]: share a scene."""

    claims: tuple[Claim, ...]
    number: dict[Claim, int]
    kinship: Marks

    def marks(self, pictures: Sequence[Verdicts]) -> tuple[Marks, Marks]:
        """Which claims are true and which false of each picture: bool [pictures, claims] each."""
        true = np.zeros((len(pictures), len(self.claims)), np.bool_)
        false = np.zeros_like(true)
        for row, verdicts in enumerate(pictures):
            true[row, self._numbers(verdicts.true)] = True
            false[row, self._numbers(verdicts.false)] = True
        return true, false

    def _numbers(self, claims: frozenset[Claim]) -> list[int]:
        # Sorted: a set has no order to rely on, and the draw must repeat.
        return sorted(self.number[claim] for claim in claims if claim in self.number)


@dataclass(frozen=True, slots=True, eq=False)  # arrays don't compare to one bool
class Balance:
    """``yes`` and ``no`` float64 [claims]: the weight of each claim under either answer."""

    universe: Universe
    yes: Mass
    no: Mass

    def odds(self, verdicts: Verdicts) -> list[Asked]:
        """What can be asked of one picture, and with what chance; the same order every time.

        The chances sum to at most 1: what is missing is the chance to ask nothing at all.
        """
        marks = self.universe.marks([verdicts])
        true, false = np.flatnonzero(marks[0][0]), np.flatnonzero(marks[1][0])
        yes = self.yes[true]
        no = self.no[false] * _hardness(self.universe.kinship, marks[0])[0, false]
        claims = self.universe.claims
        half_yes, half_no = 2 * max(1.0, float(yes.sum())), 2 * max(1.0, float(no.sum()))
        return [
            *(
                Asked(claims[c], True, w / half_yes)
                for c, w in zip(true, yes.tolist(), strict=True)
            ),
            *(
                Asked(claims[c], False, w / half_no)
                for c, w in zip(false, no.tolist(), strict=True)
            ),
        ]


def pick(odds: Sequence[Asked], rng: Random) -> Asked | None:
    """Draw one of ``odds`` by its chance; None with the chance that is missing to 1."""
    left = rng.random()
    for asked in odds:
        left -= asked.chance
        if left < 0:
            return asked
    return None


def find_universe(pictures: Sequence[Verdicts], scenes: dict[Claim, frozenset[str]]) -> Universe:
    """The claims that at least 3 pictures make true and 3 false, sorted.

    ``scenes`` names the kinds of scene a claim belongs to, for hard negatives.
    """
    times: dict[Claim, list[int]] = {}
    for verdicts in pictures:
        for claim in verdicts.true:
            times.setdefault(claim, [0, 0])[0] += 1
        for claim in verdicts.false:
            times.setdefault(claim, [0, 0])[1] += 1
    fit = [claim for claim, seen in times.items() if min(seen) >= _LEAST_PICTURES]
    claims = tuple(sorted(fit, key=lambda claim: (claim.form, claim.parts)))
    tags = [scenes.get(claim, frozenset()) for claim in claims]
    kinship = np.array([[not a.isdisjoint(b) for b in tags] for a in tags], np.bool_)
    return Universe(claims, {c: i for i, c in enumerate(claims)}, kinship.reshape(len(claims), -1))


def fit_balance(universe: Universe, true: Marks, false: Marks) -> Balance:
    """Fit the weights to rows of marks, bool [rows, claims]: pictures, captions or films."""
    yes_rows = true.astype(np.float32)
    no_rows = false * _hardness(universe.kinship, true)
    often = np.minimum(true.sum(0), false.sum(0)).astype(np.float64)
    share = np.array([_FORM_SHARE[claim.form] for claim in universe.claims])
    wanted = share * often**_FREQUENCY_POWER
    # One "yes" for every row would be all that rows can bear; less leaves room to meet the rest.
    wanted *= _ASKED_SHARE * len(true) / max(wanted.sum(), 1e-9)
    wanted = np.minimum(wanted, 0.5 * often)
    yes = wanted / np.maximum(yes_rows.sum(0), 1)
    no = wanted / np.maximum(no_rows.sum(0), 1)
    for _ in range(_ROUNDS):
        got_yes, got_no = yes * _columns(yes_rows, yes), no * _columns(no_rows, no)
        # Both head for what both can reach.
        goal = np.minimum(wanted, np.minimum(got_yes, got_no) * 1.3)
        yes *= np.clip(goal / np.maximum(got_yes, 1e-12), 0.5, 2.0)
        no *= np.clip(goal / np.maximum(got_no, 1e-12), 0.5, 2.0)
    return Balance(universe, yes, no)


def _columns(rows: npt.NDArray[np.float32], weights: Mass) -> Mass:
    """What each claim gets from all rows per unit of its weight."""
    sums = np.maximum(rows @ weights.astype(np.float32), 1.0)
    return ((1.0 / sums) @ rows).astype(np.float64)


def _hardness(kinship: Marks, true: Marks) -> npt.NDArray[np.float32]:
    """HARD_FACTOR where a claim shares a scene with a true one of its row, else 1: [rows, claims]."""
    related = (true.astype(np.float32) @ kinship.astype(np.float32)) > 0
    return np.where(related, np.float32(HARD_FACTOR), np.float32(1.0))
