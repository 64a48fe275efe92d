"""The reference's own numbers: cases and tiny checkpoints in the folder ``STREAMVID_GOLDEN``.

Everything is found by file names, so that further sets in the same format need no change here.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from streamvid.model.llama import Precision
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.loading import load_core

VARIABLE = "STREAMVID_GOLDEN"
EXACT = Precision("fp32", "fp32")


def folder() -> Path:
    """The golden folder; skips the test where there is none."""
    found = os.environ.get(VARIABLE)
    if not found or not Path(found).is_dir():
        pytest.skip(f"{VARIABLE} names no folder with golden numbers")
    return Path(found)


def case_names() -> list[str]:
    """Names of all cases; one that says why there are none where the folder is missing."""
    found = sorted(Path(os.environ.get(VARIABLE, "/nowhere"), "cases").glob("*.json"))
    return [path.stem for path in found]


def model_names() -> list[str]:
    """Names of all checkpoints."""
    found = sorted(Path(os.environ.get(VARIABLE, "/nowhere"), "models").glob("*/config.json"))
    return [path.parent.name for path in found if "compressor_size" in path.read_text()]


@lru_cache(maxsize=2)
def model(name: str) -> LlavaMini:
    """A golden checkpoint in float32; skips the test where it or its tower is missing."""
    models = folder() / "models"
    checkpoint = models / name
    if not (checkpoint / "config.json").exists():
        pytest.skip(f"{models} holds no model {name}")
    tower = models / LlavaMiniConfig.read(checkpoint).vision_tower
    if not tower.exists():
        pytest.skip(f"{models} holds no vision tower {tower.name} for {name}")
    return load_core(checkpoint, tower_folder=tower, precision=EXACT)


@dataclass(frozen=True)
class Row:
    """One prompt of a case: ids without padding, and its frames [F, P, 3, h, w] or None."""

    number: int
    ids: list[int]
    pixels: Tensor | None


@dataclass(frozen=True)
class Case:
    """A golden case: what it says and its tensors."""

    name: str
    about: dict[str, Any]
    tensors: dict[str, Tensor]

    @cached_property
    def rows(self) -> list[Row]:
        masks = self.tensors["attention_mask"].bool()
        return [
            Row(number, ids[mask].tolist(), self._pixels(number))
            for number, (ids, mask) in enumerate(zip(self.tensors["input_ids"], masks, strict=True))
        ]

    def _pixels(self, row: int) -> Tensor | None:
        found = self.tensors.get(f"pixel_values.{row}")
        if found is None:
            batch = self.tensors.get("pixel_values")
            if batch is None:
                return None
            found = batch[row]
        frames = found.float()
        return frames[None] if frames.dim() == 4 else frames  # a picture is one frame

    @property
    def end_ids(self) -> set[int]:
        ids = self.about["generation"]["eos_token_id"]
        return set(ids) if isinstance(ids, list) else {ids}

    @property
    def cut_to_tokens(self) -> int | None:
        overrides = dict(self.about["config_overrides"])
        cut = overrides.pop("tokenizer_model_max_length", None)
        assert not overrides, f"no test knows how to override {sorted(overrides)}"
        return cut

    def generated(self, row: int) -> list[int]:
        """The reference's greedy ids of one row alone."""
        own = self.tensors.get(f"generated_ids.{row}")
        if own is not None:
            return own.tolist()
        ids = self.tensors["generated_ids"]
        return (ids if ids.dim() == 1 else ids[row]).tolist()


def load_case(name: str) -> Case:
    """Read one case."""
    path = folder() / "cases" / f"{name}.json"
    tensors = path.with_suffix(".safetensors")
    if not tensors.exists():
        pytest.skip(f"{tensors} is missing")
    return Case(name, json.loads(path.read_text(encoding="utf-8")), load_file(tensors))


def base_name(tensor: str) -> str:
    """A tensor's name without the row or call that it is of."""
    return re.sub(r"\.(?:call)?\d+$", "", tensor)


def worst(one: Tensor, other: Tensor) -> float:
    """The largest difference of two tensors of one shape."""
    assert one.shape == other.shape
    return float((one.float() - other.float()).abs().max()) if one.numel() else 0.0


def greedy_ids(core: LlavaMini, embeddings: Tensor, end_ids: set[int], most: int) -> list[int]:
    """Greedy continuation, the end id included."""
    cache = core.language.new_cache()
    logits = core.language.prefill(embeddings, cache)
    ids: list[int] = []
    while len(ids) < most:
        ids.append(int(torch.argmax(logits)))
        if ids[-1] in end_ids:
            break
        logits = core.language.decode_step(ids[-1], cache)
    return ids
