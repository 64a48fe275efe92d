"""Turns that tell what a film shows: all of it, its first and last scene, what is happening now."""

from __future__ import annotations

from random import Random

from streamvid.training.turns import filming, grammar, wording
from streamvid.training.turns.film import Film
from streamvid.training.turns.turn import Kind, Turn

_MEDIA = wording.VIDEO_WORDS
_MOST_SCENES_TOLD = 4
_SHORT_WORDS = 11
_MOST_SCENES_COUNTED = 12


def first(film: Film, rng: Random) -> Turn | None:
    """What the first scene shows."""
    return _of_scene(film, 0, filming.FIRST, rng, "order")


def last(film: Film, rng: Random) -> Turn | None:
    """What the last scene shows, asked as the end of the film."""
    return _of_scene(film, -1, filming.LAST, rng, "order")


def now(film: Film, rng: Random) -> Turn | None:
    """What the newest scene shows, asked as the present."""
    return _of_scene(film, -1, filming.NOW, rng, "caption")


def describe(film: Film, rng: Random) -> Turn | None:
    """One sentence that joins what the scenes show, at most four of them, evenly spread.

    A single scene is described as a picture is.
    """
    count = len(film.scenes)
    picked = list(range(count))
    if count > _MOST_SCENES_TOLD:
        step = (count - 1) / (_MOST_SCENES_TOLD - 1)
        picked = [round(i * step) for i in range(_MOST_SCENES_TOLD)]
    question = wording.fill(rng.choice(filming.DESCRIBE), rng, media=_MEDIA)
    if count == 1:
        text = film.scenes[0].tell(rng)
        return None if text is None else Turn(question, text, "caption")
    told: list[str] = []
    for scene in picked:
        text = film.scenes[scene].tell(rng, most_words=_SHORT_WORDS)
        if text is None:
            return None
        told.append(grammar.lower_first(text))
    return Turn(question, grammar.sentence(_joined(told, rng)), "caption")


def how_many_scenes(film: Film, rng: Random) -> Turn | None:
    """The number of scenes; a scene that comes back could be counted once or twice: None."""
    count = len(film.scenes)
    if count != film.distinct or count > _MOST_SCENES_COUNTED:
        return None
    question = wording.fill(rng.choice(filming.HOW_MANY_SCENES), rng, media=_MEDIA)
    return Turn(question, grammar.capitalise(grammar.number_word(count)) + ".", "order")


def one_fact(film: Film, rng: Random) -> Turn | None:
    """A question with one scene that it can mean: ``What is the man riding?`` of the one rider."""
    for _ in range(6):
        scene = rng.randrange(len(film.scenes))
        facts = film.scenes[scene].facts
        fact = rng.choice(facts) if facts else None
        if fact is not None and film.is_alone(fact, scene):
            question = wording.fill(rng.choice(fact.questions), rng, media=_MEDIA)
            return Turn(question, grammar.sentence(rng.choice(fact.answers)), fact.kind)
    return None


def _of_scene(
    film: Film, scene: int, forms: tuple[str, ...], rng: Random, kind: Kind
) -> Turn | None:
    text = film.scenes[scene].tell(rng)
    if text is None:
        return None
    return Turn(wording.fill(rng.choice(forms), rng, media=_MEDIA), text, kind)


def _joined(parts: list[str], rng: Random) -> str:
    if len(parts) == 2:
        link = rng.choice((", then ", ", and then ", "; after that, "))
        return ("first, " if rng.random() < 0.5 else "") + parts[0] + link + parts[1]
    middle = ", then ".join(parts[1:-1])
    return f"first, {parts[0]}, then {middle}, and at the end {parts[-1]}"
