"""Everything that the words about one picture tell: facts to ask for, claims true and false."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from streamvid.training.turns import words
from streamvid.training.turns.captions import Caption, read_caption, tokenise
from streamvid.training.turns.catalogue import load_catalogue
from streamvid.training.turns.categories import category_facts
from streamvid.training.turns.claims import Claim, Verdicts, claim
from streamvid.training.turns.concepts import Concept
from streamvid.training.turns.consensus import agreement_weights
from streamvid.training.turns.doings import doing_facts, object_facts
from streamvid.training.turns.facts import (
    Fact,
    Gist,
    colour_facts,
    count_facts,
    head_fact,
)
from streamvid.training.turns.mining import mine_concepts
from streamvid.training.turns.places import place_facts
from streamvid.training.turns.pruning import backed_captions
from streamvid.training.turns.sightings import Sighting, is_denied
from streamvid.training.turns.states import (
    STATES,
    colour_claims,
    count_claims,
    place_claims,
    subject_states,
)
from streamvid.training.turns.turn import Example

_NOTHING_SEEN = Sighting()
FULL_CAPTIONS = 4
"""From so many captions on, what is in most pictures would have been named if it were there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One picture as its words tell it; ``vocabulary`` is every word said of it.

    ``captions`` are as they are to be told, without what few of them mention (``pruning``).
    ``agreement[i]``: how often to take caption i, by how far the others say the same.
    """

    captions: tuple[Caption, ...]
    agreement: tuple[float, ...]
    vocabulary: frozenset[str]
    facts: tuple[Fact, ...]
    verdicts: Verdicts

    def tell(self, rng: Random, *, most_words: int | None = None) -> str | None:
        """A caption, drawn by agreement; None where there are none.

        With ``most_words`` one of those that are no longer, or the shortest of all.
        """
        numbers = list(range(len(self.captions)))
        if most_words is not None:
            short = [n for n in numbers if len(self.captions[n].tokens) <= most_words]
            numbers = short or sorted(numbers, key=lambda n: len(self.captions[n].text))[:1]
        if not numbers:
            return None
        drawn = rng.choices(numbers, [self.agreement[n] for n in numbers])[0]
        return self.captions[drawn].text


class Reader:
    """Reads examples against one set of concepts: the catalogue and what the folder adds to it."""

    def __init__(
        self,
        examples: Iterable[Example],
        *,
        mined_least: int = 4,
        sightings: Mapping[str, Sighting] | None = None,
    ) -> None:
        """``examples`` are mined for concepts named in at least ``mined_least`` pictures.

        ``sightings`` by image add what a classifier saw, where captions have no say.
        """
        self._sightings = sightings or {}
        catalogue = load_catalogue()
        known = frozenset().union(*(word for c in catalogue for word in _own_words(c)))
        parsed = [[read_caption(text) for text in example.captions] for example in examples]
        self.concepts = catalogue + mine_concepts(parsed, known, least=mined_least)
        self.claims = {
            concept.name: claim("doing", *concept.clause)
            if concept.clause
            else claim("thing", *concept.phrases)
            for concept in self.concepts
        }
        self._spoken_for = {phrase for concept in self.concepts for phrase in concept.phrases}
        self.by_claim = {self.claims[c.name]: c for c in self.concepts}
        self._by_word: dict[str, list[int]] = {}
        for number, concept in enumerate(self.concepts):
            for term in concept.evidence:
                for word in term.together[0]:
                    self._by_word.setdefault(word, []).append(number)
        self._full = [c for c in self.concepts if c.common]
        self._rare = [c for c in self.concepts if not c.common]

    def read(self, example: Example) -> Reading:
        """Read a picture's captions and given pairs."""
        statements = [pair.statement for pair in example.qa if pair.statement]
        # An object given as an answer is there, whatever was asked.
        statements += [
            f"A {thing}."
            for pair in example.qa
            if pair.type == "object"
            for thing in pair.answer.split(",")
        ]
        return self._read(
            [read_caption(text) for text in example.captions],
            [read_caption(text) for text in statements],
            [f"{pair.question} {pair.answer}" for pair in example.qa],
            full=len(example.captions) >= FULL_CAPTIONS,
            sighting=self._sightings.get(example.image, _NOTHING_SEEN),
        )

    def read_text(self, caption: str) -> Reading:
        """Read one caption on its own, as all there is to know."""
        return self._read([read_caption(caption)], [], [], full=True, sighting=_NOTHING_SEEN)

    def _read(
        self,
        captions: list[Caption],
        stated: list[Caption],
        said: list[str],
        *,
        full: bool,
        sighting: Sighting,
    ) -> Reading:
        vocabulary = frozenset().union(
            *(_with_nouns(caption.tokens) for caption in captions + stated),
            *(_with_nouns(tokenise(text)) for text in said),
        )
        named = self._named(captions + stated, vocabulary)
        true = {self.claims[concept.name] for concept in named}
        false = {
            self.claims[concept.name]
            for concept in (self.concepts if full else self._rare)
            if concept.blocks.isdisjoint(vocabulary) and concept not in named
        }
        true |= {claim("thing", one) for one in sighting.seen - self._spoken_for}
        false |= {
            claim("thing", one)
            for one in sighting.unseen - self._spoken_for
            if is_denied(one, vocabulary)
        }
        gist = Gist.of(captions)
        for claims in (subject_states, colour_claims, count_claims, place_claims):
            holds, fails = claims(gist)
            true |= holds
            false |= fails
        _of_the_subject(gist, true)
        _of_the_subject(gist, false)
        told = backed_captions(captions)
        return Reading(
            told,
            agreement_weights(told),
            vocabulary,
            tuple(_facts(gist)) if captions else (),
            Verdicts(frozenset(true), frozenset(false - true)),
        )

    def _named(self, captions: Sequence[Caption], vocabulary: frozenset[str]) -> set[Concept]:
        found: set[Concept] = set()
        for caption in captions:
            tokens = _with_nouns(caption.tokens)
            numbers = {n for token in tokens for n in self._by_word.get(token, ())}
            for number in numbers:
                concept = self.concepts[number]
                if concept not in found and concept.named_by(caption, tokens):
                    found.add(concept)
        return {concept for concept in found if concept.unless.isdisjoint(vocabulary)}


