"""A made-up video as the turns see it: its scenes in order, and what is where in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streamvid.training.turns.balance import Marks
from streamvid.training.turns.claims import Claim, Form
from streamvid.training.turns.facts import Fact
from streamvid.training.turns.reading import Reading

ASKED_FORMS: frozenset[Form] = frozenset({"thing", "doing"})
"""What can be asked of a whole film: things and doings. "The man" would be too many men."""


@dataclass(frozen=True, slots=True, eq=False)  # arrays don't compare to one bool
class Film:
    """Scenes in order; a picture that comes again later is a scene again.

    ``true``, ``false`` bool [claims]: what any scene makes true, what every scene makes false.
    ``lasts`` counts the frames of each scene. ``distinct`` is how many different pictures there
    are.
    """

    scenes: tuple[Reading, ...]
    true: Marks
    false: Marks
    lasts: tuple[int, ...]
    distinct: int

    def only_scene(self, claim: Claim) -> int | None:
        """The one scene with it, if every other surely is without; None otherwise."""
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


def make_film(
    images: Sequence[str], readings: Sequence[Reading], true: Marks, false: Marks
) -> Film:
    """Join runs of the same image to scenes; ``readings[i]`` and row i belong to frame i.

    ``true``, ``false`` bool [frames, claims].
    """
    scenes: list[Reading] = []
    lasts: list[int] = []
    for i, reading in enumerate(readings):
        if i and images[i] == images[i - 1]:
            lasts[-1] += 1
        else:
            scenes.append(reading)
            lasts.append(1)
    ever, never = np.any(true, axis=0), np.all(false, axis=0)
    return Film(tuple(scenes), ever, never, tuple(lasts), len(set(images)))
