"""Reading a captions folder: ``captions.jsonl``, ``qa.jsonl``, either alone, or both.

A line of ``captions.jsonl`` is ``{"image", "captions", "split", "source"?, "squashed"?}``, one of
``qa.jsonl`` ``{"image", "qa": [{"question", "answer", "type", "statement"?}], "split", …}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streamvid.training.turns.errors import CaptionsFolderError
from streamvid.training.turns.turn import Example, GivenPair


def load_examples(folder: Path, split: str) -> list[Example]:
    """Read the pictures of one split (``"train"``, ``"dev"``), sorted by image path.

    A picture named in both files becomes one example. The pictures themselves are not opened.
    Raises CaptionsFolderError if neither file is there, a line is malformed, or a picture has one
    split in one file and another in the other (it would be trained on and tested with).
    """
    files = [folder / "captions.jsonl", folder / "qa.jsonl"]
    if not any(file.is_file() for file in files):
        raise CaptionsFolderError(
            f"neither captions.jsonl nor qa.jsonl in '{folder}'; pass a folder in that layout"
        )
    splits: dict[str, str] = {}
    captions: dict[str, tuple[str, ...]] = {}
    pairs: dict[str, tuple[GivenPair, ...]] = {}
    origin: dict[str, tuple[str, bool]] = {}
    for file in files:
        for where, record in _records(file):
            image = _text(record, "image", where)
            its_split = _text(record, "split", where)
            if splits.setdefault(image, its_split) != its_split:
                raise CaptionsFolderError(
                    f"{where}: '{image}' is in split '{splits[image]}' and '{its_split}'; keep one"
                )
            if its_split != split:
                continue
            # A file that does not say leaves standing what the other one said.
            source, squashed = origin.get(image, ("", False))
            origin[image] = (
                str(record.get("source", source)),
                bool(record.get("squashed", squashed)),
            )
            if "captions" in record:
                captions[image] = captions.get(image, ()) + _captions(record, where)
            if "qa" in record:
                pairs[image] = pairs.get(image, ()) + _pairs(record, where)
    return [
        Example(image, captions.get(image, ()), pairs.get(image, ()), *origin[image])
        for image in sorted(origin)
    ]


def _records(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not file.is_file():
        return
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{file.name} line {number}"
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise CaptionsFolderError(f"{where} is not JSON: {error.msg}") from error
            if not isinstance(record, dict):
                raise CaptionsFolderError(f"{where} is not a JSON object; write one a line")
            yield where, record


def _text(record: dict[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CaptionsFolderError(f"{where} has no text under '{key}'; add it")
    return value


def _captions(record: dict[str, Any], where: str) -> tuple[str, ...]:
    value = record["captions"]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise CaptionsFolderError(f"{where} has captions that are no list of texts")
    return tuple(text for text in value if text.strip())


def _pairs(record: dict[str, Any], where: str) -> tuple[GivenPair, ...]:
    value = record["qa"]
    if not isinstance(value, list) or not all(isinstance(pair, dict) for pair in value):
        raise CaptionsFolderError(f"{where} has qa that is no list of objects")
    return tuple(
        GivenPair(
            question=_text(pair, "question", where),
            answer=_text(pair, "answer", where),
            type=str(pair.get("type", "")),
            statement=pair.get("statement") or None,
        )
        for pair in value
    )
