from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.training.turns.balance import find_universe, fit_balance
from streamvid.training.turns.claims import Verdicts, claim

THINGS = [claim("thing", f"a thing{i}") for i in range(12)]


def pictures(seed: int, count: int, likely: list[float]) -> list[Verdicts]:
    rng = Random(seed)
    made = []
    for _ in range(count):
        there = {t for t, p in zip(THINGS, likely, strict=True) if rng.random() < p}
        unsure = {t for t in THINGS if rng.random() < 0.2}
        made.append(Verdicts(frozenset(there), frozenset(THINGS) - there - unsure))
    return made


def asked(balance, true, false) -> tuple[Counter[int], Counter[int]]:
    """How often each claim is expected to be asked, with yes and with no."""
    yes: Counter[int] = Counter()
    no: Counter[int] = Counter()
    for row in range(len(true)):
        odds = balance.odds(true[row], false[row])
        chances = np.diff(odds.edges, prepend=0.0)
        for place, number in enumerate(odds.numbers.tolist()):
            (yes if place < odds.yeses else no)[number] += chances[place]
    return yes, no


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.lists(st.floats(0.02, 0.98), min_size=12, max_size=12))
def test_every_claim_is_asked_as_often_with_yes_as_with_no(seed, likely):
    made = pictures(seed, 300, likely)
    universe = find_universe(made, {THINGS[0]: frozenset("a"), THINGS[1]: frozenset("a")})
    true, false = universe.marks(made)
    balance = fit_balance(universe, true, false)
    yes, no = asked(balance, true, false)
    for number in range(len(universe.claims)):
        assert yes[number] == pytest.approx(no[number], rel=0.02, abs=1e-3)
        assert yes[number] > 0


def test_chances_never_exceed_one_and_answers_match_the_marks():
    made = pictures(5, 200, [0.3] * 12)
    universe = find_universe(made, {})
    true, false = universe.marks(made)
    balance = fit_balance(universe, true, false)
    for row in range(len(made)):
        odds = balance.odds(true[row], false[row])
        assert odds.edges[-1] <= 1 + 1e-9
        picked = odds.pick(Random(row))
        if picked is not None:
            number, holds = picked
            assert (true if holds else false)[row, number]


def test_what_is_always_there_is_never_asked():
    always = [Verdicts(frozenset(THINGS[:2]), frozenset(THINGS[2:])) for _ in range(50)]
    assert find_universe(always, {}).claims == ()


def test_hard_negatives_are_likelier():
    made = pictures(1, 400, [0.3] * 12)
    related = dict.fromkeys(THINGS[:2], frozenset({"water"}))
    universe = find_universe(made, related)
    true, false = universe.marks(made)
    balance = fit_balance(universe, true, false)

    def chance_of_no(with_kin: bool) -> float:
        number = universe.number[THINGS[1]]
        kin = universe.number[THINGS[0]]
        found = []
        for row in range(len(made)):
            if false[row, number] and bool(true[row, kin]) is with_kin:
                odds = balance.odds(true[row], false[row])
                place = odds.yeses + odds.numbers[odds.yeses :].tolist().index(number)
                found.append(odds.edges[place] - odds.edges[place - 1])
        return sum(found) / len(found)

    assert chance_of_no(True) > 1.5 * chance_of_no(False)


def test_things_alike_in_meaning_are_kin_though_never_seen_together():
    one, two = THINGS[0], THINGS[1]
    made = [Verdicts(frozenset({one}), frozenset(THINGS) - {one})] * 5
    made += [Verdicts(frozenset({two}), frozenset(THINGS) - {two})] * 5

    def likeness(names):
        alike = np.eye(len(names), dtype=np.float32)
        alike[names.index(one.name), names.index(two.name)] = 0.6
        alike[names.index(two.name), names.index(one.name)] = 0.6
        return alike

    for given_likeness, kin in ((None, False), (likeness, True)):
        universe = find_universe(made, {}, given_likeness)
        assert universe.kinship[universe.number[one], universe.number[two]] == kin


def test_without_hardness_kin_are_asked_no_more_than_others():
    made = pictures(1, 400, [0.3] * 12)
    universe = find_universe(made, dict.fromkeys(THINGS[:2], frozenset({"water"})))
    true, false = universe.marks(made)
    plain = fit_balance(universe, true, false, hard=1.0)
    yes, no = asked(plain, true, false)
    assert yes[0] == pytest.approx(no[0], rel=0.02)
    row = next(r for r in range(len(made)) if true[r, universe.number[THINGS[0]]])
    odds = plain.odds(true[row], false[row])
    chances = np.diff(odds.edges, prepend=0.0)[odds.yeses :] / plain.no[odds.numbers[odds.yeses :]]
    assert chances == pytest.approx(chances[0])
