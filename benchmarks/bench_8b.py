"""LLaVA-Mini at its full 8B shape in NF4, with random weights: times and memory, no answers.

    python benchmarks/bench_8b.py [--remembered 180,1800,10800] [--timed-layers 32] [--out JSON]
    python benchmarks/bench_8b.py --device cuda --limit-gb 24

Measured are: loading; frames a second by batch size, beside a loop over single frames in the same
run; for each number of remembered frames the first question (frames fused from pixels, the whole
view prefilled), a second one (states kept; with the context kept, and with all of it prefilled
again), decoding behind it, and the peak of memory; and each product of a layer beside a plain
dequantise-and-multiply.

A view holds a token a frame as far as the model's context goes; how many is in the table. Where the
processor has no bf16 units all this takes hours: with --timed-layers 2 memory is still that of the
whole, and times are of two layers, multiplied, and marked so. The JSON is written after every part,
so that Ctrl-C keeps what was measured.

On a GPU memory is what torch allocated there, times end when the device is done, 64 frames are
fused instead of 8, 86,400 are remembered besides, and --limit-gb stops it at so many GB (a card of
that size). Weights are made beside it and arrive there in 4 bits.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.random_weights import CLIP_L_336, random_llava_mini
from streamvid.model.llama import FrameStates, KVCache, LanguageModel, LlamaStack
from streamvid.model.llama.nf4 import Nf4Linear, dequantize, has_packed_kernel, quantize
from streamvid.model.llama.precision import (
    device_precision,
    named_precision,
    processor_name,
)
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.known_configs import KNOWN_CONFIGS

PREFIX_TOKENS = 45
QUESTION_TOKENS = 24
DECODED_TOKENS = 8
ANSWER_RESERVE_TOKENS = 512
REMEMBERED = (180, 1800, 10800, 86400)
GIB = 1024**3


class Memory(Protocol):
    """Memory in use, and its highest value since it was last asked for; bytes."""

    def now(self) -> int:
        """In use now."""
        ...

    def peak(self) -> int:
        """The highest so far; the next peak counts from here."""
        ...


class ResidentMemory:
    """What this process holds of the machine's memory."""

    def now(self) -> int:
        """See ``Memory``."""
        return self._read("VmRSS")

    def peak(self) -> int:
        """See ``Memory``."""
        found = self._read("VmHWM")
        Path("/proc/self/clear_refs").write_text("5")
        return found

    def _read(self, field: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024


class DeviceMemory:
    """What torch took of the first CUDA device, its cache of free pieces included."""

    def now(self) -> int:
        """See ``Memory``."""
        return int(torch.cuda.memory_reserved())

    def peak(self) -> int:
        """See ``Memory``."""
        found = int(torch.cuda.max_memory_reserved())
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The model, and the part of its decoder that times are taken from."""

    core: LlavaMini
    timed: LanguageModel
    factor: float
    """What a time of ``timed`` is multiplied by; 1 where that is the whole."""
    fused_frames: int
    """Frames that a question is fused with."""

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.core.language.device


def build(
    config: LlavaMiniConfig,
    tower: dict[str, int],
    timed_layers: int,
    *,
    device: str = "cpu",
    fused_frames: int = 8,
) -> Subject:
    """The model with random weights."""
    on_processor = device == "cpu"
    precision = named_precision("nf4") if on_processor else device_precision("nf4")
    core = random_llava_mini(config, tower, precision, device=None if on_processor else device)
    layers = config.language.num_hidden_layers
    if timed_layers >= layers:
        return Subject(core, core.language, 1.0, fused_frames)
    whole = core.language._stack
    part = LlamaStack(
        config.language.with_layers(timed_layers), whole._layers[:timed_layers], whole.precision
    )
    language = LanguageModel(part, core.language._head)
    return Subject(core, language, layers / timed_layers, fused_frames)


def measure_encoding(core: LlavaMini, frames: int, batches: Sequence[int]) -> dict[str, Any]:
    """Seconds a frame, pixels to fused prefix, by batch size; 1 is the frame-by-frame loop."""
    side = core.vision.tower.image_px
    pixels = torch.randn(frames, 1, 3, side, side)
    ids = list(range(1, PREFIX_TOKENS + 1))
    table: dict[str, Any] = {}
    for batch in batches:
        core.fuse(core.see(pixels[:batch]), ids)  # the first call allocates
        _, whole_s = timed(partial(encode_all, core, pixels, ids, batch))
        table[str(batch)] = {"frame_s": whole_s / frames}
    loop_s = table["1"]["frame_s"]
    for row in table.values():
        row["times_the_loop"] = loop_s / row["frame_s"]
    return table


def encode_all(core: LlavaMini, pixels: Tensor, ids: Sequence[int], batch: int) -> None:
    """Frames through tower, compressor, projector and pre-fusion, ``batch`` at a time."""
    for start in range(0, len(pixels), batch):
        core.fuse(core.see(pixels[start : start + batch]), ids)


def measure_questions(subject: Subject, remembered: int, memory: Memory) -> dict[str, Any]:
    """First and second question over ``remembered`` frames, and decoding behind them."""
    core, language, factor = subject.core, subject.timed, subject.factor
    memory.peak()
    config = core.config
    room = config.language.max_position_embeddings - ANSWER_RESERVE_TOKENS
    per_frame = config.tokens_per_frame
    tokens = min(remembered * per_frame, room // per_frame * per_frame)
    states, states_s = timed(lambda: frame_states(core, subject.fused_frames))
    _, fuse_s = timed(lambda: fuse_question(core, states))
    cache = language.new_cache(room_tokens=tokens + PREFIX_TOKENS + ANSWER_RESERVE_TOKENS)
    # As memory gives it: vision tokens are kept in float16.
    view = torch.randn(tokens, config.language.hidden_size, dtype=torch.float16).mul_(0.02)
    prompt = torch.randn(PREFIX_TOKENS + QUESTION_TOKENS, config.language.hidden_size) * 0.02
    _, view_s = timed(lambda: language.extend(view, cache, chunk_tokens=language.chunk_tokens))
    _, prompt_s = timed(lambda: language.prefill(prompt, cache))
    steps_s = [timed(partial(language.decode_step, i, cache))[1] for i in range(DECODED_TOKENS)]
    cache.rewind(tokens)
    _, again_s = timed(lambda: language.prefill(prompt, cache))
    if factor != 1:
        # Memory is measured in full: the other layers' keys and values too.
        cache.close()
        cache = filled(core.language, tokens)
    prompt_again_s = again_s * factor
    step_s = statistics.median(steps_s[2:]) * factor
    row = {
        "remembered_frames": remembered,
        "tokens_in_context": cache.length,
        "first_question_s": states_s + fuse_s + (view_s + prompt_s) * factor,
        "of_which": {
            f"states_of_{subject.fused_frames}_frames_s": states_s,
            "fusing_s": fuse_s,
            "view_s": view_s * factor,
            "prompt_s": prompt_s * factor,
        },
        "second_question_s": fuse_s + prompt_again_s,
        "second_question_prefilled_anew_s": fuse_s + view_s * factor + prompt_again_s,
        "decode_tokens_per_s": 1 / step_s,
        "kv_bytes": cache.nbytes,
        "resident_bytes": memory.now(),
        "peak_bytes": memory.peak(),
    }
    cache.close()
    return row


def frame_states(core: LlavaMini, frames: int) -> FrameStates:
    """Pre-fusion states of ``frames`` new frames, in batches of 4."""
    side = core.vision.tower.image_px
    prefix = core.text(list(range(1, PREFIX_TOKENS + 1)))
    parts = []
    for start in range(0, frames, 4):
        seen = core.see(torch.randn(min(4, frames - start), 1, 3, side, side))
        states = core.prefusion.fuse_keeping(seen, prefix)[1]
        parts.append(FrameStates.empty(len(seen)) if states is None else states)
    return FrameStates.join(parts)


def fuse_question(core: LlavaMini, states: FrameStates) -> Tensor:
    """A question fused with each of the frames."""
    question = core.text(list(range(100, 100 + QUESTION_TOKENS)))
    return core.prefusion.fuse_behind(states, states.frames, question)


def filled(language: LanguageModel, tokens: int) -> KVCache:
    """A cache of the whole decoder with ``tokens`` in place."""
    config, cache = language.config, language.new_cache(room_tokens=tokens)
    shape = (1, config.num_key_value_heads, tokens, config.head_dim)
    part = torch.randn(shape, device=language.device)
    for layer in range(config.num_hidden_layers):
        cache.append(layer, part, part)
    cache.advance(tokens)
    return cache


def measure_products(subject: Subject, rounds: int = 5) -> dict[str, Any]:
    """A layer's four products over one chunk: ours, and dequantise plus plain product."""
    config = subject.core.config.language
    d, inner = config.hidden_size, config.intermediate_size
    shapes = {
        "query_key_value": (config.attention_width + 2 * config.key_value_width, d),
        "output": (d, config.attention_width),
        "gate_up": (2 * inner, d),
        "down": (d, inner),
    }
    tokens = subject.core.language.chunk_tokens
    table: dict[str, Any] = {"rows": tokens}
    for name, shape in shapes.items():
        weight = torch.randn(shape, dtype=torch.bfloat16, device=subject.device) * 0.02
        ours, (codes, state) = Nf4Linear(weight), quantize(weight)
        rows = torch.randn(tokens, shape[1], dtype=torch.bfloat16, device=subject.device)
        times = race(
            {"ours_s": partial(ours, rows), "plain_s": partial(plain_product, codes, state, rows)},
            rounds,
        )
        table[name] = times
    found = [table[name] for name in shapes]
    table["ratio"] = sum(one["ours_s"] for one in found) / sum(one["plain_s"] for one in found)
    return table


def plain_product(codes: Tensor, state: Any, rows: Tensor) -> Tensor:
    """Widened as bitsandbytes widens, and multiplied."""
    return F.linear(rows, dequantize(codes, state))


def race(runners: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, in alternation."""
    taken: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, runner in runners.items():
            taken[name].append(timed(runner)[1])
    return {name: statistics.median(found) for name, found in taken.items()}


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What ``call`` gives, and its wall seconds, a device's work included."""
    start_s = time.perf_counter()
    given = call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return given, time.perf_counter() - start_s


def run(
    config: LlavaMiniConfig,
    tower: dict[str, int],
    *,
    remembered: Sequence[int],
    batches: Sequence[int],
    timed_layers: int,
    write: Callable[[dict[str, Any]], None],
    device: str = "cpu",
    fused_frames: int = 8,
) -> dict[str, Any]:
    """Every part in turn; ``write`` gets the whole result behind each."""
    memory: Memory = ResidentMemory() if device == "cpu" else DeviceMemory()
    subject, load_s = timed(
        lambda: build(config, tower, timed_layers, device=device, fused_frames=fused_frames)
    )
    result: dict[str, Any] = {
        "processor": processor_name() if device == "cpu" else torch.cuda.get_device_name(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "packed_kernel": device == "cpu" and has_packed_kernel(),
        "fused_frames": fused_frames,
        "timed_layers": min(timed_layers, config.language.num_hidden_layers),
        "times_multiplied_by": subject.factor,
        "loading": {
            "s": load_s,
            "decoder_bytes": subject.core.language.nbytes,
            "resident_bytes": memory.now(),
            "peak_bytes": memory.peak(),
        },
    }
    write(result)
    result["products"] = measure_products(subject)
    write(result)
    result["encoding"] = measure_encoding(subject.core, 2 * max(batches), batches)
    result["encoding"]["peak_bytes"] = memory.peak()
    write(result)
    result["questions"] = []
    for frames in remembered:
        result["questions"].append(measure_questions(subject, frames, memory))
        write(result)
    return result


def table_of(result: dict[str, Any]) -> str:
    """The result for reading."""
    loading, batches = result["loading"], result["encoding"]
    lines = [
        f"{result['processor']}, {result['threads']} threads"
        + ("" if result["times_multiplied_by"] == 1 else ", times extrapolated from few layers"),
        f"loading {loading['s']:.0f} s, peak {loading['peak_bytes'] / GIB:.2f} GiB",
        f"products: {result['products']['ratio']:.2f} of dequantise + plain product",
        *(
            f"encoding by {name}: {row['frame_s']:.4f} s a frame, {row['times_the_loop']:.2f} x"
            for name, row in batches.items()
            if name != "peak_bytes"
        ),
        "remembered  in context  first question  second  prefilled anew  tokens/s  peak",
    ]
    lines += [
        f"{row['remembered_frames']:10,}  {row['tokens_in_context']:10,}"
        f"  {row['first_question_s']:12.1f} s  {row['second_question_s']:5.2f} s"
        f"  {row['second_question_prefilled_anew_s']:12.1f} s"
        f"  {row['decode_tokens_per_s']:8.2f}  {row['peak_bytes'] / GIB:.2f} GiB"
        for row in result["questions"]
    ]
    return "\n".join(lines)


def numbers(text: str) -> tuple[int, ...]:
    """``180,1800`` as numbers."""
    return tuple(int(part) for part in text.split(","))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=sorted(KNOWN_CONFIGS), default=sorted(KNOWN_CONFIGS)[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--limit-gb", type=float, help="take at most so much of the device")
    parser.add_argument("--remembered", type=numbers, help="180,1800,10800; cuda: 86400 too")
    parser.add_argument("--batches", type=numbers, help="1,4; cuda: 1,4,8,16,32")
    parser.add_argument("--fused-frames", type=int, help="8; cuda: 64")
    parser.add_argument("--layers", type=int, help="a shorter decoder, to try this out")
    parser.add_argument("--timed-layers", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    on_processor = options.device == "cpu"
    if not on_processor:
        if not torch.cuda.is_available():
            parser.error("no CUDA device is to be had; leave --device out")
        if options.limit_gb:
            whole = torch.cuda.get_device_properties(0).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, options.limit_gb * 1e9 / whole))
    elif options.limit_gb:
        parser.error("--limit-gb is for a device; pass --device cuda too")
    config = KNOWN_CONFIGS[options.model]
    if options.layers:
        config = replace(config, language=config.language.with_layers(options.layers))

    def write(result: dict[str, Any]) -> None:
        print(f"measured: {', '.join(result)}", file=sys.stderr, flush=True)
        if options.out:
            options.out.write_text(json.dumps(result, indent=1) + "\n")

    with torch.inference_mode():
        result = run(
            config,
            CLIP_L_336,
            remembered=options.remembered or REMEMBERED[: 3 if on_processor else 4],
            batches=options.batches or ((1, 4) if on_processor else (1, 4, 8, 16, 32)),
            timed_layers=options.timed_layers,
            write=write,
            device=options.device,
            fused_frames=options.fused_frames or (8 if on_processor else 64),
        )
    print(table_of(result))


if __name__ == "__main__":
    main()
