"""What a plan reckons with, beside what is really held: weights, a token's cache, a frame's states.

A plan is made from a configuration alone; the process that runs holds real buffers. Where the two
part by more than ``TOLERANCE`` the plan would promise what does not fit, or forgo what does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import nn

from streamvid.model.llama.linear import Kernel, kernel_dtype
from streamvid.model.llama.precision import Precision
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.cost import BF16_BYTES, TowerShape, Work, costs

_log = logging.getLogger(__name__)

TOLERANCE = 0.05
"""Share of the planned bytes. The processor's own order of 4 bits takes 3 % more than the plain."""
_INT8_SHARE = 0.5
"""Of bf16; a scale for each row is less than a part in a thousand."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing with its bytes by the plan's arithmetic and in memory."""

    name: str
    planned_bytes: int
    found_bytes: int

    @property
    def mismatch(self) -> str | None:
        """One line with both numbers where they part by more than ``TOLERANCE``."""
        if abs(self.found_bytes - self.planned_bytes) <= TOLERANCE * self.planned_bytes:
            return None
        return (
            f"{self.name} take {self.found_bytes} bytes and {self.planned_bytes} were planned:"
            " plan's figures do not hold here; please report it"
        )


class Ledger:
    """Entries as they become known, each once; a mismatch is told and logged when it is found."""

    def __init__(self, *, say: Callable[[str], None] = lambda line: None) -> None:
        self._say = say
        self._entries: dict[str, Entry] = {}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that were checked so far."""
        return tuple(self._entries.values())

    def check(self, name: str, planned_bytes: int, found_bytes: int) -> None:
        """Compare, the first time that ``name`` is seen."""
        if name in self._entries:
            return
        self._entries[name] = entry = Entry(name, planned_bytes, found_bytes)
        if entry.mismatch:
            fields = {"what": name, "planned_bytes": planned_bytes, "found_bytes": found_bytes}
            _log.warning("plan_mismatch", extra=fields)
            self._say(entry.mismatch)


def planned_weights(
    config: LlavaMiniConfig, tower: TowerShape, precision: Precision
) -> dict[str, int]:
    """Bytes of each component's weights in ``precision``, from the configuration alone.

    In one kernel, bf16 or NF4, they are ``cost``'s own. A processor may keep a second copy of the
    language model for decoding.
    """
    plain, small = (
        {part.name: part.weight_bytes for part in costs(config, tower, Work(), quantized=quantized)}
        for quantized in (False, True)
    )
    wide = 2 if precision.prefill == "fp32" else 1
    found = {name: wide * plain[name] for name in ("vision tower", "compressor", "projector")}

    def layers(name: str, whole: int, four_bits: int, kernels: Iterable[Kernel]) -> None:
        found[name] = round(sum(_scaled(whole, four_bits, kernel) for kernel in kernels))

    layers("pre-fusion", plain["pre-fusion"], small["pre-fusion"], {precision.for_prefill.prefill})
    language = config.language
    tables = 1 if language.tie_word_embeddings else 2
    head = tables * language.vocab_size * language.hidden_size * BF16_BYTES
    layers(
        "language model",
        plain["language model"] - head,
        small["language model"] - head,
        {precision.prefill, precision.decode},
    )
    found["language model"] += head * kernel_dtype(precision.decode).itemsize // BF16_BYTES
    return found


def _scaled(bf16_bytes: int, nf4_bytes: int, kernel: Kernel) -> float:
    if kernel.startswith("nf4"):
        return nf4_bytes
    if kernel == "int8":
        return _INT8_SHARE * bf16_bytes
    return bf16_bytes * kernel_dtype(kernel).itemsize / BF16_BYTES


def held_weights(core: LlavaMini) -> dict[str, int]:
    """Bytes of each component's weights as they lie in memory."""
    vision = core.vision
    return {
        "vision tower": _module_bytes(vision.tower.model),
        "compressor": _module_bytes(vision.compressor),
        "projector": _module_bytes(vision.projector),
        "pre-fusion": core.prefusion.nbytes,
        "language model": core.language.nbytes,
    }


def _module_bytes(module: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))
