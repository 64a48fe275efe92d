"""What a checkpoint will take of this machine's memory, by the arithmetic of ``plan``.

Reckoned once, when the model is loaded: the size of micro-batches follows from it and stays for the
run, since the frames of a block are always cut alike (a batch's size changes last digits). So does
the longest view. Weights that do not fit are refused before any is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from streamvid.model.errors import ModelError
from streamvid.model.llama.precision import Precision
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.cost import (
    BF16_BYTES,
    TowerShape,
    Work,
    context_token_bytes,
    costs,
)
from streamvid.model.llava_mini.ledger import planned_weights
from streamvid.model.llava_mini.plan import PREFIX_TOKENS, PROMPT_TOKENS

LARGEST_BATCH = 16
_BATCH_SHARE = 0.12
"""Of what weights leave free, at most so much goes to a batch's activations, as in a plan."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``weights_bytes`` of ``free_bytes``; frames at a time, and tokens of a view, that fit beside
    them."""

    weights_bytes: int
    free_bytes: int
    encode_batch: int
    view_tokens: int


def reckon(
    config: LlavaMiniConfig,
    tower: TowerShape,
    *,
    free_bytes: int,
    precision: Precision,
) -> Budget:
    """The budget of ``config`` before it is loaded into ``free_bytes``.

    Raises ModelError, with both numbers, where the weights or the shortest view do not fit.
    """
    weights = sum(planned_weights(config, tower, precision).values())
    parts = config.resolution_ratio
    work = Work(parts=1 if parts == 1 else parts**2 + 1, text_tokens=PREFIX_TOKENS)
    times = precision.cache_dtype.itemsize // BF16_BYTES
    found = costs(config, tower, work)
    frame = times * sum(part.activation_bytes for part in found if part.name != "language model")
    room = free_bytes - weights
    batch = 1
    while batch < LARGEST_BATCH and 2 * batch * frame <= _BATCH_SHARE * room:
        batch *= 2
    token_bytes = times * context_token_bytes(config.language)
    view = (room - batch * frame) // token_bytes - PROMPT_TOKENS
    if view < config.tokens_per_frame:
        least = (PROMPT_TOKENS + config.tokens_per_frame) * token_bytes + frame
        raise ModelError(_too_large(weights, weights + least, free_bytes, precision))
    return Budget(weights, free_bytes, batch, view)


def _too_large(weights: int, least: int, free_bytes: int, precision: Precision) -> str:
    less = "" if precision.prefill == "nf4" else ", load it with --quantize nf4"
    return (
        f"weights take {weights / 1e9:.1f} GB in {precision.name}, {least / 1e9:.1f} GB with a"
        f" frame and a prompt, and {free_bytes / 1e9:.1f} GB are free: end other programs{less},"
        " or take a smaller model"
    )


def free_device_memory(device: torch.device | str) -> int:
    """Bytes that are free on a device, as its driver tells them."""
    return int(torch.cuda.mem_get_info(torch.device(device))[0])


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that a process may still take: what the kernel reckons, and the container's limit.

    Where neither is told (not Linux) 8 GB are taken for granted.
    """
    found = []
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        found += [int(one.split()[1]) * 1024 for one in lines if one.startswith("MemAvailable")]
    except (OSError, ValueError, IndexError):
        pass
    group = root / "sys/fs/cgroup"
    try:
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        found.append(max(0, limit - used))
    except (OSError, ValueError):
        pass  # no container, or one without a limit ("max")
    return min(found, default=8 * 10**9)
