"""Search through faiss, under the contract of ``memory.retrieval``.

faiss loads with the first index. Its flat index is exact too: results are those of
``FlatIndex``, up to the order of scores that differ in the last bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from memory.retrieval import MIN_SEPARATION_S, Moment, check_rows, check_search, thin
from memory.rows import FloatArray, TickArray, TimeArray

_FIRST_CANDIDATES = 256


class FaissIndex:
    """Inner-product search by faiss; ids are ticks."""

    def __init__(self, embedding_width: int) -> None:
        import faiss  # 0.1 s and 30 MB that a search without it need not pay

        self._faiss: Any = faiss
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(embedding_width))
        self._t_s: dict[int, float] = {}
        self._embedding_width = embedding_width

    def __len__(self) -> int:
        return len(self._t_s)

    def append(
        self, ticks: TickArray, t_s: TimeArray, embeddings: npt.NDArray[np.floating]
    ) -> None:
        """Add frames; see ``MomentIndex.append``."""
        check_rows(ticks, t_s, embeddings, self._embedding_width)
        # the last given of a tick stays
        last = dict(zip(ticks.tolist(), range(len(ticks)), strict=True))
        again = [tick for tick in last if tick in self._t_s]
        if again:
            self._index.remove_ids(np.array(again, np.int64))
        rows = list(last.values())
        chosen = np.ascontiguousarray(embeddings[rows], np.float32)
        self._index.add_with_ids(chosen, np.ascontiguousarray(ticks[rows]))
        self._t_s.update(zip(ticks[rows].tolist(), t_s[rows].tolist(), strict=True))

    def forget_before(self, tick: int) -> None:
        """Forget frames; see ``MomentIndex.forget_before``."""
        gone = [held for held in self._t_s if held < tick]
        if gone:
            self._index.remove_ids(np.array(gone, np.int64))
        for held in gone:
            del self._t_s[held]

    def search(
        self,
        query: FloatArray,
        k: int,
        *,
        start_s: float = 0.0,
        end_s: float = math.inf,
        min_separation_s: float = MIN_SEPARATION_S,
    ) -> list[Moment]:
        """Return moments, best first; see ``MomentIndex.search``.

        Candidates are fetched in growing numbers until ``k`` of them are moments: thinning needs to
        see no frame that scores below the last moment.
        """
        check_search(query, k, start_s, end_s, self._embedding_width)
        row = np.ascontiguousarray(query[None], np.float32)
        most = len(self._t_s)
        count = min(max(_FIRST_CANDIDATES, 4 * k), most)
        while count:
            scores, ids = self._index.search(row, count, params=self._within(start_s, end_s))
            moments = self._thinned(ids[0], scores[0], k, start_s, end_s, min_separation_s)
            exhausted = count == most or ids[0][-1] < 0
            if len(moments) == k or exhausted:
                return moments
            count = min(4 * count, most)
        return []

    def _within(self, start_s: float, end_s: float) -> Any:
        """Return what restricts a search to ticks that may lie in [start_s, end_s)."""
        if start_s <= 0 and end_s == math.inf:
            return None
        last = 1 << 62 if math.isinf(end_s) else math.ceil(end_s)
        selector = self._faiss.IDSelectorRange(max(math.floor(start_s), 0), last)
        return self._faiss.SearchParameters(sel=selector)

    def _thinned(
        self,
        ids: TickArray,
        scores: FloatArray,
        k: int,
        start_s: float,
        end_s: float,
        min_separation_s: float,
    ) -> list[Moment]:
        t_s = np.array([self._t_s.get(tick, -1.0) for tick in ids.tolist()], np.float64)
        inside = (ids >= 0) & (t_s >= start_s) & (t_s < end_s)
        ids, scores, t_s = ids[inside], scores[inside], t_s[inside]
        order = np.argsort(t_s)
        return thin(ids[order], t_s[order], scores[order], k, min_separation_s)
