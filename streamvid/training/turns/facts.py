"""Open questions that captions answer: colour, count, place, doing, what. One `Fact` each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import Caption
from streamvid.training.turns.nouns import (
    GARMENTS,
    HEADWEAR,
    PAIRED,
    coloured_things,
    count_in,
    noun_phrase,
    spoken,
)
from streamvid.training.turns.turn import Kind


@dataclass(frozen=True, slots=True)
class Fact:
    """Something asked and answered: ``questions`` are equal wordings, so are ``answers``.

    ``about`` are the words it is about: where nothing else in a video has any of them, the
    question means this scene alone. ``key`` is what is asked, without wording.
    """

    kind: Kind
    key: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    about: frozenset[str]


_KIN = {
    "man": words.PERSON_MALE,
    "woman": words.PERSON_FEMALE,
    "boy": words.BOYS,
    "girl": words.GIRLS,
    "baby": words.BABIES,
    "child": words.CHILD_ANY,
}
COUNTABLE = {
    "dogs": words.DOGS,
    "people": words.PERSON,
    "men": words.PERSON_MALE,
    "women": words.PERSON_FEMALE,
    "boys": words.BOYS,
    "girls": words.GIRLS,
    "horses": words.ANIMALS["horse"],
    "cats": words.ANIMALS["cat"],
    "birds": words.ANIMALS["bird"],
    "cars": frozenset({"car", "cars"}),
    "elephants": words.ANIMALS["elephant"],
    "zebras": words.ANIMALS["zebra"],
    "giraffes": words.ANIMALS["giraffe"],
    "cows": words.ANIMALS["cow"],
    "sheep": words.ANIMALS["sheep"],
}
_NOUN_ONLY = {"dogs": frozenset({"dog", "dogs", "puppy", "puppies"})}


@dataclass(frozen=True, slots=True)
class Gist:
    """What all captions of a picture agree on; every reader of facts and claims starts from it."""

    captions: tuple[Caption, ...]
    person: str | None
    animal: str | None
    counts: dict[str, int]
    colours: dict[tuple[str, str], tuple[str, ...]]

    @classmethod
    def of(cls, captions: Sequence[Caption]) -> Gist:
        """Sum up the captions of one picture."""
        return cls(
            tuple(captions),
            lone_person(captions),
            lone_animal(captions),
            counts(captions),
            colours(captions),
        )


def kin_of(word: str) -> frozenset[str]:
    """Every word that may mean what ``word`` means: for a person noun all of its kind."""
    for names in (*words.ANIMALS.values(),):
        if word in names:
            return names
    if word in words.PERSON:
        return words.PERSON
    return frozenset({word, grammar.plural(word), grammar.singular(word)})


def lone_person(captions: Sequence[Caption]) -> str | None:
    """The noun for the one person that all captions speak of (``man``, ``girl``, ``person``)."""
    seen: Counter[str] = Counter()
    for caption in captions:
        here = [token for token in caption.tokens if token in words.PERSON]
        if len(set(here)) > 2 or any(_is_many(token) for token in here):
            return None
        if here and count_in(caption, words.PERSON) != 1:
            return None
        for name, names in _KIN.items():
            if any(token in names for token in here):
                seen[name] += 1
        seen["person"] += bool(here)
    if not seen["person"]:
        return None
    kinds = [name for name in _KIN if seen[name]]
    if not kinds:
        return "person"
    best = max(kinds, key=lambda name: seen[name])
    # "A boy … a man …" of one person: the two captioners disagree.
    rivals = [name for name in kinds if name != best and not {name, best} <= _SAME_CHILD]
    return None if rivals else best


_SAME_CHILD = {"boy", "child", "baby"}


def lone_animal(captions: Sequence[Caption]) -> str | None:
    """The one animal that the captions speak of, if all agree that there is one and of one kind."""
    kinds = {
        name
        for caption in captions
        for name, names in words.ANIMALS.items()
        if not names.isdisjoint(caption.tokens)
    }
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    counts = {count_in(c, words.ANIMALS[kind]) for c in captions if _mentions(c, kind)}
    return kind if counts == {1} else None


def _mentions(caption: Caption, animal: str) -> bool:
    return not words.ANIMALS[animal].isdisjoint(caption.tokens)


def _is_many(token: str) -> bool:
    return token in words.PLURALS or (
        token in words.PERSON and token.endswith("s") and not token.endswith("'s")
    )


def counts(captions: Sequence[Caption]) -> dict[str, int]:
    """How many of each countable class there are, where all captions that say so agree."""
    found: dict[str, int] = {}
    for noun, names in COUNTABLE.items():
        said = [c for c in captions if not names.isdisjoint(c.tokens)]
        values = [count_in(c, names) for c in said]
        known = {value for value in values if value is not None}
        certain = sum(value is not None for value in values)
        if known == {1} and certain < len(said):
            continue  # one captioner names the one in front, another the group behind
        if len(known) == 1 and certain * 2 > len(said) and (certain > 1 or len(captions) < 3):
            found[noun] = known.pop()
    mixed = {"men", "women", "boys", "girls"} & found.keys()
    if "people" in found and len(mixed) == 1 and found[next(iter(mixed))] != found["people"]:
        del found[next(iter(mixed))]
    return found


def colours(captions: Sequence[Caption]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(thing, owner or "") → its colours, where the captions agree and there is one such thing."""
    said: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for caption in captions:
        here: dict[str, int] = {}
        for found in coloured_things(caption):
            here[found.thing] = here.get(found.thing, 0) + 1
            said.setdefault(found.thing, []).append((found.colours, found.owner or ""))
        for thing, times in here.items():
            if times > 1:
                said[thing].append((("several",), ""))
    everything = {token for caption in captions for token in caption.tokens}
    agreed: dict[tuple[str, str], tuple[str, ...]] = {}
    for thing, mentions in said.items():
        many = grammar.plural(thing)
        if thing not in PAIRED and many != thing and many in everything:
            continue
        (best, votes), *others = Counter(c for c, _ in mentions).most_common()
        if best == ("several",) or sum(n for _, n in others) >= votes:
            continue
        if any(not _compatible(best, other) for other, _ in others):
            continue
        owners = Counter(owner for c, owner in mentions if owner and c == best)
        owner = _spoken_owner(owners.most_common(1)[0][0]) if owners else ""
        agreed[thing, owner] = best
    return agreed


