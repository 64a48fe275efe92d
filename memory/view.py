"""The view: what of a recording the language model gets to read, within a bound of tokens.

``RollingView`` grows with a recording: new frames go to its tail, and when it is full one
compaction joins older neighbours. ``range_view`` makes the view of a range. Both are functions of
the stored tokens and gaps alone: no clock, no randomness, and the same however they were cut into
calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from memory.blocks import cuts_before
from memory.errors import RangeError
from memory.merging import POLICIES, Entries, Policy, merge
from memory.rows import Chunk, FloatArray, GapRow, HalfArray, TimeArray

SMALLEST_FRAMES = 4
"""A view of fewer frames has no room for anything settled besides the newest."""
WORKING_BYTES = 64 << 20
"""Unmerged tokens that ``range_view`` may hold: eight hours of nano's are joined at once."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Vision tokens in order of time, ready to be prefilled.

    ``tokens`` float32 [N, C², d]; ``weights`` int64 [N]: frames that each entry stands for;
    ``first_t_s``, ``last_t_s`` float64 [N]: the first and last of these. ``evicted_frames``: frames
    that left altogether, for there were more runs between gaps than room. ``digest`` is over all
    of it.
    """

    tokens: FloatArray
    weights: npt.NDArray[np.int64]
    first_t_s: TimeArray
    last_t_s: TimeArray
    evicted_frames: int
    digest: str

    @property
    def merged(self) -> bool:
        """Whether it is other than each frame's own tokens."""
        return self.evicted_frames > 0 or len(self.weights) != int(self.weights.sum())

    @property
    def frames(self) -> int:
        """How many frames its entries stand for."""
        return int(self.weights.sum())

    @property
    def flat_tokens(self) -> FloatArray:
        """The tokens as the language model reads them, float32 [N · C², d]."""
        return self.tokens.reshape(-1, self.tokens.shape[-1])


