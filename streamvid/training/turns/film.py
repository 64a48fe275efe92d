"""A made-up video as the turns see it: its scenes in order, and what is where in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamvid.training.turns.claims import Claim, Form, Verdicts
from streamvid.training.turns.facts import Fact
from streamvid.training.turns.reading import Reading

ASKED_FORMS: frozenset[Form] = frozenset({"thing", "doing"})
"""What can be asked of a whole film: things and doings. "The man" would be too many men."""


@dataclass(frozen=True, slots=True)
class Film:
    """Scenes in order; a picture that comes again later is a scene again.

    ``verdicts``: true if any scene makes it true, false if every scene makes it false.
    ``lasts`` counts the frames of each scene. ``distinct`` is how many different pictures there
    are.
    """

    scenes: tuple[Reading, ...]
    verdicts: Verdicts
    lasts: tuple[int, ...]
    distinct: int

    def only_scene(self, claim: Claim) -> int | None:
        """The one scene with it, if every other surely is without; None otherwise."""
        if claim not in self.verdicts.true:
            return None
        found = [i for i, scene in enumerate(self.scenes) if claim in scene.verdicts.true]
        if len(found) != 1:
            return None
        others = (scene for i, scene in enumerate(self.scenes) if i != found[0])
        return found[0] if all(claim in scene.verdicts.false for scene in others) else None

    def is_alone(self, fact: Fact, scene: int) -> bool:
        """Whether ``fact`` of that scene is the only thing in the film its question can mean."""
        if not fact.about:
            return len(self.scenes) == 1
        return all(
            fact.about.isdisjoint(other.vocabulary)
            for i, other in enumerate(self.scenes)
            if i != scene
        )

    @property
    def middle_frame(self) -> float:
        """Half of all frames: what lies before is the first half."""
        return sum(self.lasts) / 2

    def half_of(self, scene: int) -> int | None:
        """0 or 1 for a scene that lies wholly in the first or second half; None across both."""
        start = sum(self.lasts[:scene])
        end = start + self.lasts[scene]
        if end <= self.middle_frame:
            return 0
        return 1 if start >= self.middle_frame else None


def make_film(images: Sequence[str], readings: Sequence[Reading]) -> Film:
    """Join runs of the same image to scenes; ``readings[i]`` belongs to frame ``i``."""
    scenes: list[Reading] = []
    lasts: list[int] = []
    for i, reading in enumerate(readings):
        if i and images[i] == images[i - 1]:
            lasts[-1] += 1
        else:
            scenes.append(reading)
            lasts.append(1)
    verdicts = Verdicts(
        frozenset().union(*(scene.verdicts.true for scene in scenes)),
        scenes[0].verdicts.false.intersection(*(scene.verdicts.false for scene in scenes)),
    )
    return Film(tuple(scenes), verdicts, tuple(lasts), len(set(images)))
