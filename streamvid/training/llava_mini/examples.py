"""Examples in LLaVA's published layout: a JSON list of conversations about pictures or videos.

``[{"id", "image": "a/1.jpg", "conversations": [{"from": "human", "value": "<image>\\nWhat …?"},
{"from": "gpt", "value": "…"}, …]}]``; ``video`` may stand in the place of ``image``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamvid.model.llava_mini.templates import PLACEHOLDER
from streamvid.training.llava_mini.errors import ExamplesError

_PLACEHOLDERS = (PLACEHOLDER, "<video>")
_ASKS, _ANSWERS = ("human", "user"), ("gpt", "assistant")


@dataclass(frozen=True, slots=True)
class Example:
    """Questions with their answers about one picture, or one video, at ``path``."""

    name: str
    path: Path
    video: bool
    turns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """What a file holds; ``without_picture`` of its conversations are text alone, and left out."""

    found: tuple[Example, ...]
    without_picture: int


def read_examples(file: Path, media: Path) -> Examples:
    """Read ``file``; pictures and videos lie under ``media``.

    Raises ExamplesError naming the first conversation that does not fit, or whose picture is not
    there.
    """
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ExamplesError(f"cannot read {file}: {reason}") from error
    except ValueError as error:
        raise ExamplesError(f"{file} is no JSON: {error}") from error
    if not isinstance(listed, list):
        raise ExamplesError(f"{file} holds no list; LLaVA's layout is a list of conversations")
    found = [_example(number, one, media) for number, one in enumerate(listed)]
    examples = tuple(one for one in found if one is not None)
    if not examples:
        raise ExamplesError(f"{file} holds no conversation about a picture or a video")
    return Examples(examples, len(found) - len(examples))


def _example(number: int, fields: object, media: Path) -> Example | None:
    where = f"conversation {number}"
    if not isinstance(fields, dict):
        raise ExamplesError(f"{where} is no object; write {{id, image, conversations}}")
    name = str(fields.get("id", number))
    where = f"conversation {number} (id {name})"
    turns = _turns(fields.get("conversations"), where)
    kind = "video" if "video" in fields else "image"
    if fields.get(kind) is None:
        return None
    told = fields[kind]
    if not isinstance(told, str) or not told:
        raise ExamplesError(f"{where}: {kind} is {told!r}; it names one file")
    path = media / told
    if not path.is_file():
        raise ExamplesError(f"{where}: no file {path}; --media names the folder it is in")
    return Example(name, path, kind == "video", turns)


def _turns(listed: object, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(listed, list):
        raise ExamplesError(f"{where} has no list of conversations")
    said = [_said(one, where) for one in listed]
    if said and said[0][0] == "system":
        said = said[1:]  # the prompt's own system line stands there, in training as in use
    if not said or len(said) % 2:
        raise ExamplesError(f"{where} has {len(said)} turns; each question needs its answer")
    for place, (speaker, text) in enumerate(said):
        if speaker not in (_ANSWERS if place % 2 else _ASKS):
            raise ExamplesError(
                f"{where}: turn {place} is from {speaker!r}; human and gpt take turns, human first"
            )
        count = sum(text.count(one) for one in _PLACEHOLDERS)
        if count > (place == 0):
            raise ExamplesError(
                f"{where}: turn {place} has {count} placeholders; one stands in the first question"
            )
    texts = [_plain(text) for _, text in said]
    if not all(texts):
        raise ExamplesError(f"{where} has an empty turn")
    return tuple(zip(texts[::2], texts[1::2], strict=True))


def _said(one: object, where: str) -> tuple[str, str]:
    if isinstance(one, dict):
        speaker, text = one.get("from"), one.get("value")
        if isinstance(speaker, str) and isinstance(text, str):
            return speaker, text
    raise ExamplesError(f"{where} has a turn without from and value, both texts")


def _plain(text: str) -> str:
    for placeholder in _PLACEHOLDERS:
        text = text.replace(placeholder, "")
    return text.strip()


def batch_at(examples: int, size: int, step: int, *, seed: int) -> list[int]:
    """Numbers of the ``size`` examples that ``step`` trains on, of ``examples`` in all.

    Every pass over all of them is in an order of its own, drawn from ``seed`` and the pass alone:
    a step is the same whether the steps before it were taken in this run or in an earlier one.
    """
    places = range(step * size, (step + 1) * size)
    orders = {
        turn: np.random.default_rng((seed, turn)).permutation(examples)
        for turn in {place // examples for place in places}
    }
    return [int(orders[place // examples][place % examples]) for place in places]
