"""The long film as evaluation uses it: planned and watched once, then asked by range and whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from streamvid.evaluation.film import Clip, FilmPlan, plan_film
from streamvid.evaluation.progress import Steps
from streamvid.evaluation.questions import ClipQuestions
from streamvid.evaluation.videos import Alone, AskRange, VideoReply, VideoRun
from streamvid.training.turns import Example


class FilmWatcher(Protocol):
    """What is asked of a program that watches a film; times in seconds of the film."""

    def watch_film(self, plan: FilmPlan) -> None:
        """Build the film of ``plan`` (clips and pictures by absolute path) and remember it."""

    def ask_film(self, start_s: float, end_s: float, question: str) -> VideoReply:
        """The reply to a question about [start, end) of the film."""

    def search_film(self, phrase: str) -> Sequence[float]:
        """Moments of the whole film that fit a phrase, best first."""


@dataclass(frozen=True, slots=True)
class FilmPlace:
    """Where the clips and pictures of a film lie, and how long it shall be."""

    clips: Path
    pictures: Path
    hours: float
    seed: int


class LongFilm:
    """A film of ``clips`` and of the captioned ``examples``, built when it is first needed."""

    def __init__(
        self,
        watcher: FilmWatcher,
        place: FilmPlace,
        clips: Sequence[ClipQuestions],
        examples: Sequence[Example],
    ) -> None:
        self._watcher, self._place = watcher, place
        self._clips, self._examples = clips, examples
        self._watched: FilmPlan | None = None

    def watch(self) -> FilmPlan:
        """The plan with clips as the manifest calls them; the film is watched at the first call."""
        if self._watched is None:
            base = self._place.clips
            absolute = {clip.file: str(base / clip.file) for clip in self._clips}
            plan = plan_film(
                [Clip(absolute[clip.file], clip.duration_s) for clip in self._clips],
                [str(self._place.pictures / e.image) for e in self._examples if e.captions],
                self._place.hours,
                self._place.seed,
            )
            self._watcher.watch_film(plan)
            self._watched = plan.renamed({path: file for file, path in absolute.items()})
        return self._watched

    def ask_ranges(
        self, video: VideoRun, alone: Mapping[tuple[str, str], Alone], steps: Steps
    ) -> None:
        """Search each clip's caption and ask its questions over its range."""
        plan = self.watch()
        video.ask_film(self._clips, plan, self._ask(steps), self._watcher.search_film, alone)

    def ask_whole(self, video: VideoRun, steps: Steps) -> None:
        """Ask each clip's questions of the whole film."""
        video.ask_whole_film(self._clips, self.watch(), self._ask(steps))

    def _ask(self, steps: Steps) -> AskRange:
        def ask(start_s: float, end_s: float, question: str) -> VideoReply:
            reply = self._watcher.ask_film(start_s, end_s, question)
            steps.step()
            return reply

        return ask
