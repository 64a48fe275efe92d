"""The decoder beside transformers' own model: the same weights, the same ids, one run.

    python benchmarks/bench_decoder.py --model FOLDER [--threads 1] [--rounds 5] [--out FILE.json]

FOLDER holds a Llama checkpoint in Hugging Face's layout: config.json, model.safetensors, tokenizer.
Times are medians of alternating rounds, in wall and in CPU seconds: on a machine with other work
the wall times include waiting, the CPU times do not. The text for the agreement is Python's own
language reference, fed token by token, so that every decode step sees what fp32 saw.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from streamvid.model.llama import (
    LanguageModel,
    LlamaConfig,
    LlamaStack,
    Precision,
    choose_precision,
    generate,
)
from streamvid.model.llama.precision import named_precision, processor_name
from streamvid.model.nano.language_weights import converted_folder
from streamvid.model.nano.packages import SMOLLM2
from streamvid.model.seam import Sampling

AGREEMENT_TOKENS = 512
PROMPT_TOKENS = 90
NEW_TOKENS = 32
PREFILLS = (1054, 3630)
FRAME_TOKENS, TEXT_TOKENS = 50, 20


class TensorsOnDisk(Mapping[str, Tensor]):
    """A safetensors file as a mapping that reads each tensor when asked for it."""

    def __init__(self, path: Path) -> None:
        self._file = safe_open(path, framework="pt")
        self._names = set(self._file.keys())

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._names:
            raise KeyError(name)
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, slots=True)
class Times:
    """Medians over the rounds, of one call."""

    wall_s: float
    cpu_s: float


def race(runners: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Run all in alternation, so that other work on the machine meets each of them alike."""
    walls: dict[str, list[float]] = {name: [] for name in runners}
    cpus: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, runner in runners.items():
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            runner()
            walls[name].append(time.perf_counter() - wall_s)
            cpus[name].append(time.process_time() - cpu_s)
    return {n: Times(statistics.median(walls[n]), statistics.median(cpus[n])) for n in runners}


def compared(chosen: Precision) -> dict[str, Precision]:
    """Full precision, what each name forces, and what the machine measured, without repeats."""
    named = {name: named_precision(name) for name in ("fp32", "bf16", "int8")}
    if chosen not in named.values():
        named["auto"] = chosen
    return named


def agreement(model: LanguageModel, ids: Tensor, expected: Tensor) -> dict[str, float]:
    """Share of ``ids`` behind which the likeliest token is the full-precision library's."""
    best = expected.argmax(-1)
    prefill = model.logits_of_all(model.embed(ids), model.new_cache())
    cache = model.new_cache(room_tokens=len(ids))
    decode = torch.stack([model.decode_step(int(token_id), cache) for token_id in ids])
    return {
        "prefill": (prefill.argmax(-1) == best).float().mean().item(),
        "decode": (decode.argmax(-1) == best).float().mean().item(),
        "decode_cosine": torch.cosine_similarity(decode, expected).mean().item(),
    }


def library(folder: Path, dtype: torch.dtype) -> Any:
    """transformers' own model, as it comes."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()


def answer_with_library(model: Any, ids: Tensor) -> Tensor:
    """Its ``generate``, greedy, always NEW_TOKENS."""
    mask = torch.ones(1, len(ids), dtype=torch.long)
    options = {"max_new_tokens": NEW_TOKENS, "min_new_tokens": NEW_TOKENS, "do_sample": False}
    told: Tensor = model.generate(ids[None], attention_mask=mask, pad_token_id=0, **options)
    return told[0, len(ids) :]


def answer(model: LanguageModel, ids: Tensor, decode: Callable[[Any], str]) -> object:
    """The same through our generator, text included."""
    cache = model.new_cache(room_tokens=len(ids) + NEW_TOKENS)
    sampling = Sampling(max_new_tokens=NEW_TOKENS)
    return list(generate(model, cache, model.embed(ids), sampling, decode=decode, end_ids=()))


def prefill_with_library(model: Any, embeddings: Tensor) -> Tensor:
    """Its whole prefill, and the head on one plain row (a strided one costs more)."""
    hidden = model.model(inputs_embeds=embeddings).last_hidden_state
    logits: Tensor = model.lm_head(hidden[:, -1, :])
    return logits


def compare_decoding(
    models: Mapping[str, LanguageModel], full: Any, ids: Tensor, decode: Any, rounds: int
) -> dict[str, Any]:
    """Tokens per second of whole short answers, prefill of PROMPT_TOKENS included in both."""
    prompt = ids[:PROMPT_TOKENS]
    runners: dict[str, Callable[[], object]] = {
        "transformers fp32 generate": lambda: answer_with_library(full, prompt)
    }
    for name, model in models.items():
        runners[name] = lambda model=model: answer(model, prompt, decode)
    for runner in runners.values():
        runner()
    return {
        name: {"tokens_per_s_wall": NEW_TOKENS / t.wall_s, "tokens_per_s_cpu": NEW_TOKENS / t.cpu_s}
        for name, t in race(runners, rounds).items()
    }


def compare_prefill(
    model: LanguageModel, libraries: Mapping[str, Any], rounds: int
) -> dict[str, Any]:
    """First-token seconds: ours in chunks as in use, the library's in one piece."""
    table: dict[str, Any] = {}
    plain = dict(libraries)
    for tokens in PREFILLS:
        embeddings = torch.randn(tokens, model.config.hidden_size) * 0.13
        runners: dict[str, Callable[[], object]] = {
            "ours": lambda e=embeddings: model.prefill(e, model.new_cache(room_tokens=len(e)))
        }
        for name, other in plain.items():
            wide = embeddings[None].to(other.dtype)
            runners[name] = lambda other=other, wide=wide: prefill_with_library(other, wide)
        times = race(runners, rounds)
        table[str(tokens)] = {name: asdict(t) for name, t in times.items()}
        # The slower type of the library takes long at 3,630 tokens and decides nothing there.
        fastest = min(plain, key=lambda name: times[name].cpu_s)
        plain = {fastest: plain[fastest]}
    return table


