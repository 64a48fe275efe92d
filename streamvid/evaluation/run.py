"""The whole evaluation in one call, over whatever data there is.

Knows the model only as a ``Watcher``: how pictures, clips and films become answers is its matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from streamvid.evaluation.errors import EvaluationError
from streamvid.evaluation.film import Clip, FilmPlan, plan_film
from streamvid.evaluation.pictures import PictureRun, search_pictures
from streamvid.evaluation.questions import ClipQuestions, load_manifest, load_yesno
from streamvid.evaluation.report import AnswerRecord, Figure, Tally, write_report
from streamvid.evaluation.videos import VideoReply, VideoRun
from streamvid.training.turns import Example, load_examples

Progress = Callable[[str], None]
"""Told the name of each part as it starts."""


class Watcher(Protocol):
    """What evaluation asks of a program that watches; paths are absolute, times in seconds."""

    def answer_picture(self, picture: Path, question: str) -> str:
        """The reply to a question about one picture."""

    def embed_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """float32 [texts, e], unit length."""

    def embed_pictures(self, pictures: Sequence[Path]) -> npt.NDArray[np.float32]:
        """float32 [pictures, e], unit length, comparable with texts."""

    def ask_clip(self, clip: Path, question: str) -> VideoReply:
        """The reply to a question about a whole clip, moments in seconds of the clip."""

    def clip_moments_s(self, clip: Path) -> Sequence[float]:
        """The times of the clip's remembered frames."""

    def watch_film(self, plan: FilmPlan) -> None:
        """Build the film of ``plan`` (clips and pictures by absolute path) and remember it."""

    def ask_film(self, start_s: float, end_s: float, question: str) -> VideoReply:
        """The reply to a question about [start, end) of the film."""

    def search_film(self, phrase: str) -> Sequence[float]:
        """Moments of the whole film that fit a phrase, best first."""


@dataclass(frozen=True, slots=True)
class Data:
    """What there is to evaluate on; every part may be missing, at least one is needed.

    ``captions`` is a folder in the captions layout, ``videos`` a manifest of clips, whose files are
    relative to its folder. ``film_hours`` above 0 also plans the long film; it needs both.
    """

    captions: Path | None
    split: str
    videos: Path | None
    film_hours: float

    def __post_init__(self) -> None:
        if self.captions is None and self.videos is None:
            raise EvaluationError("nothing to evaluate on; pass a captions folder or a manifest")
        if self.film_hours > 0 and (self.captions is None or self.videos is None):
            raise EvaluationError("the long film needs a captions folder and a manifest; pass both")


def evaluate(
    watcher: Watcher,
    data: Data,
    out: Path,
    *,
    seed: int = 0,
    progress: Progress = lambda part: None,
) -> dict[str, Figure]:
    """Ask everything, write ``eval.json``, ``answers.jsonl`` and ``table.txt`` to ``out``.

    Each part's figures are on disk before the next part starts: hours of answers survive a stop.
    Raises EvaluationError or the captions folder's own error before anything is asked, where a
    file is not in its layout.
    """
    tally = Tally()
    answers: list[AnswerRecord] = []
    shown = load_examples(data.captions, data.split) if data.captions else []
    train = load_examples(data.captions, "train") if data.captions else []
    asked = data.captions / "yesno.jsonl" if data.captions else None
    questions = load_yesno(asked) if asked and asked.is_file() else []
    clips = load_manifest(data.videos) if data.videos else []
    run = PictureRun(_picture_answers(watcher, data.captions), tally, answers, seed)
    video = VideoRun(tally, answers, seed)
    alone: dict[tuple[str, str], bool] = {}

    def ask_clips() -> None:
        alone.update(_ask_clips(watcher, data.videos, clips, video))

    parts: list[tuple[str, bool, Callable[[], None]]] = [
        ("retrieval", bool(shown), lambda: _search(watcher, data.captions, shown, tally)),
        ("picture yes and no", bool(questions), lambda: run.ask_yesno(questions)),
        ("picture questions", any(e.qa for e in shown), lambda: run.ask_given(shown, train)),
        ("captions", any(e.captions for e in shown), lambda: run.describe(shown, train)),
        ("clips", bool(clips), ask_clips),
        (
            "film",
            bool(clips) and data.film_hours > 0,
            lambda: _ask_film(watcher, data, clips, shown, video, alone, seed),
        ),
    ]
    for name, is_given, ask in parts:
        if is_given:
            progress(name)
            ask()
            write_report(out, tally.figures(), answers)
    return tally.figures()


def _picture_answers(watcher: Watcher, folder: Path | None) -> Callable[[str, str], str]:
    return lambda image, question: watcher.answer_picture((folder or Path()) / image, question)


def _search(
    watcher: Watcher, folder: Path | None, examples: Sequence[Example], tally: Tally
) -> None:
    base = folder or Path()
    search_pictures(
        examples,
        watcher.embed_texts,
        lambda images: watcher.embed_pictures([base / image for image in images]),
        tally,
    )


def _ask_clips(
    watcher: Watcher, manifest: Path | None, clips: Sequence[ClipQuestions], video: VideoRun
) -> dict[tuple[str, str], bool]:
    base = manifest.parent if manifest else Path()
    return video.ask_clips(
        clips,
        lambda file, question: watcher.ask_clip(base / file, question),
        lambda file: watcher.clip_moments_s(base / file),
    )


def _ask_film(
    watcher: Watcher,
    data: Data,
    clips: Sequence[ClipQuestions],
    examples: Sequence[Example],
    video: VideoRun,
    alone: dict[tuple[str, str], bool],
    seed: int,
) -> None:
    """Plan the film with absolute paths, have it watched, ask over its ranges."""
    base = data.videos.parent if data.videos else Path()
    folder = data.captions or Path()
    pictures = [str(folder / example.image) for example in examples if example.captions]
    plan = plan_film(
        [Clip(str(base / clip.file), clip.duration_s) for clip in clips],
        pictures,
        data.film_hours,
        seed,
    )
    watcher.watch_film(plan)
    by_name = plan.renamed({str(base / clip.file): clip.file for clip in clips})
    video.ask_film(clips, by_name, watcher.ask_film, watcher.search_film, alone)
