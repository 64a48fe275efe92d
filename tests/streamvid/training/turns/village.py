"""A made-up captions set for tests: small scenes whose truth is known by construction."""

from functools import cache
from random import Random

from streamvid.training.turns import Example, GivenPair, TurnMaker

SUBJECTS = {
    "man": "A {adj} man in a {colour} shirt",
    "woman": "A {adj} woman in a {colour} jacket",
    "boy": "A {adj} boy in a {colour} shirt",
    "girl": "A {adj} girl in a {colour} hat",
    "dog": "A {colour} dog",
    "horse": "A {colour} horse",
}
DOINGS = {
    "man": ("is riding a bicycle", "is reading a book", "is playing a guitar", "sits on a bench"),
    "woman": ("is riding a horse", "is drinking coffee", "walks across a bridge", "is dancing"),
    "boy": ("is riding a skateboard", "jumps into a pool", "is kicking a soccer ball", "sleeps"),
    "girl": ("is on a swing", "is eating a cake", "climbs a rock", "is swimming in a lake"),
    "dog": ("runs through the snow", "is catching a frisbee", "is swimming", "sits on a couch"),
    "horse": ("stands in a field", "runs on a beach", "jumps over a fence", "eats grass"),
}
PLACES = ("near a boat", "beside a tent", "in front of a bus", "near a train", "by a car", "")
COLOURS = ("red", "blue", "black", "white", "brown", "green")


def village(pictures: int, seed: int) -> list[Example]:
    """So many pictures, each with five captions of one scene, a few with given pairs."""
    rng = Random(seed)
    return [_picture(number, rng) for number in range(pictures)]


def _picture(number: int, rng: Random) -> Example:
    subject = rng.choice(list(SUBJECTS))
    doing = rng.choice(DOINGS[subject])
    place = rng.choice(PLACES)
    colour = rng.choice(COLOURS)
    texts = {
        f"{SUBJECTS[subject].format(adj=adj, colour=colour)} {doing} {place}.".replace(" .", ".")
        for adj in ("young", "tall", "old")
    }
    texts |= {f"A {subject} {doing}.", f"The {subject} {doing} {place}.".replace(" .", ".")}
    texts.add(f"One {subject} {doing}.")
    pairs = ()
    if number % 5 == 0:
        pairs = (
            GivenPair(f"What color is the {subject}?", colour, "colour", None),
            GivenPair("What is there?", subject, "object", f"A {subject} is there."),
        )
    captions = tuple(sorted(texts))[:5]
    return Example(f"{number:04}.jpg", captions, pairs, "village", False)


@cache
def village_maker() -> TurnMaker:
    """A maker that learnt from 240 pictures, built once for all tests."""
    return TurnMaker(village(240, seed=4), 1)