def fusion_rates(stack: LlamaStack, rounds: int) -> dict[str, Any]:
    """Frames per second through the first four layers, as pre-fusion runs them."""
    table = {}
    for frames in (1, 8, 32):
        grid = torch.randn(frames, FRAME_TOKENS, stack.config.hidden_size)
        text = torch.randn(TEXT_TOKENS, stack.config.hidden_size)
        texts = text.expand(frames, *text.shape)
        whole = torch.cat([grid, texts], 1)
        _, states = stack.run_frames_keeping(grid, outputs=0)
        runners = {
            "whole": lambda x=whole: stack.run_frames(x, outputs=TEXT_TOKENS + 1),
            "text behind states": lambda x=texts, s=states: stack.run_frames(x, past=s),
        }
        for name, t in race(runners, 3 * rounds).items():
            table[f"{name}, {frames}"] = {
                "frames_per_s_wall": frames / t.wall_s,
                "frames_per_s_cpu": frames / t.cpu_s,
            }
    return table


def memory_of_a_process(folder: Path, name: str) -> dict[str, int]:
    """Bytes of a fresh process that loads, prefills 1,054 tokens and answers."""
    command = [sys.executable, __file__, "--model", str(folder), "--memory-only", name]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, int] = json.loads(told.stdout)
    return found


def report_memory(folder: Path, precision: Precision) -> None:
    """Print this process's bytes as JSON: bare torch, at the end, and at most."""

    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    bare = resident()
    model = load(folder, precision)
    cache = model.new_cache()
    model.prefill(torch.randn(1054, model.config.hidden_size) * 0.13, cache)
    for token_id in range(8):
        model.decode_step(token_id, cache)
    # Not getrusage: its maximum is the parent's, where that was larger before the fork.
    status = Path("/proc/self/status").read_text().splitlines()
    peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    figures = {"torch_alone": bare, "with_model": resident(), "peak": peak_kib * 1024}
    print(json.dumps(figures))


def load(folder: Path, precision: Precision) -> LanguageModel:
    """Our model, read tensor by tensor."""
    config = LlamaConfig.from_json(json.loads((folder / "config.json").read_text()))
    tensors = TensorsOnDisk(folder / "model.safetensors")
    return LanguageModel.from_tensors(config, tensors, precision)


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Everything, as one JSON object."""
    import pydoc_data.topics

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    english = pydoc_data.topics.topics["exceptions"] + pydoc_data.topics.topics["assignment"]
    ids = torch.tensor(tokenizer(english)["input_ids"][:AGREEMENT_TOKENS])
    chosen = choose_precision()
    load_before = os.getloadavg()[0]
    models = {name: load(folder, precision) for name, precision in compared(chosen).items()}
    auto = next(model for model in models.values() if model.precision == chosen)
    full = library(folder, torch.float32)

    def decode(token_ids: Any) -> str:
        text: str = tokenizer.decode(token_ids, skip_special_tokens=True)
        return text

    speed = compare_decoding(models, full, ids, decode, rounds)
    say("decoding")
    plain = {"transformers bf16": library(folder, torch.bfloat16), "transformers fp32": full}
    prefill = compare_prefill(auto, plain, rounds)
    say("prefill")
    tensors = TensorsOnDisk(folder / "model.safetensors")
    fused = LlamaStack.from_tensors(auto.config.with_layers(4), tensors, chosen.for_prefill)
    rates = fusion_rates(fused, rounds)
    say("pre-fusion")
    memory = {name: memory_of_a_process(folder, name) for name in ("fp32", "bf16", "auto")}
    say("memory")
    expected = full(ids[None]).logits[0]
    agreed = {name: agreement(model, ids, expected) for name, model in models.items()}
    return {
        "processor": processor_name(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "load_average": {"before": load_before, "after": os.getloadavg()[0]},
        "chosen": asdict(chosen),
        "decode": speed,
        "prefill": prefill,
        "pre_fusion": rates,
        "memory_bytes": memory,
        "agreement": agreed,
    }


def say(stage: str) -> None:
    """A line of progress."""
    print(f"{stage} measured", file=sys.stderr, flush=True)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of a checkpoint; default: nano's base")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    parser.add_argument("--memory-only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.model is None:
        options.model = converted_folder(SMOLLM2, options.cache)
    with torch.inference_mode():
        if options.memory_only:
            report_memory(options.model, choose_precision(options.memory_only))
            return
        text = json.dumps(measure(options.model, options.rounds), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
