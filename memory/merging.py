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

from memory.rows import FloatArray, TimeArray

LabelArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Entries of a view in order of time.

    ``tokens`` float32 [N, C², d]; ``weights`` int64 [N]: frames in each; ``first_t_s``,
    ``last_t_s`` float64 [N]: first and last of these; ``cuts`` bool [N]: a gap lies before it.
    """

    tokens: FloatArray
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
    weights = np.add.reduceat(entries.weights, starts)
    weighted = entries.tokens * entries.weights[:, None, None].astype(np.float32)
    tokens = np.add.reduceat(weighted, starts, axis=0)  # [groups, C², d]
    tokens /= weights[:, None, None].astype(np.float32)
    ends = np.append(starts[1:], len(labels)) - 1
    alone = starts == ends
    tokens[alone] = entries.tokens[starts[alone]]
    return Entries(
        tokens, weights, entries.first_t_s[starts], entries.last_t_s[ends], entries.cuts[starts]
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
        border = (np.diff(bucket, prepend=bucket[0]) != 0) | entries.cuts
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
    labels = np.arange(len(entries), dtype=np.int64)
    while len(entries) > target:
        costs = _join_costs(entries)
        pairs = _cheapest_apart(costs, len(entries) - target)
        if len(pairs) == 0:
            break
        second = np.zeros(len(entries), dtype=np.bool_)
        second[pairs + 1] = True
        step = np.cumsum(~second, dtype=np.int64) - 1
        entries = join(entries, step)
        labels = step[labels]
    return labels


POLICIES: dict[str, Policy] = {"merge-similar": merge_similar, "uniform": uniform}


def _join_costs(entries: Entries) -> npt.NDArray[np.float64]:
    """Return float64 [N - 1]: what joining i and i + 1 costs, infinite across a gap."""
    flat = entries.tokens.reshape(len(entries), -1)
    squares = np.einsum("nd,nd->n", flat, flat, dtype=np.float32).astype(np.float64)
    products = np.einsum("nd,nd->n", flat[:-1], flat[1:], dtype=np.float32).astype(np.float64)
    distances = np.maximum(squares[:-1] + squares[1:] - 2 * products, 0)
    weights = entries.weights.astype(np.float64)
    growth = weights[:-1] * weights[1:] / (weights[:-1] + weights[1:]) * distances
    age = 1 + np.arange(len(growth)) / max(len(growth) - 1, 1)
    return np.where(entries.cuts[1:], np.inf, growth * age)


def _cheapest_apart(costs: npt.NDArray[np.float64], most: int) -> LabelArray:
    """Return at most ``most`` pairs, cheapest first, none sharing an entry with a cheaper one."""
    order = np.argsort(costs, kind="stable")
    # no more than the cheaper half in a round: the dear ones may get cheaper company
    order = order[: max(min(most, len(costs) // 2), 1)]
    taken = np.zeros(len(costs) + 2, dtype=np.bool_)  # one more at each end
    chosen: list[int] = []
    for pair in order[np.isfinite(costs[order])].tolist():
        if not (taken[pair] or taken[pair + 2]):
            taken[pair + 1] = True
            chosen.append(pair)
    return np.array(chosen, dtype=np.int64)
