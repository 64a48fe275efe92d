"""What kind of thing it is: animal, sport, vehicle, instrument, season, what lies on the ground."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import Caption
from streamvid.training.turns.facts import Fact
from streamvid.training.turns.families import FAMILIES

_SPORTS = {
    "soccer": FAMILIES["soccer"],
    "football": FAMILIES["football"],
    "basketball": FAMILIES["basketball"],
    "baseball": FAMILIES["baseball"],
    "tennis": FAMILIES["tennis"] - {"badminton"},
    "hockey": FAMILIES["hockey"],
    "rugby": FAMILIES["rugby"],
    "volleyball": frozenset({"volleyball", "volleyball_net"}),
    "surfing": FAMILIES["surf"],
    "skiing": FAMILIES["ski"] - {"ski_lift"},
    "snowboarding": FAMILIES["snowboard"],
    "skateboarding": FAMILIES["skateboard"],
    "cycling": frozenset(
        ["cyclist", "cyclists", "bicyclist", "bicyclists", "bmx", "mountain_biker"]
    ),
    "golf": frozenset({"golf", "golfer"}),
    "wrestling": frozenset({"wrestling", "wrestlers", "wrestler"}),
    "rock climbing": FAMILIES["rockclimb"],
    "swimming": frozenset({"swimmer", "swimmers"}),
}
_VEHICLES = {
    "a car": FAMILIES["car"],
    "a bus": FAMILIES["bus"],
    "a truck": FAMILIES["truck"],
    "a train": FAMILIES["train"],
    "a motorcycle": FAMILIES["motor"] - {"motocross"},
    "a bicycle": frozenset({"bicycle", "bicycles"}),
    "a boat": frozenset({"boat", "boats", "sailboat", "fishing_boat"}),
    "a canoe": frozenset({"canoe", "canoes"}),
    "a kayak": frozenset({"kayak", "kayaks", "kayaker"}),
    "an airplane": FAMILIES["plane"],
    "a scooter": frozenset({"scooter", "scooters"}),
}
_INSTRUMENTS = {
    "a guitar": FAMILIES["guitar"],
    "drums": FAMILIES["drum"],
    "a violin": frozenset({"violin", "violinist"}),
    "a piano": frozenset({"piano"}),
    "an accordion": frozenset({"accordion"}),
    "a saxophone": frozenset({"saxophone"}),
    "a trumpet": frozenset({"trumpet"}),
    "a flute": frozenset({"flute"}),
}
_GROUNDS = {
    "snow": frozenset({"snow", "snowy"}),
    "grass": frozenset({"grass", "grassy", "lawn"}),
    "sand": frozenset({"sand", "sandy", "beach"}),
    "water": frozenset({"water", "ocean", "lake", "pool"}),
}
_ASKED = {
    "animal": (
        "What animal is it?",
        "What animal is in the {medium}?",
        "Which animal can you see?",
        "What animal appears in the {medium}?",
        "What kind of animal is this?",
        "Which animal is shown?",
        "What animal do you see?",
        "Name the animal.",
        "What animal is there?",
        "Which animal does the {medium} show?",
    ),
    "sport": (
        "What sport is it?",
        "What sport is this?",
        "Which sport is being played?",
        "What sport is shown in the {medium}?",
        "What kind of sport do you see?",
        "Name the sport.",
        "What sport are they doing?",
        "Which sport is it?",
        "What game is being played?",
        "What sport does the {medium} show?",
    ),
    "vehicle": (
        "What vehicle is it?",
        "What vehicle is in the {medium}?",
        "Which vehicle can you see?",
        "What kind of vehicle is this?",
        "What vehicle appears?",
        "Which vehicle is shown?",
        "Name the vehicle.",
        "What vehicle do you see?",
        "What vehicle is there?",
        "Which vehicle does the {medium} show?",
    ),
    "instrument": (
        "What instrument is being played?",
        "Which instrument is it?",
        "What instrument can you see?",
        "What musical instrument is in the {medium}?",
        "Which instrument is played?",
        "Name the instrument.",
        "What instrument is shown?",
        "What kind of instrument is it?",
        "What instrument do you see?",
        "Which musical instrument is this?",
    ),
    "ground": (
        "What is on the ground?",
        "What covers the ground?",
        "What is the ground covered with?",
        "What surface is it?",
        "What kind of ground is it?",
        "What is under their feet?",
        "What does the ground look like?",
        "What is all over the ground?",
        "What can be seen on the ground?",
        "What is the ground made of?",
    ),
    "season": (
        "What season is it?",
        "Which season is this?",
        "What time of year is it?",
        "In which season was this filmed?",
        "What season does the {medium} show?",
        "What time of the year is this?",
        "Which time of year is it?",
        "What season do you think it is?",
        "Which season does it look like?",
        "Tell me the season.",
    ),
}


def category_facts(captions: Sequence[Caption]) -> Iterator[Fact]:
    """The one animal, sport, vehicle … that the captions name; nothing where they name two."""
    sets = [frozenset(caption.tokens) for caption in captions]
    every = frozenset().union(*sets)
    animals = {grammar.article(name): names for name, names in words.ANIMALS.items()}
    tables = (
        ("animal", animals, 1),
        ("sport", _SPORTS, 2),
        ("vehicle", _VEHICLES, 1),
        ("instrument", _INSTRUMENTS, 1),
    )
    for category, table, needed in tables:
        named = [name for name, names in table.items() if not names.isdisjoint(every)]
        if len(named) != 1 or (category == "animal" and "teddy_bear" in every):
            continue
        names = table[named[0]]
        votes = sum(not names.isdisjoint(tokens) for tokens in sets)
        if votes < min(needed, len(sets)):
            continue
        answer = named[0]
        if category == "animal":
            answer = _as_many(captions, named[0], names)
        # Another animal, a second vehicle elsewhere in a video would make the question unclear.
        about = frozenset().union(*table.values())
        text = f"{grammar.capitalise(answer)}."
        many = not answer.startswith(("a ", "an ")) and category == "animal"
        full = f"They are {answer}." if many else f"It is {answer}."
        yield Fact("what", (category,), _ASKED[category], (text, text, full), about)
    yield from _ground_facts(sets)


def _as_many(captions: Sequence[Caption], one: str, names: frozenset[str]) -> str:
    """``a dog``, or ``dogs`` where most captions say so."""
    said = [t for c in captions for t in c.tokens if t in names]
    many = sum(t.endswith("s") for t in said)
    noun = one.split(" ", 1)[1]
    return grammar.plural(noun) if many * 2 > len(said) else one


def _ground_facts(sets: Sequence[frozenset[str]]) -> Iterator[Fact]:
    votes = {g: sum(not names.isdisjoint(t) for t in sets) for g, names in _GROUNDS.items()}
    needed = min(2, len(sets))
    named = [ground for ground, times in votes.items() if times]
    if len(named) == 1 and votes[named[0]] >= needed and named[0] != "water":
        text = f"{named[0].capitalize()}."
        yield Fact("what", ("ground",), _ASKED["ground"], (text,), frozenset())
    snowy = {"snow", "snowy", "snowboarder", "skier", "skiing", "snowboarding"}
    if sum(not snowy.isdisjoint(tokens) for tokens in sets) >= needed:
        yield Fact("what", ("season",), _ASKED["season"], ("Winter.", "It is winter."), frozenset())