class RollingView:
    """[settled][tail]: at most ``max_tokens`` vision tokens of all frames appended so far.

    A frame that finds it full sets off one compaction, to at most 3/4: older entries are joined by
    ``policy``, the newest ``newest_frames`` (default a quarter of the view) stay frames, and
    nothing is joined across a gap. Where runs between gaps alone are more than fit, the oldest
    leave and are counted. Between compactions tokens are appended only. Raises RangeError if
    ``max_tokens`` holds fewer than four frames, or the policy is unknown.
    """

    def __init__(
        self,
        max_tokens: int,
        tokens_shape: tuple[int, int],
        *,
        policy: str = "uniform",
        newest_frames: int | None = None,
    ) -> None:
        self.capacity = _capacity(max_tokens, tokens_shape)
        self.newest_frames = self.capacity // 4 if newest_frames is None else newest_frames
        if not 0 <= self.newest_frames <= self.capacity // 2:
            raise RangeError(
                f"newest window of {newest_frames} frames does not suit a view of "
                f"{self.capacity}; keep at most half"
            )
        self._policy = policy_named(policy)
        # room doubles up to the capacity: a short film's view stays small
        self._kept = _empty_entries(min(64, self.capacity), tokens_shape)
        self._count = 0
        self.settled = 0
        """Entries that the last compaction left; those behind them are frames of the tail."""
        self.epoch = 0
        """How many compactions there were; within one epoch tokens are only appended."""
        self.evicted_frames = 0

    def __len__(self) -> int:
        return self._count

    def append(self, t_s: TimeArray, tokens: HalfArray, gaps: Sequence[GapRow] = ()) -> None:
        """Append frames: ``t_s`` float64 [n] in order of time, ``tokens`` float16 [n, C², d].

        ``gaps``: at least those between the last frame before and the last of these.
        """
        last_t_s = float(self._kept.last_t_s[self._count - 1]) if self._count else None
        cuts = cuts_before(t_s, gaps, previous_t_s=last_t_s)
        start = 0
        while start < len(t_s):
            if self._count == self.capacity:
                self._compact()
            end = min(len(t_s), start + self.capacity - self._count)
            self.reserve(self._count + end - start)
            room = self._kept.part(self._count, self._count + end - start)
            room.tokens[:] = tokens[start:end]
            room.weights[:] = 1
            room.first_t_s[:] = room.last_t_s[:] = t_s[start:end]
            room.cuts[:] = cuts[start:end]
            self._count += end - start
            start = end

    @property
    def merged(self) -> bool:
        """Whether it is other than each frame's own tokens."""
        kept = self._kept.weights[: self._count]
        return self.evicted_frames > 0 or self._count != int(kept.sum())

    def drop_before(self, t_s: float) -> int:
        """Drop the entries whose frames all lie before ``t_s``; return how many frames these were.

        For frames that the recording has dropped. It rewrites tokens as a compaction does.
        """
        leaving = int(np.searchsorted(self._kept.last_t_s[: self._count], t_s, side="left"))
        frames = int(self._kept.weights[:leaving].sum())
        rest = self._kept.part(leaving, self._count)
        self._count -= leaving
        # numpy copies overlapping parts of one array as if by way of another
        _copy_into(self._kept.part(0, self._count), rest)
        self.settled = max(self.settled - leaving, 0)
        return frames

    def tokens_from(self, entry: int) -> FloatArray:
        """Return a copy of the tokens of the entries behind the first ``entry``, [n, C², d]."""
        return self._kept.tokens[entry : self._count].astype(np.float32)

    def view(self) -> View:
        """Return the view as it stands, a copy."""
        return _seal(self._kept.part(0, self._count), self.evicted_frames)

    def entries(self) -> Entries:
        """Return the entries as they stand, sharing memory with the view."""
        return self._kept.part(0, self._count)

    def _compact(self) -> None:
        """Join older entries so that the whole fills at most 3/4."""
        target = self.capacity * 3 // 4
        split = self._count - self.newest_frames
        old = merge(self._kept.part(0, split), target - self.newest_frames, self._policy)
        leaving = max(len(old) + self.newest_frames - target, 0)
        self.evicted_frames += int(old.weights[:leaving].sum())
        old = old.part(leaving, len(old))
        newest = self._kept.part(split, self._count)
        joined = _concatenated(old, newest)
        self._count = len(joined)
        self.settled = len(old)
        self.epoch += 1
        _copy_into(self._kept.part(0, self._count), joined)

    def reserve(self, count: int) -> None:
        """Make room for ``count`` entries, or all that the view may have, before they come."""
        count = min(count, self.capacity)
        if count <= len(self._kept):
            return
        larger = _empty_entries(
            min(max(count, 2 * len(self._kept)), self.capacity), self._kept.tokens.shape[1:]
        )
        _copy_into(larger.part(0, self._count), self._kept.part(0, self._count))
        self._kept = larger


