"""Which matrix kernels this machine multiplies fastest with, measured once and remembered.

What pays differs by processor: with bf16 matrix units one packed bf16 copy of the weights serves
prefill and decode; with AVX2 alone bf16 products are several times slower than fp32 ones while
bf16 matrix-vector products, which wait for memory only, are faster. Flags do not tell; time does.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from streamvid.model.llama.errors import PrecisionError
from streamvid.model.llama.linear import Kernel, kernel_dtype, kernels_here, make_linear

PrecisionName = Literal["auto", "fp32", "bf16", "int8", "nf4"]

_REPEATS = 12
_PREFILL_ROWS = 256
# More than the cores' own caches hold (57 MB of bf16), so that decode reads memory, as in use: of 8
# matrices bf16 at times looked as fast as int8, which over a whole model is 1.45 times as fast.
_DECODE_MATRICES = 16
_HYSTERESIS = 0.92  # a second copy, or rounded weights, must earn at least 8 %


@dataclass(frozen=True, slots=True)
class Precision:
    """The kernel of the first pass over many tokens, and that of one token at a time."""

    prefill: Kernel = "fp32"
    decode: Kernel = "fp32"

    def __post_init__(self) -> None:
        for kernel in (self.prefill, self.decode):
            if kernel not in get_args(Kernel):
                raise PrecisionError(f"no kernel {kernel!r}; use one of {get_args(Kernel)}")
        if self.prefill == "int8":
            raise PrecisionError("prefill in 'int8' is slower than any other; use 'fp32' or 'bf16'")

    @property
    def name(self) -> str:
        """One word for a status line: ``fp32``, ``bf16``, or ``fp32+bf16`` where they differ."""
        prefill, decode = (
            kernel.removesuffix("-packed").removesuffix("-plain")
            for kernel in (self.prefill, self.decode)
        )
        return prefill if prefill == decode else f"{prefill}+{decode}"

    @property
    def for_prefill(self) -> Precision:
        """The same for layers that never decode, as pre-fusion: no second copy is kept."""
        kernel: Kernel = "nf4-plain" if self.prefill == "nf4" else self.prefill
        return Precision(kernel, kernel)

    @property
    def cache_dtype(self) -> torch.dtype:
        """What keys and values are kept in: the prefill's own type, as its attention reads them."""
        return kernel_dtype(self.prefill)


def named_precision(name: PrecisionName) -> Precision:
    """The precision that ``name`` forces: ``int8`` for decode alone, the others throughout.

    Raises PrecisionError for ``auto``, which ``choose_precision`` measures, and unknown names.
    """
    packs = "bf16-packed" in kernels_here()
    bf16: Kernel = "bf16-packed" if packs else "bf16"
    match name:
        case "fp32":
            return Precision("fp32", "fp32")
        case "bf16":
            return Precision(bf16, bf16)
        case "int8":
            # Without bf16 units a bf16 prefill takes several times as long as one in fp32.
            return Precision("bf16-packed" if packs else "fp32", "int8")
        case "nf4":
            return Precision("nf4", "nf4")
    raise PrecisionError(f"no precision {name!r}; use 'auto', 'fp32', 'bf16', 'int8' or 'nf4'")


def device_precision(name: PrecisionName) -> Precision:
    """The precision on a device of its own, where ``auto`` is bf16 and nothing need be measured.

    Raises PrecisionError for ``int8``, whose kernel is the processor's.
    """
    match name:
        case "fp32" | "nf4":
            return Precision(name, name)
        case "auto" | "bf16":
            return Precision("bf16", "bf16")
    raise PrecisionError(f"no precision {name!r} on a device; use 'fp32', 'bf16' or 'nf4'")


def choose_precision(
    name: PrecisionName = "auto",
    *,
    cache_dir: Path | None = None,
    width: int = 576,
    inner_width: int = 1536,
) -> Precision:
    """The fastest precision here, or the one that ``name`` forces.

    ``auto`` times products of ``width`` × 2 ``inner_width`` (well under a second) and keeps the
    answer in ``cache_dir``/``kernels.json``, per processor, torch version and thread count, so that
    a busy start changes nothing later. An unreadable file is measured anew and replaced.
    """
    if name != "auto":
        return named_precision(name)
    key = f"{processor_name()}; torch {torch.__version__}; {torch.get_num_threads()} threads; "
    key += f"{width} x {inner_width}"
    kept = _read(cache_dir)
    if (found := kept.get(key)) is not None:
        return found
    chosen = pick(*measure_kernels(width=width, inner_width=inner_width))
    if cache_dir is not None:
        _write(cache_dir, {**kept, key: chosen})
    return chosen


def pick(prefill_s: dict[Kernel, float], decode_s: dict[Kernel, float]) -> Precision:
    """The precision to use, from each kernel's seconds for one prefill and one decode product."""
    prefill = min(prefill_s, key=lambda kernel: prefill_s[kernel])
    decode = prefill if prefill in decode_s else min(decode_s, key=lambda kernel: decode_s[kernel])
    for kernel, seconds in decode_s.items():
        if seconds < _HYSTERESIS * decode_s[decode]:
            decode = kernel
    return Precision(prefill, decode)


def measure_kernels(
    *, width: int, inner_width: int
) -> tuple[dict[Kernel, float], dict[Kernel, float]]:
    """Best seconds of each kernel: (products with 256 rows, products with one row)."""
    prefill: dict[Kernel, Callable[[], object]] = {}
    decode: dict[Kernel, Callable[[], object]] = {}
    for kernel in kernels_here():
        weights = [torch.randn(2 * inner_width, width) for _ in range(_DECODE_MATRICES)]
        linears = [make_linear(weight, kernel) for weight in weights]
        rows = torch.randn(_PREFILL_ROWS, width).to(kernel_dtype(kernel))
        one = rows[:1].contiguous()
        if kernel != "int8":
            prefill[kernel] = _call(linears[:1], rows)
        decode[kernel] = _call(linears, one)
    return _race(prefill), _race(decode)


def processor_name() -> str:
    """The processor's marketing name where the system tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model\t")]
    # Virtual machines of different generations share a name; their model number does not.
    return f"{names[0]} model {model[0]}" if names and model else platform.machine()


def _call(linears: Sequence[Callable[[Tensor], Tensor]], rows: Tensor) -> Callable[[], object]:
    return lambda: [linear(rows) for linear in linears]


def _race(runners: dict[Kernel, Callable[[], object]]) -> dict[Kernel, float]:
    """The least seconds of each runner, in alternation so that a busy moment hits all alike."""
    best = dict.fromkeys(runners, float("inf"))
    with torch.inference_mode():
        for _ in range(_REPEATS):
            for kernel, runner in runners.items():
                start_s = time.perf_counter()
                runner()
                best[kernel] = min(best[kernel], time.perf_counter() - start_s)
    return best


def _read(cache_dir: Path | None) -> dict[str, Precision]:
    if cache_dir is None:
        return {}
    try:
        entries = json.loads((cache_dir / "kernels.json").read_text(encoding="utf-8"))
        return {key: Precision(**fields) for key, fields in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        # Missing, cut off or of another version: measuring again costs less than a second.
        return {}


def _write(cache_dir: Path, entries: dict[str, Precision]) -> None:
    cache_dir.mkdir(parents=True, exist_ok=True)
    target = cache_dir / "kernels.json"
    fresh = cache_dir / f"kernels.json.{os.getpid()}"
    text = json.dumps({key: asdict(value) for key, value in entries.items()}, indent=1)
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(target)
