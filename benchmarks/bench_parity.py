"""The reference itself beside ours: one tiny checkpoint, one video, two questions.

    python benchmarks/bench_parity.py --reference FOLDER --python PYTHON --models GOLDEN/models

FOLDER is a checkout of the reference (github.com/ictnlp/LLaVA-Mini), PYTHON that of an environment
in which it runs (transformers 4.43.1, tokenizers 0.19.1, numpy 1.26), GOLDEN/models tiny
checkpoints beside their towers. Both answer greedily in float32 on the same pixels; the ids must be
equal.

The reference encodes the video and prefills everything anew for each question. Ours encodes it once
(counted with the first question), keeps its states and its view, and for the second question fuses
and prefills the question alone. Rounds alternate between fresh passes of both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from torch import Tensor

from streamvid.model.llama import FrameStates, KVCache, LanguageModel
from streamvid.model.llama.precision import named_precision, processor_name
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.loading import load_core
from streamvid.model.llava_mini.prompt import Prompt
from streamvid.model.llava_mini.reference_inputs import PLACEHOLDER_ID

FRAMES = 60
NEW_TOKENS = 16
QUESTIONS = ("<image>\nIs there a dog in the video?", "<image>\nWhat happens at the end of it?")
BATCH = 8


class Streaming:
    """Two questions about one video, as streamvid asks them."""

    def __init__(self, core: LlavaMini, pixels: Tensor, questions: Sequence[Sequence[int]]) -> None:
        self.core, self.pixels, self.questions = core, pixels, questions
        self._prefix = shared_prefix(questions)

    def answer_both(self) -> tuple[list[float], list[list[int]]]:
        """Seconds and ids of the first and the second question."""
        start_s = time.perf_counter()
        states, tokens, fused = self._encode()
        place = self._prefix.index(PLACEHOLDER_ID)
        language = self.core.language
        cache = language.new_cache(room_tokens=len(tokens) + 256)
        language.extend(torch.cat((fused[:place], tokens)), cache)
        viewed = cache.length
        seconds, told = [], []
        for question in self.questions:
            text = self.core.text(question[len(self._prefix) :])
            asked = self.core.prefusion.fuse_behind(states, states.frames, text).mean(0)
            prompt = torch.cat((fused[place + 1 :], asked))
            told.append(greedy(language, cache, prompt, self.core.config.end_ids))
            cache.rewind(viewed)
            seconds.append(time.perf_counter() - start_s)
            start_s = time.perf_counter()
        return seconds, told

    def _encode(self) -> tuple[FrameStates, Tensor, Tensor]:
        """States behind the prefix, vision tokens [F·C², d], the prefix's fused mean [P, d]."""
        prefix = self.core.text(self._prefix)
        states, tokens, texts = [], [], []
        for start in range(0, len(self.pixels), BATCH):
            seen = self.core.see(self.pixels[start : start + BATCH])
            fused, kept = self.core.prefusion.fuse_keeping(seen, prefix)
            assert kept is not None
            states.append(kept)
            tokens.append(fused.tokens.flatten(0, 1))
            texts.append(fused.text)
        return FrameStates.join(states), torch.cat(tokens), torch.cat(texts).mean(0)


def shared_prefix(questions: Sequence[Sequence[int]]) -> list[int]:
    """The ids that all questions begin with."""
    prefix = []
    for ids in zip(*questions, strict=False):
        if len(set(ids)) > 1:
            break
        prefix.append(ids[0])
    return prefix


def greedy(
    language: LanguageModel, cache: KVCache, prompt: Tensor, end_ids: Sequence[int]
) -> list[int]:
    """Up to NEW_TOKENS ids, the end among them."""
    logits = language.prefill(prompt, cache)
    ids: list[int] = []
    while len(ids) < NEW_TOKENS:
        ids.append(int(logits.argmax()))
        if ids[-1] in end_ids or len(ids) == NEW_TOKENS:
            break
        logits = language.decode_step(ids[-1], cache)
    return ids


def time_reference(python: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Run the driver in the reference's environment."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(job, file)
        file.flush()
        driver = Path(__file__).with_name("reference_driver.py")
        done = subprocess.run(
            [str(python), str(driver), file.name], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"the reference did not run:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(
    models: Path,
    checkpoint: Path,
    reference: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    reference_folder: Path,
    rounds: int,
    threads: int,
) -> dict[str, Any]:
    """Both on one checkpoint: medians, ratios, and whether the ids are equal."""
    config = LlavaMiniConfig.read(checkpoint)
    core = load_core(
        checkpoint, tower_folder=models / config.vision_tower, precision=named_precision("fp32")
    )
    prompt = Prompt(checkpoint)
    questions = [prompt.reference_ids([one]) for one in QUESTIONS]
    side = core.vision.tower.image_px
    parts = 1 if config.resolution_ratio == 1 else config.resolution_ratio**2 + 1
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randn(FRAMES, parts, 3, side, side, generator=generator)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        np.save(Path(folder, "pixels.npy"), pixels.numpy())
        theirs = reference(
            {
                "reference": str(reference_folder.resolve()),
                "checkpoint": str(checkpoint.resolve()),
                "pixels": f"{folder}/pixels.npy",
                "questions": questions,
                "new_tokens": NEW_TOKENS,
                "rounds": rounds,
                "threads": threads,
            }
        )
        streaming = Streaming(core, pixels, questions)
        streaming.answer_both()
        ours = [streaming.answer_both() for _ in range(rounds)]
    medians = {
        "reference": [statistics.median(column) for column in zip(*theirs["seconds"], strict=True)],
        "ours": [statistics.median(one[0][place] for one in ours) for place in (0, 1)],
    }
    return {
        "frames": FRAMES,
        "first_question_s": {who: found[0] for who, found in medians.items()},
        "second_question_s": {who: found[1] for who, found in medians.items()},
        "times_faster": {
            "first": medians["reference"][0] / medians["ours"][0],
            "second": medians["reference"][1] / medians["ours"][1],
        },
        "same_ids": theirs["ids"] == ours[-1][1],
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result: dict[str, Any] = {"processor": processor_name(), "threads": options.threads}
    for config in sorted(options.models.glob("*/config.json")):
        if "compressor_size" not in config.read_text():
            continue
        result[config.parent.name] = found = compare(
            options.models,
            config.parent,
            lambda job: time_reference(options.python, job),
            reference_folder=options.reference,
            rounds=options.rounds,
            threads=options.threads,
        )
        print(config.parent.name, json.dumps(found))
        if options.out:
            options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
