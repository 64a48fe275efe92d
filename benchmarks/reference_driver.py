"""Times the reference implementation, in its own environment; ``bench_parity.py`` starts it.

    REFERENCE_PYTHON reference_driver.py JOB.json

The job names the reference's folder, a checkpoint beside its tower, frames and two questions. Only
what keeps the reference from being imported here is replaced: a video reader that is not needed and
a tokenizer that it fetches while it is imported.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch


def load(job: dict[str, Any]) -> Any:
    """The reference's model, as its own loader leaves it, on the processor."""
    import transformers

    checkpoint = Path(job["checkpoint"])
    os.chdir(checkpoint.parent)  # it looks for the tower by its name alone
    decord = types.ModuleType("decord")
    decord.VideoReader = decord.cpu = None  # type: ignore[attr-defined]
    sys.modules["decord"] = decord
    tokenizers: Any = transformers.AutoTokenizer
    given = tokenizers.from_pretrained
    tokenizers.from_pretrained = lambda *_, **__: given(checkpoint)
    sys.path.insert(0, job["reference"])
    module = importlib.import_module("llavamini.model.language_model.llavamini_llama")
    model = module.LlavaMiniLlamaForCausalLM.from_pretrained(checkpoint, torch_dtype=torch.float32)
    tower = model.get_vision_tower()
    if not tower.is_loaded:
        tower.load_model()
    return model.eval()


def main() -> None:
    """Answer both questions ``rounds`` times and print seconds and ids as JSON."""
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(job["threads"])
    pixels = torch.from_numpy(np.load(job["pixels"]))
    model = load(job)
    seconds: list[list[float]] = []
    ids: list[list[int]] = []
    with torch.inference_mode():
        for _ in range(job["rounds"] + 1):
            taken = []
            ids = []
            for question in job["questions"]:
                start_s = time.perf_counter()
                told = model.generate(
                    torch.tensor([question]),
                    images=pixels[None],
                    do_sample=False,
                    max_new_tokens=job["new_tokens"],
                    use_cache=True,
                    pad_token_id=0,
                )
                taken.append(time.perf_counter() - start_s)
                ids.append(told[0].tolist())
            seconds.append(taken)
    print(json.dumps({"seconds": seconds[1:], "ids": ids}))


if __name__ == "__main__":
    main()
