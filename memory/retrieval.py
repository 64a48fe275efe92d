"""Search: which moments look most like a phrase or a picture, given embeddings of the frames.

Two indexes with one contract: ``FlatIndex`` here is the reference, ``memory.faiss_index`` the
other. Scores are inner products, cosines where both sides have unit length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memory.errors import RangeError
from memory.rows import Chunk, FloatArray, HalfArray, TickArray, TimeArray

MIN_SEPARATION_S = 10.0
"""Two results closer than this would be one moment to a viewer."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame that was found: its tick, its time, and its inner product with what was sought."""

    tick: int
    t_s: float
    score: float


class MomentIndex(Protocol):
    """Embeddings of frames that can be searched; a cache of what a recording holds."""

    def __len__(self) -> int:
        """How many frames it holds."""

    def append(
        self, ticks: TickArray, t_s: TimeArray, embeddings: npt.NDArray[np.floating]
    ) -> None:
        """Add frames, in any order.

        ``ticks`` int64 [n], ``t_s`` float64 [n], ``embeddings`` [n, e] of any float type. A
        tick that is there already is replaced. Raises RangeError on a wrong shape.
        """

    def forget_before(self, tick: int) -> None:
        """Forget the frames before ``tick``, as retention did."""

    def search(
        self,
        query: FloatArray,
        k: int,
        *,
        start_s: float = 0.0,
        end_s: float = math.inf,
        min_separation_s: float = MIN_SEPARATION_S,
    ) -> list[Moment]:
        """Return at most ``k`` moments in [start_s, end_s), best first; ``query`` is [e].

        The best frame is a moment; frames nearer to it than ``min_separation_s`` are not looked at
        again; and so on. Of equal scores the earlier frame comes first. Raises RangeError.
        """


class FlatIndex:
    """Exact search over float32 [n, e] in order of time: 132 MB for a day of nano's embeddings."""

    def __init__(self, embedding_width: int) -> None:
        self._count = 0
        self._ticks = np.empty(64, np.int64)
        self._t_s = np.empty(64, np.float64)
        self._embeddings = np.empty((64, embedding_width), np.float32)

    def __len__(self) -> int:
        return self._count

    def append(
        self, ticks: TickArray, t_s: TimeArray, embeddings: npt.NDArray[np.floating]
    ) -> None:
        """Add frames; see ``MomentIndex.append``."""
        check_rows(ticks, t_s, embeddings, self._embeddings.shape[1])
        if len(ticks) == 0:
            return
        ordered = bool(np.all(np.diff(ticks) > 0))
        if not ordered or (self._count and ticks[0] <= self._ticks[self._count - 1]):
            self._insert(ticks, t_s, embeddings)
            return
        self._reserve(self._count + len(ticks))
        room = slice(self._count, self._count + len(ticks))
        self._ticks[room], self._t_s[room], self._embeddings[room] = ticks, t_s, embeddings
        self._count += len(ticks)

    def forget_before(self, tick: int) -> None:
        """Forget frames; see ``MomentIndex.forget_before``."""
        gone = int(np.searchsorted(self._ticks[: self._count], tick))
        for name in ("_ticks", "_t_s", "_embeddings"):
            setattr(self, name, getattr(self, name)[gone : self._count].copy())
        self._count -= gone

    def search(
        self,
        query: FloatArray,
        k: int,
        *,
        start_s: float = 0.0,
        end_s: float = math.inf,
        min_separation_s: float = MIN_SEPARATION_S,
    ) -> list[Moment]:
        """Return moments, best first; see ``MomentIndex.search``."""
        check_search(query, k, start_s, end_s, self._embeddings.shape[1])
        t_s = self._t_s[: self._count]
        start, end = np.searchsorted(t_s, [start_s, end_s])
        scores = self._embeddings[start:end] @ query.astype(np.float32)
        return thin(self._ticks[start:end], t_s[start:end], scores, k, min_separation_s)

    def _insert(
        self, ticks: TickArray, t_s: TimeArray, embeddings: npt.NDArray[np.floating]
    ) -> None:
        """Merge frames that lie before or among those held; the last given of a tick stays."""
        all_ticks = np.concatenate((self._ticks[: self._count], ticks))
        latest_first, index = np.unique(all_ticks[::-1], return_index=True)
        keep = len(all_ticks) - 1 - index
        self._t_s = np.concatenate((self._t_s[: self._count], t_s))[keep]
        held = self._embeddings[: self._count]
        self._embeddings = np.concatenate((held, embeddings.astype(np.float32)))[keep]
        self._ticks = latest_first
        self._count = len(latest_first)

    def _reserve(self, count: int) -> None:
        if count <= len(self._ticks):
            return
        size = max(count, 2 * len(self._ticks), 64)
        for name in ("_ticks", "_t_s", "_embeddings"):
            held = getattr(self, name)
            larger = np.empty((size, *held.shape[1:]), held.dtype)
            larger[: self._count] = held[: self._count]
            setattr(self, name, larger)


def fill_index(index: MomentIndex, chunks: Iterable[Chunk]) -> None:
    """Append all of ``chunks``, as ``Snapshot.embeddings`` gives them, to ``index``."""
    for chunk in chunks:
        index.append(chunk.ticks, chunk.t_s, chunk.values)


def thin(
    ticks: TickArray, t_s: TimeArray, scores: FloatArray, k: int, min_separation_s: float
) -> list[Moment]:
    """Return at most ``k`` of the frames, best first, no two nearer than ``min_separation_s``.

    ``ticks`` int64 [n], ``t_s`` float64 [n] in order, ``scores`` float32 [n].
    """
    left = scores.astype(np.float32)  # a copy, to strike out from
    moments: list[Moment] = []
    while len(moments) < k and len(left):
        best = int(np.argmax(left))  # the first of equals
        if left[best] == -np.inf:
            break
        moments.append(Moment(int(ticks[best]), float(t_s[best]), float(scores[best])))
        start = np.searchsorted(t_s, t_s[best] - min_separation_s, side="right")
        end = np.searchsorted(t_s, t_s[best] + min_separation_s, side="left")
        left[min(start, best) : max(end, best + 1)] = -np.inf
    return moments


def check_rows(
    ticks: TickArray,
    t_s: TimeArray,
    embeddings: npt.NDArray[np.floating] | HalfArray,
    embedding_width: int,
) -> None:
    """Raise RangeError unless the rows belong together and have ``embedding_width``."""
    wanted = (len(ticks), embedding_width)
    if embeddings.shape != wanted or len(t_s) != len(ticks):
        raise RangeError(
            f"embeddings are {list(embeddings.shape)} for {len(ticks)} ticks and {len(t_s)} times; "
            f"give {list(wanted)}"
        )


def check_search(
    query: FloatArray, k: int, start_s: float, end_s: float, embedding_width: int
) -> None:
    """Raise RangeError on a query of a wrong shape or value, no ``k``, or an empty range."""
    if query.shape != (embedding_width,):
        raise RangeError(f"query is {list(query.shape)}; give [{embedding_width}]")
    if not np.isfinite(query).all():
        raise RangeError("query has a number that is none; embed the phrase anew")
    if k < 1:
        raise RangeError(f"cannot search {k} moments; ask for 1 or more")
    if not start_s < end_s:
        raise RangeError(f"range {start_s:g} to {end_s:g} s is empty; end it after its start")
