"""How much memory a child process takes, where the system tells it in ``/proc``."""

from __future__ import annotations

from pathlib import Path

_PARTS = ("VmRSS:", "VmSwap:")
"""What lies in memory and what of it was moved to disk: a leak counts wherever it lies."""


def held_bytes(pid: int | None) -> int | None:
    """Bytes that process ``pid`` holds; None where it is gone or the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    held = [int(line.split()[1]) * 1024 for line in lines if line.startswith(_PARTS)]
    return sum(held) if held else None
