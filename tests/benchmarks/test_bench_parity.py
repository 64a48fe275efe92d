"""Our side of the comparison with the reference, and the comparison with a stand-in for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.bench_parity import NEW_TOKENS, compare, greedy, shared_prefix
from streamvid.model.llama.precision import named_precision
from streamvid.model.llava_mini.loading import load_core
from streamvid.model.llava_mini.reference_inputs import reference_inputs
from tests.streamvid.model.llava_mini.tiny_checkpoint import TOWER, write_checkpoint


def test_streaming_says_what_the_whole_prompt_says_and_the_job_holds_all(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path)
    jobs: list[dict[str, Any]] = []

    def whole(job: dict[str, Any]) -> dict[str, Any]:
        """The reference's way: every question fused and prefilled as a whole."""
        jobs.append(json.loads(json.dumps(job)))
        core = load_core(
            checkpoint, tower_folder=tmp_path / TOWER, precision=named_precision("fp32")
        )
        pixels = torch.from_numpy(np.load(job["pixels"]))
        ids = []
        for question in job["questions"]:
            inputs = reference_inputs(core, question, pixels).embeddings
            ids.append(
                greedy(core.language, core.language.new_cache(), inputs, core.config.end_ids)
            )
        return {"seconds": [[1.0, 2.0]], "ids": ids}

    found = compare(tmp_path, checkpoint, whole, reference_folder=tmp_path, rounds=1, threads=1)
    assert found["same_ids"]
    assert found["first_question_s"]["reference"] == 1.0
    assert found["times_faster"]["second"] == 2.0 / found["second_question_s"]["ours"]
    assert jobs[0]["new_tokens"] == NEW_TOKENS


def test_the_shared_prefix_is_what_all_questions_begin_with() -> None:
    assert shared_prefix([[1, -200, 3, 4], [1, -200, 3, 5, 6]]) == [1, -200, 3]
    assert shared_prefix([[1, 2], [3]]) == []
