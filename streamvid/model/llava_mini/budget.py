"""What a checkpoint will take of this machine's memory, by the arithmetic of ``plan``.

Reckoned once, when the model is loaded: the size of micro-batches follows from it and stays for the
run, since the frames of a block are always cut alike (a batch's size changes last digits).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.cost import TowerShape, Work, costs

LARGEST_BATCH = 16
_BATCH_SHARE = 0.12
"""Of what weights leave free, at most so much goes to a batch's activations, as in a plan."""
_TEXT_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Budget:
    """``weights_bytes`` of ``free_bytes``, and frames at a time that fit beside them."""

    weights_bytes: int
    free_bytes: int
    encode_batch: int

    @property
    def warning(self) -> str | None:
        """One line where the weights alone exceed what is free."""
        if self.weights_bytes <= self.free_bytes:
            return None
        return (
            f"weights take {self.weights_bytes / 1e9:.1f} GB and {self.free_bytes / 1e9:.1f} GB"
            " are free: expect it to be slow or to be ended; --quantize nf4 takes less"
        )


def reckon(
    config: LlavaMiniConfig,
    tower: TowerShape,
    *,
    free_bytes: int,
    quantized: bool,
    widened: bool = False,
) -> Budget:
    """The budget of ``config`` before it is loaded into ``free_bytes``.

    ``widened``: everything is float32, twice as large as bf16.
    """
    parts = config.resolution_ratio
    work = Work(parts=1 if parts == 1 else parts**2 + 1, text_tokens=_TEXT_TOKENS)
    found = costs(config, tower, work, quantized=quantized)
    times = 2 if widened else 1
    weights = times * sum(part.weight_bytes for part in found)
    frame = times * sum(part.activation_bytes for part in found if part.name != "language model")
    room = _BATCH_SHARE * max(0, free_bytes - weights)
    batch = 1
    while batch < LARGEST_BATCH and 2 * batch * frame <= room:
        batch *= 2
    return Budget(weights, free_bytes, batch)


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
