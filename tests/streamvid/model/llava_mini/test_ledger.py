"""The plan's arithmetic against what really lies in memory, on golden and made checkpoints."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

import streamvid.model.llava_mini.loading as loading
from streamvid.model.errors import ModelError
from streamvid.model.llama import Precision
from streamvid.model.llava_mini.cost import (
    CLIP_L_336,
    Work,
    context_token_bytes,
    costs,
    tower_shape,
)
from streamvid.model.llava_mini.known_configs import KNOWN_CONFIGS
from streamvid.model.llava_mini.ledger import TOLERANCE, Ledger, planned_weights
from streamvid.model.llava_mini.loading import load_llava_mini
from streamvid.model.llava_mini.model import LlavaMiniModel
from streamvid.model.llava_mini.plan import Demand, make_plan
from tests.streamvid.model.llava_mini import golden
from tests.streamvid.model.llava_mini.tiny_checkpoint import write_checkpoint

EIGHT = KNOWN_CONFIGS["llava-mini-llama-3.1-8b"]
NAMES = ["made", "made-hd", *golden.model_names()]
STILLS = [np.full((40, 60, 3), 90, np.uint8)] * 2


def folder(name: str, tmp_path: Path) -> Path:
    if name == "made":
        return write_checkpoint(tmp_path)
    if name == "made-hd":
        return write_checkpoint(tmp_path, resolution_ratio=2, compressor_size=2)
    golden.model(name)  # skips where its tower is missing
    return golden.folder() / "models" / name


def used(model: LlavaMiniModel) -> None:
    """Make a context and states, as a question does."""
    model.states(STILLS)
    encoded = model.encode(STILLS)
    head = model.spec.prefix_head_tokens
    context = model.context(encoded.fused_prefix.mean(0)[:head])
    context.extend(encoded.tokens.reshape(-1, model.spec.width))


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8", "nf4"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_held_is_what_was_planned(name: str, precision: str, tmp_path: Path) -> None:
    told: list[str] = []
    model = load_llava_mini(
        folder(name, tmp_path),
        precision=precision,  # type: ignore[arg-type]
        say=told.append,
    )
    used(model)
    entries = {entry.name: entry for entry in model._parts.ledger.entries}
    assert len(entries) == 7
    for entry in entries.values():
        assert entry.planned_bytes > 0, entry
        assert entry.found_bytes == pytest.approx(entry.planned_bytes, rel=TOLERANCE), entry
    assert not any("planned" in line for line in told)


@pytest.mark.parametrize("precision", ["bf16", "nf4"])
@pytest.mark.parametrize("name", NAMES)
def test_a_plans_items_are_what_the_running_model_holds(
    name: str, precision: str, tmp_path: Path
) -> None:
    model = load_llava_mini(folder(name, tmp_path), precision=precision)  # type: ignore[arg-type]
    used(model)
    config, vision = model._core.config, model._parts.frames.vision
    tower = tower_shape(vision.tower.model.config.to_dict(), config.vision_layer)
    ratio = config.resolution_ratio
    parts = 1 if ratio == 1 else ratio**2 + 1
    work = Work(parts=parts, text_tokens=model.spec.prefix_tokens)
    found = costs(config, tower, work, quantized=precision == "nf4")
    entries = {entry.name: entry.found_bytes for entry in model._parts.ledger.entries}
    held = sum(nbytes for what, nbytes in entries.items() if what.startswith("weights"))
    assert held == pytest.approx(sum(part.weight_bytes for part in found), rel=TOLERANCE)
    states = next(part.cache_bytes for part in found if part.name == "pre-fusion")
    assert entries["states of a frame"] == pytest.approx(states, rel=TOLERANCE)
    token = entries["keys and values of a token"]
    assert token == context_token_bytes(config.language)
    plan = make_plan(config, tower, Demand(8 * 10**9, 0.05, parts=parts))
    context = next(item for item in plan.items if item.name == "context")
    assert context.nbytes % token == 0


def test_in_one_kernel_planned_weights_are_costs_own() -> None:
    for precision, quantized in (
        (Precision("bf16", "bf16"), False),
        (Precision("nf4", "nf4"), True),
    ):
        found = planned_weights(EIGHT, CLIP_L_336, precision)
        parts = costs(EIGHT, CLIP_L_336, Work(), quantized=quantized)
        assert found == {part.name: part.weight_bytes for part in parts}


def test_a_mismatch_is_told_once_and_logged_with_both_numbers(caplog) -> None:
    told: list[str] = []
    ledger = Ledger(say=told.append)
    with caplog.at_level(logging.WARNING):
        ledger.check("states of a frame", 1000, 1050)
        ledger.check("weights of the tower", 1000, 1100)
        ledger.check("weights of the tower", 1000, 1200)
    assert told == [
        "weights of the tower take 1100 bytes and 1000 were planned: plan's figures do not hold"
        " here; please report it"
    ]
    (event,) = caplog.records
    assert event.message == "plan_mismatch"
    assert (event.planned_bytes, event.found_bytes) == (1000, 1100)  # type: ignore[attr-defined]


def test_a_model_that_does_not_fit_is_refused_before_its_weights_are_read(
    tmp_path, monkeypatch
) -> None:
    made = write_checkpoint(tmp_path)
    monkeypatch.setattr(loading, "free_memory", lambda: 100_000)
    with pytest.raises(ModelError, match=r"weights take .* are free: end other programs"):
        load_llava_mini(made, precision="bf16")


def test_where_memory_is_short_views_are_shorter_and_that_is_said(tmp_path, monkeypatch) -> None:
    made, told = write_checkpoint(tmp_path), list[str]()
    whole = load_llava_mini(made, precision="bf16")
    entries = {entry.name: entry for entry in whole._parts.ledger.entries}
    weights = sum(entry.planned_bytes for entry in entries.values())
    room = 700_000
    monkeypatch.setattr(loading, "free_memory", lambda: weights + room)
    small = load_llava_mini(made, precision="bf16", say=told.append)
    view = small.spec.default_view_tokens
    assert 0 < view < whole.spec.default_view_tokens
    assert view * small.spec.context_token_bytes < room
    assert f"memory is short: views of {view} tokens at most" in told


def test_a_context_that_outgrows_memory_says_what_to_lower(tmp_path, monkeypatch) -> None:
    model = load_llava_mini(write_checkpoint(tmp_path), precision="fp32")
    context = model.context(np.zeros((3, model.spec.width), np.float32))

    def full(*given: object, **named: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(model._core.language, "extend", full)
    with pytest.raises(ModelError, match=r"context of 13 tokens .* lower view_tokens"):
        context.extend(np.zeros((10, model.spec.width), np.float32))