def _of_the_subject(gist: Gist, claims: set[Claim]) -> None:
    """What holds of "a person" in the picture holds of its one man: add it as said of him."""
    subjects = {"a person": gist.person, "a dog": "dog" if gist.animal == "dog" else None}
    for found in [found for found in claims if found.form == "doing"]:
        who, doing = found.parts
        named = subjects.get(who)
        # Doings in one word are judged by the subject's own verbs (``states``), more carefully.
        if named and " " in doing and doing not in STATES:
            claims.add(claim("state", f"the {named}", doing))


def _own_words(concept: Concept) -> list[frozenset[str]]:
    if concept.clause:
        return []
    return [group for term in concept.evidence for group in term.together]


_BEFORE_NOUN = words.DETERMINERS | words.ADJECTIVES | {"playground", "tire", "rope", "baby"}
_NOUN_OR_VERB = frozenset({"swing", "slide", "steps"})


def _with_nouns(tokens: tuple[str, ...]) -> frozenset[str]:
    """The tokens as a set, plus ``slide#n`` where "slide" stands as a noun."""
    marked = {
        f"{token}#n"
        for previous, token in itertools.pairwise(tokens)
        if token in _NOUN_OR_VERB and previous in _BEFORE_NOUN
    }
    return frozenset(tokens) | marked


def _facts(gist: Gist) -> Iterable[Fact]:
    yield from colour_facts(gist)
    yield from count_facts(gist)
    yield from place_facts(gist.captions, gist.person or gist.animal)
    yield from doing_facts(gist.captions)
    yield from object_facts(gist.captions)
    yield from category_facts(gist.captions)
    yield from head_fact(gist)
