"""Turns out of pictures and captions: the whole of turn making behind one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from random import Random
from types import MappingProxyType

import numpy as np

from streamvid.training.turns import absent, grammar, wording
from streamvid.training.turns.balance import Likeness, Marks, Odds, find_universe, fit_balance
from streamvid.training.turns.claims import Claim
from streamvid.training.turns.drawing import draw_turns
from streamvid.training.turns.errors import NoExamplesError
from streamvid.training.turns.facts import Fact
from streamvid.training.turns.film import make_film
from streamvid.training.turns.given import given_turn
from streamvid.training.turns.reading import Reader, Reading
from streamvid.training.turns.sightings import Sighting
from streamvid.training.turns.turn import Example, Kind, Turn
from streamvid.training.turns.videos import VideoTurns

DEFAULT_MIX: Mapping[Kind, float] = MappingProxyType(
    {
        "caption": 0.25,
        "yesno": 0.40,
        "colour": 0.08,
        "doing": 0.07,
        "what": 0.07,
        "where": 0.06,
        "count": 0.03,
        "absent": 0.04,
        "qa": 0.25,
    }
)
"""How often each kind is tried for a picture. Kinds a picture cannot give leave room to the rest,
so ``qa`` weighs only where pairs were given."""

_TEXT_ROWS = 4000
_OTHERS_KEPT = 1024
_COOLDOWN_HARDNESS = 2.0
"""How much likelier a "no" is about kin; ``fit_balance`` has what it is before that."""
_LEFT_OUT = {"One.": 0.6, "Outdoors.": 0.85}


class TurnMaker:
    """Makes turns about pictures, single captions, and videos put together from pictures.

    Built from the training examples: they settle which things are asked about and how often, so
    that each is as often there as not. Reading is cached by image: 8,100 pictures took 9 s of
    one core and 300 MB.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        seed: int,
        *,
        mix: Mapping[Kind, float] = DEFAULT_MIX,
        likeness: Likeness | None = None,
        sightings: Mapping[str, Sighting] | None = None,
    ) -> None:
        """``seed`` picks the captions that the text-only balance is fitted to.

        With ``likeness`` a "no" is the likelier about what is like something that is there;
        ``sightings`` by image are things that a classifier saw, to ask about as well.

        Raises NoExamplesError without an example that has a caption or a given pair.
        """
        usable = [example for example in examples if example.captions or example.qa]
        if not usable:
            raise NoExamplesError("no example has a caption or a question; check the split's name")
        self.mix = dict(mix)
        self.reader = Reader(usable, sightings=sightings)
        self._read_other = lru_cache(maxsize=_OTHERS_KEPT)(self.reader.read)
        self._readings = {example.image: self.reader.read(example) for example in usable}
        scenes = {c: concept.scenes for c, concept in self.reader.by_claim.items()}
        readings = list(self._readings.values())
        verdicts = [reading.verdicts for reading in readings]
        universe = find_universe(verdicts, scenes, likeness)
        self._true, self._false = true, false = universe.marks(verdicts)
        self._rows = {image: row for row, image in enumerate(self._readings)}
        self.balance = fit_balance(universe, true, false)
        self._absent = absent.AbsentThings.count(r.verdicts for r in readings)
        self._videos = VideoTurns(universe, true, false, seed)
        captions = [caption for example in usable for caption in example.captions]
        Random(seed).shuffle(captions)
        alone = [self.reader.read_text(text).verdicts for text in captions[:_TEXT_ROWS]]
        self.text_balance = fit_balance(universe, *universe.marks(alone)) if alone else self.balance

    def for_cooldown(self) -> TurnMaker:
        """A maker of what a model is to end with, nearer to what people ask.

        Fewer noes about single pictures are about kin of what is there, and colours are asked for
        twice as often; films are asked as before.
        """
        other = copy(self)
        hard = _COOLDOWN_HARDNESS
        other.balance = fit_balance(self.balance.universe, self._true, self._false, hard=hard)
        other.mix = {**self.mix, "colour": 2 * self.mix.get("colour", 0.0)}
        return other

    def reading(self, example: Example) -> Reading:
        """What the words of ``example`` tell, from the cache if it is a training picture."""
        return self._readings.get(example.image) or self._read_other(example)

    def _marks(self, example: Example, reading: Reading) -> tuple[Marks, Marks]:
        row = self._rows.get(example.image)
        if row is not None:
            return self._true[row], self._false[row]
        true, false = self.balance.universe.marks([reading.verdicts])
        return true[0], false[0]

    def picture_turns(self, example: Example, rng: Random, n: int) -> list[Turn]:
        """Up to ``n`` turns about one picture, no question twice; the order is random.

        Deterministic in ``example`` and the state of ``rng``. Fewer come back where the words
        about the picture don't give so many.
        """
        reading = self.reading(example)
        odds = self.balance.odds(*self._marks(example, reading))
        makers: dict[Kind, Callable[[], Turn | None]] = {
            "caption": lambda: self._caption(reading, rng),
            "yesno": lambda: self._yesno(odds, rng),
            "absent": lambda: self._absent.turn(reading.verdicts, rng),
            "qa": lambda: given_turn(example.qa, rng),
            **{kind: _fact_maker(reading, kind, rng) for kind in _FACT_KINDS},
        }
        return self._draw(makers, rng, n)

    def video_turns(self, examples: Sequence[Example], rng: Random, n: int) -> list[Turn]:
        """Up to ``n`` turns about the video whose frames show ``examples`` in order.

        One example a frame or a scene, 1 to any number: runs of one image are one scene, and
        their length tells the halves of the video. About a third of the answers are "no".
        Raises NoExamplesError for an empty video.
        """
        if not examples:
            raise NoExamplesError("a video needs at least one picture; pass its frames in order")
        readings = [self.reading(example) for example in examples]
        marks = [self._marks(e, reading) for e, reading in zip(examples, readings, strict=True)]
        true, false = np.array([t for t, _ in marks]), np.array([f for _, f in marks])
        film = make_film([example.image for example in examples], readings, true, false)
        return self._videos.turns(film, rng, n)

    def text_turns(self, caption: str, rng: Random, n: int) -> list[Turn]:
        """Up to ``n`` turns that one caption answers, for training without its picture.

        Yes and no are balanced over captions here: what the caption does not speak of is "no".
        """
        reading = self.reader.read_text(caption)
        true, false = self.balance.universe.marks([reading.verdicts])
        odds = self.text_balance.odds(true[0], false[0])
        makers: dict[Kind, Callable[[], Turn | None]] = {
            "caption": lambda: self._caption(reading, rng),
            "yesno": lambda: self._yesno(odds, rng),
            "absent": lambda: self._absent.turn(reading.verdicts, rng),
            **{kind: _fact_maker(reading, kind, rng) for kind in _FACT_KINDS},
        }
        return self._draw(makers, rng, n)

    def _draw(
        self, makers: dict[Kind, Callable[[], Turn | None]], rng: Random, n: int
    ) -> list[Turn]:
        shares = {kind: self.mix.get(kind, 0.0) for kind in makers}
        return draw_turns(makers, shares, rng, n)

    def _caption(self, reading: Reading, rng: Random) -> Turn | None:
        request = wording.fill(rng.choice(wording.CAPTION_REQUESTS), rng)
        told = reading.tell(rng)
        return None if told is None else Turn(request, told, "caption")

    def _yesno(self, odds: Odds, rng: Random) -> Turn | None:
        picked = odds.pick(rng)
        if picked is None:
            return None
        return yesno_turn(self.balance.universe.claims[picked[0]], rng, holds=picked[1])


