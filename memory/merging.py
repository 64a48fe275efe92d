"""Which neighbours in a view become one entry: policies as plain functions, and the merge itself.

Axes: N entries of a view, C² tokens of an entry, d width. A policy is given N entries and a target
and returns group labels int64 [N], never falling; entries of one group become one, slot by slot, as
the mean over the frames they stand for. No group crosses a gap, so there are at least as many
groups as runs between gaps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memory.rows import FloatArray, HalfArray, TimeArray

LabelArray = npt.NDArray[np.int64]
_BLOCK = 64
"""Rows worked on at a time: few enough that they stay in a core's own cache between two steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Entries of a view in order of time.

    ``tokens`` float32 [N, C², d], or float16 where all are frames as stored; ``weights`` int64 [N]:
    frames in each; ``first_t_s``, ``last_t_s`` float64 [N]: first and last of these; ``cuts`` bool
    [N]: a gap lies before it.
    """

    tokens: FloatArray | HalfArray
    weights: npt.NDArray[np.int64]
    first_t_s: TimeArray
    last_t_s: TimeArray
    cuts: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.weights)

    def part(self, start: int, end: int) -> Entries:
        """Return entries [start, end), sharing memory."""
        return Entries(
            self.tokens[start:end],
            self.weights[start:end],
            self.first_t_s[start:end],
            self.last_t_s[start:end],
            self.cuts[start:end],
        )


Policy = Callable[[Entries, int], LabelArray]


def merge(entries: Entries, target: int, policy: Policy) -> Entries:
    """Return ``entries`` joined to at most ``target``, or to one per run if there are more runs."""
    if len(entries) <= target:
        return entries
    return join(entries, policy(entries, target))


def join(entries: Entries, labels: LabelArray) -> Entries:
    """Return one entry per group of ``labels``; an entry alone in its group keeps its bits."""
    starts = np.flatnonzero(np.diff(labels, prepend=labels[0] - 1))
    if len(starts) == len(labels):
        return entries
    ends = np.append(starts[1:], len(labels))
    weights = np.add.reduceat(entries.weights, starts)
    return Entries(
        _means(entries, starts, ends, weights),
        weights,
        entries.first_t_s[starts],
        entries.last_t_s[ends - 1],
        entries.cuts[starts],
    )


def uniform(entries: Entries, target: int) -> LabelArray:
    """Groups of as equal a number of frames as can be, whatever they show.

    The frames are laid over equal buckets; entries whose middles share a bucket are a group. Gaps
    and entries heavier than a bucket change how many groups come of it, so the number of buckets is
    searched for.
    """
    frames_before = np.cumsum(entries.weights) - entries.weights
    middles = frames_before + (entries.weights - 1) / 2
    total = int(entries.weights.sum())

    def borders(buckets: int) -> npt.NDArray[np.bool_]:
        bucket = np.floor(middles * buckets / total)
        border: npt.NDArray[np.bool_] = (np.diff(bucket, prepend=bucket[0]) != 0) | entries.cuts
        border[0] = False
        return border

    fits, too_many = 1, total + 1
    while too_many - fits > 1:
        buckets = (fits + too_many) // 2
        if int(borders(buckets).sum()) + 1 <= target:
            fits = buckets
        else:
            too_many = buckets
    return np.cumsum(borders(fits), dtype=np.int64)


def merge_similar(entries: Entries, target: int) -> LabelArray:
    """The most alike neighbours first, and among equally alike ones the older.

    The cost of joining two is by how much their frames' squared distance to the mean grows (Ward,
    1963), doubled from the oldest pair to the newest. Each round joins the cheapest pairs that
    share no entry, so that a few passes over the tokens do.
    """
    state = _Pairs(entries)
    while state.count > target:
        pairs = cheapest_apart(state.costs(), state.count - target)
        if len(pairs) == 0:
            break
        state.join(pairs)
    return state.labels()


POLICIES: dict[str, Policy] = {"merge-similar": merge_similar, "uniform": uniform}


class _Pairs:
    """Entries while pairs of them are joined: each join touches its own rows and its neighbours'.

    ``_heads``: the first entry of each group so far, which holds the group's mean and weight.
    """

    def __init__(self, entries: Entries) -> None:
        self._size = len(entries)
        tokens = entries.tokens.reshape(self._size, -1)
        self._rows = np.empty(tokens.shape, np.float32)  # [N, C² · d]
        self._squares = np.empty(self._size)
        self._products = np.empty(max(self._size - 1, 0))  # of a group and the next
        for start in range(0, self._size, _BLOCK):
            end = min(start + _BLOCK, self._size)
            self._rows[start:end] = tokens[start:end]
            self._squares[start:end] = _dot(self._rows[start:end], self._rows[start:end])
            before = max(start - 1, 0)  # the pair across the border is of this block
            self._products[before : end - 1] = _dot(
                self._rows[before : end - 1], self._rows[before + 1 : end]
            )
        self._weights = entries.weights.astype(np.float64)
        self._cuts = entries.cuts
        self._heads = np.arange(self._size)

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self._heads)

    def costs(self) -> npt.NDArray[np.float64]:
        """Return float64 [count - 1]: what joining i and i + 1 costs, infinite across a gap."""
        squares, weights = self._squares[self._heads], self._weights[self._heads]
        distances = np.maximum(squares[:-1] + squares[1:] - 2 * self._products, 0)
        growth = weights[:-1] * weights[1:] / (weights[:-1] + weights[1:]) * distances
        age = 1 + np.arange(len(growth)) / max(len(growth) - 1, 1)
        return np.where(self._cuts[self._heads[1:]], np.inf, growth * age)

    def join(self, pairs: LabelArray) -> None:
        """Join groups i and i + 1 for each i of ``pairs``, in order and none sharing a group."""
        first, second = self._heads[pairs], self._heads[pairs + 1]
        share = (self._weights[second] / (self._weights[first] + self._weights[second]))[:, None]
        share = share.astype(np.float32)
        for start in range(0, len(pairs), _BLOCK):
            block = slice(start, start + _BLOCK)
            rows, step = self._rows[first[block]], self._rows[second[block]]
            step -= rows
            step *= share[block]
            rows += step
            self._rows[first[block]] = rows
            self._squares[first[block]] = _dot(rows, rows)
        self._weights[first] += self._weights[second]
        self._heads = np.delete(self._heads, pairs + 1)
        self._products = np.delete(self._products, pairs)
        joined = pairs - np.arange(len(pairs))  # where they are now
        touched = np.union1d(joined - 1, joined)
        touched = touched[(touched >= 0) & (touched < self.count - 1)]
        for start in range(0, len(touched), _BLOCK):
            some = touched[start : start + _BLOCK]
            left, right = self._heads[some], self._heads[some + 1]
            self._products[some] = _dot(self._rows[left], self._rows[right])

    def labels(self) -> LabelArray:
        """Return int64 [N]: which group each entry is in."""
        is_head = np.zeros(self._size, dtype=np.int64)
        is_head[self._heads] = 1
        return np.cumsum(is_head) - 1


def cheapest_apart(costs: npt.NDArray[np.float64], most: int) -> LabelArray:
    """Return at most ``most`` pairs in order, none sharing an entry with a cheaper one."""
    order = np.argsort(costs, kind="stable")
    # no more than the cheaper half in a round: the dear ones may get cheaper company
    order = order[: max(min(most, len(costs) // 2), 1)]
    taken = bytearray(len(costs) + 2)  # one more at each end
    chosen: list[int] = []
    for pair in order[np.isfinite(costs[order])].tolist():
        if not (taken[pair] or taken[pair + 2]):
            taken[pair + 1] = 1
            chosen.append(pair)
    return np.sort(np.array(chosen, dtype=np.int64))


def _dot(first: FloatArray, second: FloatArray) -> npt.NDArray[np.float64]:
    """Row by row inner products, summed in float32."""
    products: FloatArray = np.einsum("nd,nd->n", first, second)
    return products.astype(np.float64)


def _means(
    entries: Entries, starts: LabelArray, ends: LabelArray, weights: LabelArray
) -> FloatArray:
    """Return the groups' weighted means, float32 [groups, C², d].

    One pass per place in a group, the longest groups first, so that those that have such a place
    are a slice: numpy's reduceat over rows is ten times slower.
    """
    order = np.argsort(starts - ends, kind="stable")
    first, sizes = starts[order], (ends - starts)[order]
    sums = entries.tokens[first].astype(np.float32)  # entries alone are done
    many = int(np.searchsorted(-sizes, -1, side="left"))
    scale = entries.weights.astype(np.float32)[:, None, None]
    frames_alone = bool((entries.weights == 1).all())
    if not frames_alone:
        sums[:many] *= scale[first[:many]]
    for place in range(1, int(sizes.max(initial=0))):
        groups = int(np.searchsorted(-sizes, -place, side="left"))
        rows = first[:groups] + place
        added = entries.tokens[rows].astype(np.float32, copy=False)
        if not frames_alone:
            added *= scale[rows]
        sums[:groups] += added
    sums[:many] /= weights[order[:many]].astype(np.float32)[:, None, None]
    means = np.empty_like(sums)
    means[order] = sums
    return means