def _compatible(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return all(any(c in words.CLOSE_COLOURS.get(d, ()) for d in one) for c in other)


def _spoken_owner(noun: str) -> str:
    for name, names in _KIN.items():
        if noun in names:
            return name
    return spoken(noun) if not noun.endswith("s") else "person"


def colour_facts(gist: Gist) -> Iterator[Fact]:
    """What colour each thing is, with its wearer where that helps."""
    for (thing, owner), found in gist.colours.items():
        garment = spoken(thing)
        many = thing in PAIRED or grammar.singular(thing) != thing
        verb = "are" if many else "is"
        said = _joined(found)
        names = [f"the {garment}"]
        if owner:
            names = [f"the {owner}'s {garment}", f"the {owner}'s {garment}", f"the {garment}"]
        questions = [
            form.format(name=name, verb=verb)
            for name in names
            for form in (
                "What colour {verb} {name}?",
                "What color {verb} {name}?",
                "What is the colour of {name}?",
                "What is the color of {name}?",
                "Which colour {verb} {name}?",
                "Tell me the colour of {name}.",
            )
        ]
        if owner and thing in GARMENTS:
            questions += [
                f"What colour {garment} is the {owner} wearing?",
                f"What colour of {garment} does the {owner} wear?",
            ]
        if len(found) == 1:
            # Three plain questions to each with a choice, or nearly so.
            questions *= 3
            questions += [f"{grammar.capitalise(verb)} {names[0]} {c}?" for c in _choices(*found)]
        answers = (f"{grammar.capitalise(said)}.",) * 3 + (
            f"{'They are' if many else 'It is'} {said}.",
            f"The {garment} {verb} {said}.",
        )
        yield Fact("colour", ("colour", thing), tuple(questions), answers, kin_of(thing))


def _choices(colour: str) -> list[str]:
    """``red or green`` with every colour it could not be taken for, in either order.

    All of them, so that a pair is asked of red things as it is of green ones: a fixed partner
    would tell the answer.
    """
    others = [c for c in words.COLOURS if c not in words.CLOSE_COLOURS[colour]]
    return [f"{a} or {b}" for c in others for a, b in ((colour, c), (c, colour))]


def _joined(found: Sequence[str]) -> str:
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + " and " + found[-1]


def count_facts(gist: Gist) -> Iterator[Fact]:
    """How many of each class there are."""
    for noun, number in gist.counts.items():
        word = grammar.number_word(number)
        one = grammar.singular(noun)
        is_one = number == 1
        questions = (
            f"How many {noun} are there?",
            f"How many {noun} are in the {{medium}}?",
            f"How many {noun} can you see?",
            f"How many {noun} do you see?",
            f"How many {noun} are visible?",
            f"How many {noun} can be seen in the {{medium}}?",
            f"What is the number of {noun}?",
            f"Count the {noun}.",
            f"How many {noun} appear?",
            f"How many {noun} does the {{medium}} show?",
        )
        answers = (f"{grammar.capitalise(word)}.",) * 3 + (
            f"There {'is' if is_one else 'are'} {word} {one if is_one else noun}.",
        )
        yield Fact("count", ("count", noun), questions, answers, COUNTABLE[noun])


def head_fact(gist: Gist) -> Iterator[Fact]:
    """What the one person wears on the head."""
    person = gist.person
    if person is None:
        return
    for caption in gist.captions:
        for position, token in enumerate(caption.tokens[:-1]):
            if token not in {"wearing", "wears"}:
                continue
            phrase = noun_phrase(caption.tokens, position + 1)
            if phrase and phrase[0].split(" ")[-1] in HEADWEAR:
                questions = (
                    f"What is the {person} wearing on the head?",
                    f"What does the {person} wear on the head?",
                    f"What is on the {person}'s head?",
                    f"What does the {person} have on the head?",
                )
                answer = f"{grammar.capitalise(phrase[0])}."
                key = ("head", person)
                yield Fact("what", key, questions, (answer,), words.PERSON)
                return
