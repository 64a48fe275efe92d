"""Turns about a made-up video: what ever appears, what two scenes share, the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType

import numpy as np

from streamvid.training.turns import absent, filming, grammar, ordering, telling, wording
from streamvid.training.turns.balance import Balance, Marks, Odds, Universe, fit_balance
from streamvid.training.turns.claims import Claim, Verdicts
from streamvid.training.turns.drawing import BALANCED, draw_turns
from streamvid.training.turns.film import ASKED_FORMS, Film
from streamvid.training.turns.turn import Turn

_MEDIA = wording.VIDEO_WORDS
_SHARES: Mapping[str, float] = MappingProxyType(
    {
        BALANCED: 0.36,
        "describe": 0.07,
        "first": 0.05,
        "last": 0.05,
        "now": 0.09,
        "beside": 0.04,
        "which": 0.07,
        "earlier": 0.07,
        "when": 0.05,
        "scenes": 0.03,
        "both": 0.04,
        "fact": 0.15,
        "unseen": 0.06,
    }
)
# Films of so many scenes are fitted; each takes part of a second when first met. Between two of
# them the nearer serves: at 10 scenes weights for 12 had left 0.44 of the answers "yes".
_RUNGS = (*range(1, 17), *range(18, 33, 2), *range(36, 65, 4), *range(72, 129, 8), 192, 256, 512)
_FITTED_FILMS = 1500
_TRIES = 12
_PROPOSALS = 6


class VideoTurns:
    """Makes turns about films.

    Yes and no to "is there ever" are balanced for every claim, apart for each number of scenes: the
    weights are fitted to films put together at random from the pictures, by ``seed``.
    """

    def __init__(self, universe: Universe, true: Marks, false: Marks, seed: int) -> None:
        """``true``, ``false`` bool [pictures, claims]: what each training picture has."""
        asked = np.array([claim.form in ASKED_FORMS for claim in universe.claims], np.bool_)
        self._universe = universe
        self._true, self._false = true & asked, false & asked
        self._often = {
            claim: float(times)
            for claim, times in zip(universe.claims, self._true.sum(0), strict=True)
            if times
        }
        self._missing = dict(zip(universe.claims, self._false.sum(0).tolist(), strict=True))
        self._seed = seed
        self._balances: dict[int, Balance] = {}

    def turns(self, film: Film, rng: Random, n: int) -> list[Turn]:
        """Up to ``n`` turns about ``film``, no question twice; about a third answered no."""
        odds = self._balance(len(film.scenes)).odds(film.true, film.false)
        makers: dict[str, Callable[[], Turn | None]] = {
            BALANCED: lambda: self._ever(odds, rng),
            "describe": lambda: telling.describe(film, rng),
            "first": lambda: telling.first(film, rng),
            "last": lambda: telling.last(film, rng),
            "now": lambda: telling.now(film, rng),
            "beside": lambda: ordering.beside(film, rng),
            "which": lambda: ordering.which_first(film, rng),
            "earlier": lambda: ordering.order_yesno(film, rng),
            "when": lambda: ordering.when(film, rng),
            "scenes": lambda: telling.how_many_scenes(film, rng),
            "both": lambda: self._both(film, rng),
            "fact": lambda: telling.one_fact(film, rng),
            "unseen": lambda: self._unseen(odds, rng),
        }
        return draw_turns(makers, _SHARES, rng, n)

    def _balance(self, scenes: int) -> Balance:
        """The weights for films of about so many scenes, fitted when first asked for."""
        rung = min(_RUNGS, key=lambda rung: abs(math.log(rung / scenes)))
        if rung not in self._balances:
            picks = np.random.default_rng([self._seed, rung])
            true, false = [], []
            for _ in range(_FITTED_FILMS):
                rows = picks.integers(len(self._true), size=rung)
                true.append(self._true[rows].any(0))
                false.append(self._false[rows].all(0))
            self._balances[rung] = fit_balance(self._universe, np.array(true), np.array(false))
        return self._balances[rung]

    def _ever(self, odds: Odds, rng: Random) -> Turn | None:
        picked = odds.pick(rng)
        if picked is None:
            return None
        claim, holds = self._universe.claims[picked[0]], picked[1]
        if claim.form == "thing":
            form = rng.choice(filming.EVER).replace("{x}", rng.choice(claim.parts))
        else:
            form = rng.choice(filming.EVER_DOING)
            form = form.replace("{who}", claim.parts[0]).replace("{doing}", claim.parts[1])
        text = _agreeing(wording.fill(form, rng, media=_MEDIA), claim)
        return Turn(text, _say_ever(claim, rng, holds=holds), "yesno", claim.name)

    def _both(self, film: Film, rng: Random) -> Turn | None:
        """Of two scenes: what both show, or whether both show a thing."""
        if len(film.scenes) != 2 or film.distinct != 2:
            return None
        one, two = (scene.verdicts for scene in film.scenes)
        shared = self._things(one.true & two.true)
        if shared and rng.random() < 0.4:
            # The rarest thing says most: of "a dog" and "an animal" it is the dog.
            claim = min(shared, key=lambda claim: self._often[claim])
            question = wording.fill(rng.choice(filming.IN_BOTH), rng, media=_MEDIA)
            return Turn(question, grammar.sentence(claim.parts[0]), "order")
        picked = self._shared_or_single(one, two, rng)
        if picked is None:
            return None
        claim, holds = picked
        text = rng.choice(filming.IS_IN_BOTH).replace("{x}", claim.parts[0])
        text = _agreeing(wording.fill(text, rng, media=_MEDIA), claim)
        return Turn(text, "Yes." if holds else "No.", "yesno", f"both: {claim.name}")

    def _shared_or_single(
        self, one: Verdicts, two: Verdicts, rng: Random
    ) -> tuple[Claim, bool] | None:
        """A thing that both scenes show, or that one shows and the other surely not.

        Of all pairs p² share a thing of frequency p and 2pq have it in one only (q: how often it is
        surely missing). Things are proposed blindly and the likelier side is kept as rarely as the
        other comes up, so both come out even; few tries, because trying until one fits would
        favour what fits easily.
        """
        things = [claim for claim in self._often if claim.form == "thing"]
        weights = [self._often[claim] for claim in things]
        if not any(weights):  # a handful of captions need not name a thing that counts
            return None
        for claim in rng.choices(things, weights, k=_PROPOSALS):
            both, single = self._often[claim], 2 * self._missing[claim]
            seen = (claim in one.true) + (claim in two.true)
            sure = seen == 2 or claim in one.false or claim in two.false
            if not seen or not sure:
                continue
            kept = rng.random() * (both if seen == 2 else single) < min(both, single)
            return (claim, seen == 2) if kept else None
        return None

    def _things(self, claims: frozenset[Claim]) -> list[Claim]:
        things = (claim for claim in claims if claim.form == "thing" and claim in self._often)
        return sorted(things, key=lambda claim: claim.parts)

    def _unseen(self, odds: Odds, rng: Random) -> Turn | None:
        """An open question about a thing that is nowhere in the film."""
        for _ in range(_TRIES):
            picked = odds.pick(rng)
            claim = self._universe.claims[picked[0]] if picked and not picked[1] else None
            if claim is not None and absent.is_speakable(claim):
                turn = absent.absent_turn(claim, rng, media=_MEDIA)
                if rng.random() < 0.4 and not turn.question.startswith("How many"):
                    return Turn(turn.question, "I did not see that.", "absent", turn.concept)
                return turn
        return None


def _agreeing(text: str, claim: Claim) -> str:
    if claim.parts[0] in wording.PLURAL_THINGS or claim.parts[0].startswith("two "):
        return wording.for_plural(text)
    return text


def _say_ever(claim: Claim, rng: Random, *, holds: bool) -> str:
    if rng.random() > 0.12:
        return "Yes." if holds else "No."
    if not holds and rng.random() < 0.5:
        return f"No, I did not see {claim.name}."
    return wording.say(claim, rng, holds=holds)
