"""The view of a range whose end is open, in a recording that grows: each frame is appended once.

Pure reading: no model. It is the view that all frames would give if they were appended anew, so it
does not depend on when it was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from memory import Chunk, FrameTable, GapRow, RollingView, Snapshot, TickSpan
from streamvid.answer.epochs import Standing
from streamvid.answer.range_frames import RangeFrames
from streamvid.answer.span import TimeRange
from streamvid.model.seam import FloatArray

Read = Callable[[TickSpan], Iterable[Chunk]]


def grows(snapshot: Snapshot, within: TimeRange, frames: RangeFrames) -> bool:
    """Whether frames are still appended at the range's end, and nowhere else.

    A range of the last so many seconds loses frames at its start as it gains some: it has a context
    of its own each time. Previews stand where frames are still to come.
    """
    is_open = within.end_s is None and within.last_s is None
    return is_open and not snapshot.complete and frames.previews == 0


class GrowingView:
    """A rolling view of ``max_tokens`` that follows a recording's frames; for one thread at a time.

    Where frames that it holds left the recording at its start (retention), it is ``stale``: their
    tokens leave at the next compaction. Where frames changed in any other way it begins again.
    """

    def __init__(self, max_tokens: int, tokens_shape: tuple[int, int], *, policy: str) -> None:
        def make() -> RollingView:
            return RollingView(max_tokens, tokens_shape, policy=policy)

        self._make = make
        self._view = self._make()
        self._ticks = np.zeros(0, np.int64)
        self._appended = 0
        self._rebuilds = 0
        self._first_t_s = 0.0

    @property
    def standing(self) -> Standing:
        """How far it has come."""
        return Standing(self._rebuilds, self._view.epoch, self._appended)

    @property
    def quarter_frames(self) -> int:
        """Frames that a compaction makes room for, at the least."""
        return self._view.capacity - self._view.capacity * 3 // 4

    @property
    def room_frames(self) -> int:
        """Frames that fit before the next compaction."""
        return self._view.capacity - self.entries

    @property
    def merged(self) -> bool:
        """Whether it is other than each frame's own tokens."""
        return self._view.merged

    @property
    def stale(self) -> bool:
        """Whether some of it is of frames that are no longer in the recording."""
        return self.entries > 0 and float(self._view.entries().first_t_s[0]) < self._first_t_s

    @property
    def entries(self) -> int:
        """Entries that it holds."""
        return len(self._view)

    def tokens_from(self, entry: int) -> FloatArray:
        """A copy of the tokens behind the first ``entry`` entries, float32 [n · C², d]."""
        tokens = self._view.tokens_from(entry)
        return tokens.reshape(-1, tokens.shape[-1])

    def catch_up(self, table: FrameTable, gaps: Sequence[GapRow], read: Read) -> None:
        """Append what is new in ``table``: all frames of the range, at least one.

        ``read`` gives the tokens of a span. A look at an earlier moment changes nothing.
        """
        # Of what is held, what the recording still has; nothing of it left: it is another stretch.
        known = self._ticks[np.searchsorted(self._ticks, table.ticks[0]) :]
        same = min(len(known), len(table))
        others = not np.array_equal(known[:same], table.ticks[:same])
        if others or (same == 0 and len(self._ticks) > 0):
            self._begin_again()
            same = 0
        if len(table) > same:
            self._append(table, same, gaps, read)

    def _append(self, table: FrameTable, start: int, gaps: Sequence[GapRow], read: Read) -> None:
        compactions = self._view.epoch
        try:
            for chunk in read(TickSpan(int(table.ticks[start]), int(table.ticks[-1]) + 1)):
                self._view.append(chunk.t_s, chunk.values, gaps)
                self._appended += len(chunk.t_s)
        except BaseException:
            self._begin_again()  # nobody knows what it holds
            raise
        self._ticks, self._first_t_s = table.ticks, float(table.t_s[0])
        if self._view.epoch != compactions:
            self._view.drop_before(self._first_t_s)

    def _begin_again(self) -> None:
        self._view, self._ticks = self._make(), self._ticks[:0]
        self._rebuilds += 1
        self._appended = 0
