"""Work in pieces that fit in memory; one that does not is halved, and that is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from streamvid.model.errors import ModelError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_SIGNS = ("can't allocate memory", "not enough memory", "out of memory")


class MicroBatches:
    """Pieces of at most ``size`` items, which shrinks where memory runs out, and stays so."""

    def __init__(self, size: int, *, say: Callable[[str], None] = lambda line: None) -> None:
        self.size, self._say = size, say

    def run(
        self, work: Callable[[Sequence[_Item]], _Result], items: Sequence[_Item]
    ) -> list[_Result]:
        """``work`` over all ``items`` in order, one result a piece.

        A piece that ran out of memory is done again in halves. Raises ModelError where a single
        item does not fit.
        """
        results: list[_Result] = []
        start = 0
        while start < len(items):
            piece = items[start : start + self.size]
            try:
                results.append(work(piece))
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(piece) == 1:
                    raise ModelError(
                        "not enough memory for a single frame: end other programs, or load the"
                        " model with --quantize nf4"
                    ) from error
                self.size = max(1, len(piece) // 2)
                self._say(f"memory is short: going on with {self.size} frames at a time")
            else:
                start += len(piece)
        return results


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out, of the device or of the machine."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The processor's allocator raises a plain RuntimeError.
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)
