"""Questions about what is not there: ``What colour is the car?`` with no car to be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from streamvid.training.turns import grammar, wording, words
from streamvid.training.turns.claims import Claim, Verdicts
from streamvid.training.turns.turn import Turn

_POWER = 0.75
_TRIES = 12
_ANIMATE = frozenset(words.ANIMALS) | frozenset(["man", "woman", "boy", "girl", "child", "baby"])
_NEVER = frozenset(["person", "human", "animal", "crowd", "kitchen", "bathroom"])
_OF_THINGS = (
    "What colour is the {noun}?",
    "What color is the {noun}?",
    "Where is the {noun}?",
    "What is the colour of the {noun}?",
    "Where can the {noun} be seen?",
    "How many {nouns} are there?",
    "How many {nouns} can you see?",
    "Where in the {medium} is the {noun}?",
    "Tell me where the {noun} is.",
    "What does the {noun} look like?",
    "Describe the {noun}.",
)
_OF_SUBJECTS = (
    "What is the {noun} doing?",
    "What does the {noun} do?",
    "Where is the {noun}?",
    "How many {nouns} are there?",
    "What is the {noun} doing in the {medium}?",
    "How many {nouns} do you see?",
    "Where can the {noun} be seen?",
    "Describe what the {noun} is doing.",
    "Tell me what the {noun} does.",
    "What does the {noun} look like?",
)


@dataclass(frozen=True, slots=True)
class AbsentThings:
    """Things that can be asked about where they are not, and how often each is there elsewhere."""

    claims: tuple[Claim, ...]
    weights: tuple[float, ...]

    @classmethod
    def count(cls, pictures: Iterable[Verdicts]) -> AbsentThings:
        """Weigh every thing by the pictures it is in, to the power 0.75."""
        times = Counter(
            claim for verdicts in pictures for claim in verdicts.true if is_speakable(claim)
        )
        claims = tuple(sorted(times, key=lambda claim: claim.parts))
        return cls(claims, tuple(times[claim] ** _POWER for claim in claims))

    def turn(self, verdicts: Verdicts, rng: Random) -> Turn | None:
        """A question about something that is not there, answered as such; None if none was met."""
        if not self.claims:
            return None
        for claim in rng.choices(self.claims, weights=self.weights, k=_TRIES):
            if claim in verdicts.false:
                return absent_turn(claim, rng)
        return None


def absent_turn(
    claim: Claim, rng: Random, *, media: tuple[str, ...] = wording.PICTURE_WORDS
) -> Turn:
    """The turn for a thing that is known not to be there."""
    noun = claim.parts[0].split(" ", 1)[1]
    forms = _OF_SUBJECTS if noun in _ANIMATE else _OF_THINGS
    form = rng.choice(forms)
    many = grammar.plural(noun)
    question = form.replace("{nouns}", many).replace("{noun}", noun)
    one = grammar.article(noun)
    if form.startswith("How many"):
        answer = rng.choice(("None.", "Zero.", f"There are no {many}.", f"I did not see {one}."))
    else:
        answer = rng.choice((f"There is no {noun}.", f"I did not see {one}.", f"I see no {noun}."))
    return Turn(wording.fill(question, rng, media=media), answer, "absent", claim.name)


def is_speakable(claim: Claim) -> bool:
    """Whether ``the {thing}`` reads well in an open question."""
    if claim.form != "thing" or not claim.parts[0].startswith(("a ", "an ")):
        return False
    noun = claim.parts[0].split(" ", 1)[1]
    return noun.split()[0] not in _NEVER