_FACT_KINDS: tuple[Kind, ...] = ("colour", "count", "where", "doing", "what")


def yesno_turn(
    claim: Claim, rng: Random, *, holds: bool, media: tuple[str, ...] = wording.PICTURE_WORDS
) -> Turn:
    """The question about ``claim`` and its answer."""
    question = wording.ask_claim(claim, rng, media=media)
    return Turn(question, wording.say(claim, rng, holds=holds), "yesno", claim.name)


def fact_turn(fact: Fact, rng: Random, *, media: tuple[str, ...] = wording.PICTURE_WORDS) -> Turn:
    """One wording of ``fact``'s question and one of its answers."""
    question = wording.fill(rng.choice(fact.questions), rng, media=media)
    return Turn(question, grammar.sentence(rng.choice(fact.answers)), fact.kind)


def _fact_maker(reading: Reading, kind: Kind, rng: Random) -> Callable[[], Turn | None]:
    facts = [fact for fact in reading.facts if fact.kind == kind]

    def make() -> Turn | None:
        fact = rng.choice(facts) if facts else None
        # Most pictures are out of doors and show one of what can be counted: asked as often as it
        # is so, the commonest answer would do.
        dull = fact is not None and rng.random() < _LEFT_OUT.get(fact.answers[0], 0.0)
        if fact is None or dull:
            return None
        return fact_turn(fact, rng)

    return make
