"""Which block is decoded next: what is wanted first, else in order of time.

Shared by the thread that decodes and the one that commits; every call takes the lock once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence

from memory import BLOCK_TICKS, TickSpan


class BlockPlan:
    """The blocks of [0, ``end_tick``) that are not settled to their end yet.

    A block that is settled in part is done again from its first tick, so that it is cut as it was.
    With ``within`` (start_s, end_s) only blocks that it touches are planned.
    """

    def __init__(
        self,
        end_tick: int,
        settled: Sequence[TickSpan],
        *,
        within: tuple[float, float] | None = None,
    ) -> None:
        self._end_tick = end_tick
        self._left = set(open_blocks(end_tick, settled))
        if within is not None:
            self._left = {block for block in self._left if _touches(block, *within)}
        self._wanted: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def want(self, ranges: Iterable[tuple[float, float]]) -> None:
        """Do the blocks of these ranges (start_s, end_s) before others, in this order."""
        with self._lock:
            self._wanted.extend(ranges)

    def take(self) -> TickSpan | None:
        """The next run of blocks to decode, as ticks, or ``None`` where none is left.

        Nothing of it counts as done until ``leave``.
        """
        with self._lock:
            blocks = self._next_wanted() or sorted(self._left)
            if not blocks:
                return None
            end = blocks[0] + 1
            while end in blocks:
                end += 1
            return TickSpan(blocks[0] * BLOCK_TICKS, min(end * BLOCK_TICKS, self._end_tick))

    def leave(self, span: TickSpan) -> None:
        """The blocks of ``span`` are decoded to their end."""
        with self._lock:
            last = -(-span.end_tick // BLOCK_TICKS)
            self._left.difference_update(range(span.first_tick // BLOCK_TICKS, last))

    @property
    def interrupted(self) -> bool:
        """Whether something that is wanted is still to be done: finish the block and ``take``."""
        with self._lock:
            return bool(self._next_wanted())

    def _next_wanted(self) -> list[int]:
        while self._wanted:
            start_s, end_s = self._wanted[0]
            blocks = [block for block in sorted(self._left) if _touches(block, start_s, end_s)]
            if blocks:
                return blocks
            self._wanted.popleft()
        return []


def open_blocks(end_tick: int, settled: Sequence[TickSpan]) -> list[int]:
    """Numbers of the blocks of [0, ``end_tick``) that ``settled`` does not hold whole, in order."""
    blocks = range(-(-end_tick // BLOCK_TICKS))
    whole: set[int] = set()
    for span in settled:
        first = -(-span.first_tick // BLOCK_TICKS)
        end = len(blocks) if span.end_tick >= end_tick else span.end_tick // BLOCK_TICKS
        whole.update(range(first, end))
    return [block for block in blocks if block not in whole]


def _touches(block: int, start_s: float, end_s: float) -> bool:
    return (block + 1) * BLOCK_TICKS > start_s and block * BLOCK_TICKS < end_s
