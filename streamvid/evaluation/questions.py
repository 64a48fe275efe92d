"""Reading what is asked: yes/no questions about pictures, clips with their questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from streamvid.evaluation.errors import QuestionFileError

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class PictureQuestion:
    """A yes/no question about a picture; ``concept`` is what it is about."""

    image: str
    question: str
    answer: bool
    concept: str


@dataclass(frozen=True, slots=True)
class VideoQuestion:
    """A question about a clip; its evidence lies in [t0_s, t1_s] of the clip."""

    question: str
    answer: str
    accept: tuple[str, ...]
    kind: str
    t0_s: float
    t1_s: float


@dataclass(frozen=True, slots=True)
class ClipQuestions:
    """A clip, as the manifest names it relative to its folder, and what is asked of it."""

    file: str
    duration_s: float
    caption: str
    questions: tuple[VideoQuestion, ...]


def load_yesno(file: Path) -> list[PictureQuestion]:
    """Read ``yesno.jsonl``. Raises QuestionFileError naming the line that is malformed."""
    return list(_read(file, _picture_question))


def load_manifest(file: Path) -> list[ClipQuestions]:
    """Read a manifest of clips. Raises QuestionFileError naming the line that is malformed."""
    return list(_read(file, _clip))


def _picture_question(record: dict[str, Any]) -> PictureQuestion:
    if record["answer"] not in {"yes", "no"}:
        raise ValueError(f"answer '{record['answer']}' is neither yes nor no")
    answer = record["answer"] == "yes"
    return PictureQuestion(record["image"], record["question"], answer, record.get("concept", ""))


def _clip(record: dict[str, Any]) -> ClipQuestions:
    questions = tuple(
        VideoQuestion(
            question=pair["q"],
            answer=pair["answer"],
            accept=tuple(pair["accept"]),
            kind=pair["kind"],
            t0_s=float(pair["t0"]),
            t1_s=float(pair["t1"]),
        )
        for pair in record["qa"]
    )
    return ClipQuestions(
        record["file"], float(record["duration_s"]), record.get("caption", ""), questions
    )


def _read(file: Path, parse: Callable[[dict[str, Any]], _Value]) -> Iterator[_Value]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise QuestionFileError(
            f"cannot read '{file}': {error.strerror}; pass a file in that layout"
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield parse(json.loads(line))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise QuestionFileError(
                f"{file.name} line {number} is not in its layout: {type(error).__name__} {error}"
            ) from error
