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
from streamvid.evaluation.long_film import FilmPlace, FilmWatcher, LongFilm
from streamvid.evaluation.pictures import PictureRun, search_pictures, searched_pictures
from streamvid.evaluation.progress import SAY_EVERY_S, Say, Steps
from streamvid.evaluation.questions import (
    ClipQuestions,
    PictureQuestion,
    load_manifest,
    load_yesno,
)
from streamvid.evaluation.report import AnswerRecord, Figure, Tally, write_report
from streamvid.evaluation.videos import Alone, VideoReply, VideoRun
from streamvid.training.turns import Example, load_examples

_BATCH = 32  # pictures embedded between two looks at the clock


class Watcher(FilmWatcher, Protocol):
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
    progress: Say = lambda line: None,
) -> dict[str, Figure]:
    """Ask everything, write ``eval.json``, ``answers.jsonl`` and ``table.txt`` to ``out``.

    ``progress`` is told each part as it starts, and every ten seconds how far it is. Each part's
    figures are on disk before the next part starts, and a stop in the middle of one still writes
    its answers: hours of them survive.

    Raises EvaluationError or the captions folder's own error before anything is asked, where a
    file is not in its layout.
    """
    asked = _read(data)
    tally = Tally()
    answers: list[AnswerRecord] = []
    steps = Steps(progress, every_s=SAY_EVERY_S)
    figures: dict[str, Figure] = {}
    try:
        for part in _parts(watcher, data, asked, tally, answers, seed, steps):
            if part.total:
                steps.begin(part.name, part.total, part.unit)
                part.ask()
                figures = tally.figures()
                write_report(out, figures, answers)
    except BaseException:  # a part that was stopped has answers, but no figures yet
        if answers or figures:  # nothing yet must not replace what an earlier run found
            write_report(out, figures, answers)
        raise
    return figures


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that was read: pictures of the split and of training, questions, clips."""

    shown: Sequence[Example]
    train: Sequence[Example]
    yesno: Sequence[PictureQuestion]
    clips: Sequence[ClipQuestions]


def _read(data: Data) -> _Asked:
    yesno = data.captions / "yesno.jsonl" if data.captions else None
    return _Asked(
        shown=load_examples(data.captions, data.split) if data.captions else [],
        train=load_examples(data.captions, "train") if data.captions else [],
        yesno=load_yesno(yesno) if yesno and yesno.is_file() else [],
        clips=load_manifest(data.videos) if data.videos else [],
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of ``total`` steps, 0 where there is no data for it."""

    name: str
    total: int
    unit: str
    ask: Callable[[], object]


def _parts(
    watcher: Watcher,
    data: Data,
    asked: _Asked,
    tally: Tally,
    answers: list[AnswerRecord],
    seed: int,
    steps: Steps,
) -> list[_Part]:
    """What there is to do, in order. Replies count twice: of the right one and of another."""
    shown, train, clips = asked.shown, asked.train, asked.clips
    run = PictureRun(_picture_answers(watcher, data.captions, steps), tally, answers, seed)
    video = VideoRun(tally, answers, seed)
    alone: dict[tuple[str, str], Alone] = {}
    given = 2 * sum(len(example.qa) for example in shown)
    described = 2 * sum(len(example.captions) >= 3 for example in shown)
    searched = searched_pictures(shown)
    about_clips = 2 * sum(len(clip.questions) for clip in clips)
    about_film = about_clips if data.film_hours > 0 else 0
    base = data.videos.parent if data.videos else Path()
    place = FilmPlace(base, data.captions or Path(), data.film_hours, seed)
    film = LongFilm(watcher, place, clips, shown)

    def search() -> None:
        _search(watcher, data.captions, shown, tally, seed, steps)

    def ask_clips() -> None:
        alone.update(_ask_clips(watcher, base, clips, video, steps))

    return [
        _Part("retrieval", sum(1 + len(e.captions) for e in searched), "embeddings", search),
        _Part(
            "picture yes and no",
            2 * len(asked.yesno),
            "replies",
            lambda: run.ask_yesno(asked.yesno),
        ),
        _Part("picture questions", given, "replies", lambda: run.ask_given(shown, train)),
        _Part("captions", described, "replies", lambda: run.describe(shown, train)),
        _Part("clips", about_clips, "replies", ask_clips),
        _Part("long film", min(1, about_film), "film", film.watch),
        _Part("film", about_film, "replies", lambda: film.ask_ranges(video, alone, steps)),
        # Its answers have no twins.
        _Part("whole film", about_film // 2, "replies", lambda: film.ask_whole(video, steps)),
    ]


def _picture_answers(
    watcher: Watcher, folder: Path | None, steps: Steps
) -> Callable[[str, str], str]:
    # Every caption serves twice: of its own picture, and as the wrong one of another.
    known: dict[tuple[str, str], str] = {}

    def answer(image: str, question: str) -> str:
        if (image, question) not in known:
            known[image, question] = watcher.answer_picture((folder or Path()) / image, question)
        steps.step()
        return known[image, question]

    return answer


def _search(
    watcher: Watcher,
    folder: Path | None,
    examples: Sequence[Example],
    tally: Tally,
    seed: int,
    steps: Steps,
) -> None:
    base = folder or Path()

    def embed(images: Sequence[str]) -> npt.NDArray[np.float32]:
        found = []
        for first in range(0, len(images), _BATCH):
            batch = [base / image for image in images[first : first + _BATCH]]
            found.append(watcher.embed_pictures(batch))
            steps.step(len(batch))
        return np.concatenate(found)

    def embed_texts(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = watcher.embed_texts(texts)
        steps.step(len(texts))
        return vectors

    search_pictures(examples, embed_texts, embed, tally, seed=seed)


def _ask_clips(
    watcher: Watcher,
    base: Path,
    clips: Sequence[ClipQuestions],
    video: VideoRun,
    steps: Steps,
) -> dict[tuple[str, str], Alone]:
    def ask(file: str, question: str) -> VideoReply:
        reply = watcher.ask_clip(base / file, question)
        steps.step()
        return reply

    return video.ask_clips(clips, ask, lambda file: watcher.clip_moments_s(base / file))