def range_view(
    chunks: Iterable[Chunk],
    max_tokens: int,
    tokens_shape: tuple[int, int],
    *,
    gaps: Sequence[GapRow] = (),
    policy: str = "uniform",
) -> View:
    """Return the view of a range from its frames' tokens, unmerged whenever they fit.

    ``chunks`` in order of time, as ``Snapshot.tokens`` gives them; never more than WORKING_BYTES or
    twice the view is held. Raises RangeError as ``RollingView`` does.
    """
    capacity = _capacity(max_tokens, tokens_shape)
    frame_bytes = tokens_shape[0] * tokens_shape[1] * 4
    working_frames = max(2 * capacity, WORKING_BYTES // frame_bytes)
    groups = _gathered(chunks, working_frames)
    some, more = next(groups), next(groups, None)
    evicted_frames = 0
    if more is None and sum(len(chunk.t_s) for chunk in some) <= working_frames:
        frames = _frames_of(some, tokens_shape, gaps)
    else:
        working = RollingView(
            working_frames * tokens_shape[0], tokens_shape, policy=policy, newest_frames=0
        )
        for chunk in chain(some, more or (), chain.from_iterable(groups)):
            working.append(chunk.t_s, chunk.values, gaps)
        frames, evicted_frames = working.entries(), working.evicted_frames
    entries = merge(frames, capacity, policy_named(policy))
    leaving = max(len(entries) - capacity, 0)
    evicted_frames += int(entries.weights[:leaving].sum())
    return _seal(entries.part(leaving, len(entries)), evicted_frames)


def policy_named(name: str) -> Policy:
    """Return the policy of that name; raise RangeError if there is none."""
    try:
        return POLICIES[name]
    except KeyError:
        known = " or ".join(sorted(POLICIES))
        raise RangeError(f"no view policy {name!r}; use {known}") from None


def _frames_of(
    chunks: Sequence[Chunk], tokens_shape: tuple[int, int], gaps: Sequence[GapRow]
) -> Entries:
    """Return the frames of ``chunks`` as entries, in float16 as they are stored.

    Half of what a view of them all would take: to fill that with numbers, and to have its memory
    from the system, costs more than to join them.
    """
    if not chunks:
        return _empty_entries(0, tokens_shape)
    t_s = np.concatenate([chunk.t_s for chunk in chunks])
    tokens: HalfArray = np.concatenate([chunk.values for chunk in chunks])
    return Entries(tokens, np.ones(len(t_s), np.int64), t_s, t_s, cuts_before(t_s, gaps))


def _gathered(chunks: Iterable[Chunk], most_frames: int) -> Iterator[list[Chunk]]:
    """Yield ``chunks`` in groups of ``most_frames`` or somewhat more, the last one of less."""
    some: list[Chunk] = []
    count = 0
    for chunk in chunks:
        some.append(chunk)
        count += len(chunk.t_s)
        if count >= most_frames:
            yield some
            some, count = [], 0
    yield some


def _capacity(max_tokens: int, tokens_shape: tuple[int, int]) -> int:
    capacity = max_tokens // tokens_shape[0]
    if capacity < SMALLEST_FRAMES:
        raise RangeError(
            f"view of {max_tokens} tokens holds {capacity} frames; "
            f"give it {SMALLEST_FRAMES * tokens_shape[0]} or more"
        )
    return capacity


def _seal(entries: Entries, evicted_frames: int) -> View:
    digest = hashlib.sha256(evicted_frames.to_bytes(8, "little"))
    tokens = np.array(entries.tokens, np.float32, order="C")
    columns = (tokens, entries.weights, entries.first_t_s, entries.last_t_s)
    for column in columns:
        digest.update(np.ascontiguousarray(column).data)
    return View(
        tokens=tokens,
        weights=entries.weights.copy(),
        first_t_s=entries.first_t_s.copy(),
        last_t_s=entries.last_t_s.copy(),
        evicted_frames=evicted_frames,
        digest=digest.hexdigest(),
    )


def _empty_entries(count: int, tokens_shape: tuple[int, ...]) -> Entries:
    return Entries(
        np.empty((count, *tokens_shape), np.float32),
        np.empty(count, np.int64),
        np.empty(count, np.float64),
        np.empty(count, np.float64),
        np.empty(count, np.bool_),
    )


def _concatenated(first: Entries, second: Entries) -> Entries:
    return Entries(
        np.concatenate((first.tokens, second.tokens)).astype(np.float32, copy=False),
        np.concatenate((first.weights, second.weights)),
        np.concatenate((first.first_t_s, second.first_t_s)),
        np.concatenate((first.last_t_s, second.last_t_s)),
        np.concatenate((first.cuts, second.cuts)),
    )


def _copy_into(room: Entries, entries: Entries) -> None:
    room.tokens[:] = entries.tokens
    room.weights[:] = entries.weights
    room.first_t_s[:] = entries.first_t_s
    room.last_t_s[:] = entries.last_t_s
    room.cuts[:] = entries.cuts
