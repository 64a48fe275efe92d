"""The plan of the long film: clips, with captioned pictures shown between them, by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from streamvid.evaluation.errors import EvaluationError

PICTURE_S = 3.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that can stand in the film: its file as the manifest names it, its length."""

    file: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the film, [start_s, end_s): a clip's file, or a picture's, never both."""

    start_s: float
    end_s: float
    clip: str | None
    picture: str | None


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """All segments in order, back to back from 0."""

    segments: tuple[Segment, ...]

    @property
    def duration_s(self) -> float:
        """Where the last segment ends."""
        return self.segments[-1].end_s if self.segments else 0.0

    def renamed(self, names: Mapping[str, str]) -> FilmPlan:
        """The same plan with clips called by ``names`` (those without one keep theirs)."""
        return FilmPlan(
            tuple(
                replace(segment, clip=names.get(segment.clip, segment.clip))
                if segment.clip is not None
                else segment
                for segment in self.segments
            )
        )

    def range_of(self, clip: str) -> tuple[float, float]:
        """Where a clip stands. Raises EvaluationError for one that is not in the film."""
        for segment in self.segments:
            if segment.clip == clip:
                return segment.start_s, segment.end_s
        raise EvaluationError(f"clip '{clip}' is not in the film; plan it with this clip")


def plan_film(clips: Sequence[Clip], pictures: Sequence[str], hours: float, seed: int) -> FilmPlan:
    """Lay every clip once and pictures of 3 s each between them, to ``hours`` in all.

    The order of clips, the pictures and how many stand in each space are drawn by ``seed`` from
    the sorted inputs, so the plan depends on nothing else. Pictures repeat, each equally often
    within one, when they are too few. A clip starts on a whole second: ticks of the film are then
    ticks of the clip, and a range cuts no frame; the picture before it is shown up to 1 s longer.
    The film is at least as long as its clips need; else it ends within 3 s of ``hours``.

    Raises EvaluationError for no clip, no picture, or hours that are not positive.
    """
    if not clips or not pictures or hours <= 0:
        raise EvaluationError(
            f"cannot plan a film of {hours} hours from {len(clips)} clips, {len(pictures)} pictures"
            "; pass some of each"
        )
    rng = Random(seed)
    order = sorted(clips, key=lambda clip: clip.file)
    rng.shuffle(order)
    # Each clip's end is rounded up to a whole second by the pictures that follow it.
    clips_s = sum(math.ceil(clip.duration_s) for clip in order)
    shown = max(len(order) + 1, round((hours * 3600 - clips_s) / PICTURE_S))
    queue = _pictures(sorted(set(pictures)), shown, rng)
    # Every space gets one picture, so that no clip runs into the next; the rest fall where they do.
    spaces = [1] * (len(order) + 1)
    for _ in range(shown - len(spaces)):
        spaces[rng.randrange(len(spaces))] += 1
    segments: list[Segment] = []
    clock_s = 0.0
    for number, space in enumerate(spaces):
        for left in range(space, 0, -1):
            end_s = clock_s + PICTURE_S
            if left == 1 and number < len(order):
                end_s = float(math.ceil(end_s))  # up to the whole second where the clip starts
            segments.append(Segment(clock_s, end_s, None, queue.pop()))
            clock_s = end_s
        if number < len(order):
            clip = order[number]
            segments.append(Segment(clock_s, clock_s + clip.duration_s, clip.file, None))
            clock_s += clip.duration_s
    return FilmPlan(tuple(segments))


def _pictures(pictures: Sequence[str], count: int, rng: Random) -> list[str]:
    """``count`` pictures in random order: whole rounds of all, so that repeats lie far apart."""
    queue: list[str] = []
    while len(queue) < count:
        queue += rng.sample(pictures, len(pictures))
    return queue[:count]
