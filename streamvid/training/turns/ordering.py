"""Turns about when things come in a film: which first, before or after, beginning or end."""

from __future__ import annotations

from random import Random

from streamvid.training.turns import filming, grammar, wording
from streamvid.training.turns.claims import Claim
from streamvid.training.turns.film import ASKED_FORMS, Film
from streamvid.training.turns.turn import Turn

_MEDIA = wording.VIDEO_WORDS


def which_first(film: Film, rng: Random) -> Turn | None:
    """``Which came first, the dog or the bus?`` of two things, each in one scene alone."""
    pair = _alone(film, rng, 2)
    if pair is None:
        return None
    (_, early), (_, late) = pair
    first = rng.random() < 0.6
    form = rng.choice(filming.WHICH_FIRST if first else filming.WHICH_LAST)
    named = [early, late]
    rng.shuffle(named)
    text = form.replace("{x}", _the(named[0])).replace("{y}", _the(named[1]))
    answer = grammar.capitalise(_the(early if first else late)) + "."
    return Turn(_asked(text, rng), answer, "order")


def order_yesno(film: Film, rng: Random) -> Turn | None:
    """``Did the dog come before the bus?``, as often yes as no whatever the wording."""
    pair = _alone(film, rng, 2)
    if pair is None:
        return None
    named = [pair[0][1], pair[1][1]]
    holds = rng.random() < 0.5
    before = rng.random() < 0.5
    if holds != before:
        named.reverse()
    form = rng.choice(filming.EARLIER if before else filming.LATER)
    text = form.replace("{x}", _the(named[0])).replace("{y}", _the(named[1]))
    return Turn(_asked(text, rng), "Yes." if holds else "No.", "yesno", "order")


def when(film: Film, rng: Random) -> Turn | None:
    """Whether a thing is at the beginning or the end, or in which half of the film's frames."""
    found = _alone(film, rng, 1) if len(film.scenes) > 1 else None
    if not found:
        return None
    scene, claim = found[0]
    half = film.half_of(scene)
    if half is None:
        return None
    if scene in {0, len(film.scenes) - 1} and rng.random() < 0.6:
        form = rng.choice(filming.WHEN)
        answer = "At the beginning." if scene == 0 else "At the end."
    else:
        form = rng.choice(filming.HALF)
        answer = ("In the first half.", "In the second half.")[half]
    return Turn(_asked(_agreeing(form, claim), rng), answer, "order")


def beside(film: Film, rng: Random) -> Turn | None:
    """What is shown right before or right after the one scene that has a certain thing."""
    found = _alone(film, rng, 1) if len(film.scenes) > 1 else None
    if not found:
        return None
    scene, claim = found[0]
    step = 1 if rng.random() < 0.5 else -1
    other = scene + step
    if not 0 <= other < len(film.scenes) or not film.scenes[other].captions:
        return None
    form = rng.choice(filming.AFTER if step == 1 else filming.BEFORE)
    question = _asked(form.replace("{x}", _the(claim)), rng)
    return Turn(question, rng.choice(film.scenes[other].captions).text, "order")


def _alone(film: Film, rng: Random, n: int) -> list[tuple[int, Claim]] | None:
    """``n`` things of different scenes, each in its scene alone, in order of time."""
    found: dict[int, Claim] = {}
    scenes = list(range(len(film.scenes)))
    rng.shuffle(scenes)
    for scene in scenes[: 3 * n]:
        # Sorted: a set has no order to rely on, and the draw must repeat.
        things = sorted(
            (claim for claim in film.scenes[scene].verdicts.true if claim.form in ASKED_FORMS),
            key=lambda claim: claim.parts,
        )
        rng.shuffle(things)
        alone = (claim for claim in things if film.only_scene(claim) == scene)
        claim = next(alone, None)
        if claim is not None:
            found[scene] = claim
        if len(found) == n:
            return sorted(found.items(), key=lambda item: item[0])
    return None


def _the(claim: Claim) -> str:
    """The claim as something known: ``the dog``, ``the person riding a bike``."""
    name = claim.name
    first, _, rest = name.partition(" ")
    if first in {"a", "an"}:
        return f"the {rest}"
    return name if first == "the" else f"the {name}"


def _agreeing(form: str, claim: Claim) -> str:
    text = form.replace("{x}", _the(claim))
    if claim.parts[0] in wording.PLURAL_THINGS or claim.parts[0].startswith("two "):
        return wording.for_plural(text)
    return text


def _asked(text: str, rng: Random) -> str:
    return wording.fill(text, rng, media=_MEDIA)
