"""Moments that look like a query: searched in an index of each recording, which is kept.

Pure reading: no model. The query is embedded already.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from memory import FaissIndex, FlatIndex, MomentIndex, Snapshot, TickSpan, fill_index
from memory import Moment as Found
from streamvid.answer.named_time import named_stretch
from streamvid.answer.range_frames import RangeFrames, State
from streamvid.answer.result import Moment
from streamvid.model.seam import FloatArray
from streamvid.settings import SearchIndex, Settings

KEPT_INDEXES = 8
MIN_SEPARATION_S = 10.0
"""Moments lie so far apart, if the range is long enough."""
_INDEXES: dict[SearchIndex, Callable[[int], MomentIndex]] = {
    "flat": FlatIndex,
    "faiss": FaissIndex,
}


class Moments:
    """Looks moments up in the recordings asked last; for one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._indexes: OrderedDict[str, tuple[State, MomentIndex]] = OrderedDict()

    def read_index(self, snapshot: Snapshot, frames: RangeFrames) -> None:
        """Have the recording's search index ready, for a ``search`` to come."""
        self._index(snapshot, frames)

    def search(
        self, snapshot: Snapshot, frames: RangeFrames, query: FloatArray, count: int
    ) -> list[Found]:
        """The ``count`` moments of ``frames`` closest to ``query`` [e], best first."""
        if len(frames.table) == 0:
            return []
        start_s = float(frames.table.t_s[0])
        end_s = math.nextafter(float(frames.table.t_s[-1]), math.inf)
        separation_s = self._separation_s(frames.existing_s, count)
        return self._index(snapshot, frames).search(
            query, count, start_s=start_s, end_s=end_s, min_separation_s=separation_s
        )

    def shown(
        self, snapshot: Snapshot, frames: RangeFrames, query: FloatArray, question: str
    ) -> list[Found]:
        """The moments to show beside an answer to ``question``, looked up by ``query`` [e].

        Where it names a time, those of that time come first, best first, then those of the rest.
        """
        count = self._settings.evidence_moments
        last_s = min(frames.end_s, frames.length_s)
        named = named_stretch(question, frames.start_s, last_s)
        if named is None or len(frames.table) == 0:
            return self.search(snapshot, frames, query, count)
        t_s, index = frames.table.t_s, self._index(snapshot, frames)

        def between(start_s: float, end_s: float, separation_s: float) -> list[Found]:
            end_s = math.nextafter(end_s, math.inf)  # the last frame belongs to it
            return index.search(
                query, count, start_s=start_s, end_s=end_s, min_separation_s=separation_s
            )

        # What was on screen when the range began belongs to its start.
        start_s = float(t_s[0]) if named[0] <= frames.start_s else named[0]
        inside = between(start_s, named[1], self._separation_s(named[1] - named[0], count))
        if not inside or len(inside) == count:
            return inside or self.search(snapshot, frames, query, count)
        apart_s = self._separation_s(frames.existing_s, count)
        sides = ((float(t_s[0]), start_s - apart_s), (named[1] + apart_s, float(t_s[-1])))
        rest = [
            moment
            for from_s, to_s in sides
            if from_s <= to_s
            for moment in between(from_s, to_s, apart_s)
        ]
        return (inside + sorted(rest, key=lambda moment: -moment.score))[:count]

    def forget(self, recording_id: str) -> None:
        """Drop the index of a recording."""
        self._indexes.pop(recording_id, None)

    def _separation_s(self, range_s: float, count: int) -> float:
        """As far apart as ``count`` moments can lie in ``range_s`` wherever the best ones are.

        Each takes the room on both sides of it; ``MIN_SEPARATION_S`` is enough, 1 s the least.
        """
        if self._settings.moment_separation_s is not None:
            return self._settings.moment_separation_s
        return min(MIN_SEPARATION_S, max(1.0, range_s / (2 * count - 1)))

    def _index(self, snapshot: Snapshot, frames: RangeFrames) -> MomentIndex:
        kept = self._indexes.get(frames.recording_id)
        index = None if kept is None else _caught_up(*kept, snapshot, frames.state)
        if index is None:
            index = self._new_index(snapshot)
        self._indexes[frames.recording_id] = (frames.state, index)
        self._indexes.move_to_end(frames.recording_id)
        while len(self._indexes) > KEPT_INDEXES:
            self._indexes.popitem(last=False)
        return index

    def _new_index(self, snapshot: Snapshot) -> MomentIndex:
        index = _INDEXES[self._settings.search_index](snapshot.geometry.embedding_width)
        chunks = list(snapshot.embeddings(previews=True))
        if chunks:  # in one piece: the index would grow by copying otherwise
            index.append(
                np.concatenate([chunk.ticks for chunk in chunks]),
                np.concatenate([chunk.t_s for chunk in chunks]),
                np.concatenate([chunk.values for chunk in chunks]),
            )
        return index


def with_stills(snapshot: Snapshot, found: Sequence[Found]) -> tuple[Moment, ...]:
    """Moments with their stills and the wall clock; those whose still is gone are left out."""
    stills, timeline = snapshot.stills([moment.tick for moment in found]), snapshot.timeline()
    return tuple(
        Moment(
            moment.tick,
            moment.t_s,
            moment.score,
            stills[moment.tick],
            None if timeline is None else timeline.to_wall_time(moment.t_s),
        )
        for moment in found
        if moment.tick in stills
    )


def _caught_up(
    before: State, index: MomentIndex, snapshot: Snapshot, now: State
) -> MomentIndex | None:
    """``index`` of a recording that was ``before``, with what came and without what went since.

    ``None`` where it changed in another way, such as a file whose blocks are filled out of order.
    """
    if now == before:
        return index
    if not now.grew_from(before):
        return None
    index.forget_before(now.first_tick)
    fill_index(index, snapshot.embeddings(TickSpan(before.last_tick + 1, now.last_tick + 1)))
    return index if len(index) == now.frames else None
