"""How often to ask each picture about each claim so that words alone never tell the answer.

Every claim gets a weight for "yes" and one for "no", fitted so that over all pictures (or films)
it is asked as often with the one answer as with the other, and the more often the commoner it is,
by frequency to the power 0.75. Stateless: the same picture and the same random numbers give the
same question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from streamvid.training.turns.claims import Claim, Form, Verdicts

_FREQUENCY_POWER = 0.75
_ROUNDS = 50
_LEAST_PICTURES = 3
_ASKED_SHARE = 0.8
_COMPANION_LIFT = 3.0
_ALIKE = 0.43
"""Cosine of two names' MiniLM embeddings: a dog and a cat have 0.52, a train and a bus 0.51."""
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
Likeness = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Cosine of the meanings of n names, [n, n]."""


@dataclass(frozen=True, slots=True, eq=False)  # arrays don't compare to one bool
class Odds:
    """What can be asked of one picture: ``numbers`` of claims, the first ``yeses`` of them true.

    ``edges`` float64 [numbers]: cumulative chances. They end below 1 where the picture is to be
    asked nothing at times.
    """

    numbers: npt.NDArray[np.int64]
    yeses: int
    edges: Mass

    def pick(self, rng: Random) -> tuple[int, bool] | None:
        """Draw a claim's number and whether it holds, or nothing."""
        place = int(np.searchsorted(self.edges, rng.random(), side="right"))
        if place >= len(self.numbers):
            return None
        return int(self.numbers[place]), place < self.yeses


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
        number = self.number
        for row, verdicts in enumerate(pictures):
            true[row, [number[claim] for claim in verdicts.true if claim in number]] = True
            false[row, [number[claim] for claim in verdicts.false if claim in number]] = True
        return true, false


@dataclass(frozen=True, slots=True, eq=False)  # arrays don't compare to one bool
class Balance:
    """``yes`` and ``no`` float64 [claims]: the weight of each claim under either answer.

    A "no" about kin of what is there is ``hard`` times likelier.
    """

    universe: Universe
    yes: Mass
    no: Mass
    hard: float = HARD_FACTOR

    def odds(self, true: Marks, false: Marks) -> Odds:
        """What can be asked of one picture with these marks, bool [claims] each."""
        yes_at, no_at = np.flatnonzero(true), np.flatnonzero(false)
        yes = self.yes[yes_at]
        kin = np.any(self.universe.kinship[yes_at], axis=0)[no_at]
        no = self.no[no_at] * np.where(kin, self.hard, 1.0)
        chances = (yes / max(1.0, yes.sum()), no / max(1.0, no.sum()))
        edges = np.cumsum(np.concatenate(chances) / 2)
        return Odds(np.concatenate([yes_at, no_at]), len(yes_at), edges)


def find_universe(
    pictures: Sequence[Verdicts],
    scenes: dict[Claim, frozenset[str]],
    likeness: Likeness | None = None,
) -> Universe:
    """The claims that at least 3 pictures make true and 3 false, sorted.

    ``scenes`` names the kinds of scene a claim belongs to, for hard negatives. Claims that come
    together far more often than by chance are kin as well, named scenes or not, and so are things
    and doings that ``likeness`` finds alike, which seldom come together: a cat and a dog.
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
    kinship = np.zeros((len(claims), len(claims)), np.bool_)
    for row, mine in enumerate(tags):
        kinship[row] = [not mine.isdisjoint(theirs) for theirs in tags]
    kinship |= _companions(claims, pictures)
    if likeness is not None and claims:
        alike = likeness([claim.name for claim in claims]) >= _ALIKE
        named = np.array([claim.form in ("thing", "doing") for claim in claims])
        kinship |= alike & np.outer(named, named)
    return Universe(claims, {c: i for i, c in enumerate(claims)}, kinship)


def _companions(claims: Sequence[Claim], pictures: Sequence[Verdicts]) -> Marks:
    """Which claims go together: bool [claims, claims], symmetric."""
    number = {claim: i for i, claim in enumerate(claims)}
    true = np.zeros((len(pictures), len(claims)), np.float32)
    for row, verdicts in enumerate(pictures):
        true[row, [number[claim] for claim in verdicts.true if claim in number]] = 1.0
    together = true.T @ true
    times = np.diagonal(together)
    by_chance = np.outer(times, times) / max(1, len(pictures))
    return (together >= _LEAST_PICTURES) & (together >= _COMPANION_LIFT * by_chance)


def fit_balance(
    universe: Universe, true: Marks, false: Marks, *, hard: float = HARD_FACTOR
) -> Balance:
    """Fit the weights to rows of marks, bool [rows, claims]: pictures, captions or films."""
    related = (true.astype(np.float32) @ universe.kinship.astype(np.float32)) > 0
    yes_rows = _Sparse.of(true, np.ones((1, 1), np.float64))
    no_rows = _Sparse.of(false, np.where(related, hard, 1.0))
    often = np.minimum(true.sum(0), false.sum(0)).astype(np.float64)
    share = np.array([_FORM_SHARE[claim.form] for claim in universe.claims])
    wanted = share * often**_FREQUENCY_POWER
    # One "yes" for every row would be all that rows can bear; less leaves room to meet the rest.
    wanted *= _ASKED_SHARE * len(true) / max(wanted.sum(), 1e-9)
    wanted = np.minimum(wanted, 0.5 * often)
    yes = wanted / np.maximum(true.sum(0), 1)
    no = wanted / np.maximum(no_rows.columns(np.ones(len(true))), 1)
    for _ in range(_ROUNDS):
        got_yes, got_no = yes * _per_weight(yes_rows, yes), no * _per_weight(no_rows, no)
        # Both head for what both can reach.
        goal = np.minimum(wanted, np.minimum(got_yes, got_no) * 1.3)
        yes *= np.clip(goal / np.maximum(got_yes, 1e-12), 0.5, 2.0)
        no *= np.clip(goal / np.maximum(got_no, 1e-12), 0.5, 2.0)
    return Balance(universe, yes, no, hard)


@dataclass(frozen=True, slots=True, eq=False)  # arrays don't compare to one bool
class _Sparse:
    """Marks with their hardness as triplets: the dense products took ten times as long."""

    shape: tuple[int, int]
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    value: Mass

    @classmethod
    def of(cls, marks: Marks, values: Mass) -> _Sparse:
        row, column = np.nonzero(marks)
        found = np.broadcast_to(values, marks.shape)[row, column]
        return cls((marks.shape[0], marks.shape[1]), row, column, found)

    def rows(self, weights: Mass) -> Mass:
        sums = np.bincount(self.row, self.value * weights[self.column], self.shape[0])
        return sums.astype(np.float64)

    def columns(self, weights: Mass) -> Mass:
        sums = np.bincount(self.column, self.value * weights[self.row], self.shape[1])
        return sums.astype(np.float64)


def _per_weight(marks: _Sparse, weights: Mass) -> Mass:
    """What each claim gets from all rows per unit of its weight."""
    return marks.columns(1.0 / np.maximum(marks.rows(weights), 1.0))
