"""The full-size benchmark's logic, at a size that takes a second."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from benchmarks import bench_8b
from benchmarks.bench_8b import QUESTION_TOKENS, build, measure_questions, run, table_of
from benchmarks.random_weights import RandomTensors
from streamvid.model.llava_mini.known_configs import KNOWN_CONFIGS
from streamvid.model.llava_mini.loading import expected_shapes

SMALL = KNOWN_CONFIGS["llava-mini-llama-3.1-8b"]
SMALL = replace(
    SMALL,
    language=replace(
        SMALL.language,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        vocab_size=512,
        max_position_embeddings=1024,
    ),
    vision_width=64,
    prefusion_layers=1,
)
TOWER = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 56,
    "patch_size": 14,
}
PROMPT = bench_8b.PREFIX_TOKENS + QUESTION_TOKENS


@pytest.fixture(autouse=True)
def quick():
    with torch.inference_mode():
        yield


def test_every_part_is_measured_and_written(tmp_path) -> None:
    written: list[set[str]] = []
    result = run(
        SMALL,
        TOWER,
        remembered=(20, 5000),
        batches=(1, 2),
        timed_layers=1000,
        write=lambda so_far: written.append(set(so_far)),
    )
    # Ctrl-C at any time keeps what was measured before.
    assert all(before <= after for before, after in pairwise(written))
    assert written[-1] == set(json.loads(json.dumps(result)))
    small, large = result["questions"]
    assert small["tokens_in_context"] == 20 + PROMPT
    # A view goes as far as the context does, and the table says how far.
    assert large["tokens_in_context"] == 1024 - bench_8b.ANSWER_RESERVE_TOKENS + PROMPT
    for row in (small, large):
        assert 0 < row["second_question_s"] < row["second_question_prefilled_anew_s"]
        assert row["decode_tokens_per_s"] > 0
        parts = row["of_which"].values()
        assert row["first_question_s"] == pytest.approx(sum(parts))
        assert row["peak_bytes"] >= row["resident_bytes"] > 0
    assert result["encoding"]["1"]["times_the_loop"] == 1
    assert result["products"]["ratio"] > 0
    assert "5,000" in table_of(result)


def test_times_of_some_layers_are_multiplied_and_said_so() -> None:
    subject = build(SMALL, TOWER, 2)
    assert subject.factor == 2
    assert subject.timed.config.num_hidden_layers == 2
    row = measure_questions(subject, 30, bench_8b.ResidentMemory())
    # Memory is that of all layers.
    config = SMALL.language
    token_bytes = 2 * 2 * config.num_key_value_heads * config.head_dim * 4
    assert row["kv_bytes"] >= 30 * token_bytes
    assert row["tokens_in_context"] == 30


def test_random_tensors_have_a_checkpoints_names_shapes_and_spread() -> None:
    tensors = RandomTensors(SMALL)
    assert {name: tuple(tensors[name].shape) for name in tensors} == expected_shapes(SMALL)
    one, other = (tensors[f"model.layers.{i}.mlp.up_proj.weight"] for i in (0, 1))
    assert not torch.equal(one, other)
    assert 0.018 < float(one.float().std()) < 0.022
