"""Which frames a question is fused with, and how much each counts: functions of ticks alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamvid.settings import Weighting

TickArray = npt.NDArray[np.int64]
NEWEST_SHARE = 8
"""One in so many fused frames is a newest one; half of the rest are retrieved, half spread."""


@dataclass(frozen=True, slots=True)
class FusionSet:
    """``ticks`` in order of time and their ``weights``; ``complete``: no frame was left out."""

    ticks: tuple[int, ...]
    weights: tuple[float, ...]
    complete: bool


def choose(
    ticks: TickArray,
    retrieved: Iterable[int],
    limit: int,
    *,
    weighting: Weighting = "span",
) -> FusionSet:
    """Choose at most ``limit`` of ``ticks`` (int64 [T], ascending): newest, retrieved, spread.

    ``retrieved`` are ticks, best first; those not in ``ticks`` are passed over. ``span`` fills what
    is left evenly and lets each frame count for the frames nearest to it, so that all of them
    (``limit`` >= T) give the plain mean. ``focus`` leaves the spread out and counts all alike.
    Raises ``ValueError`` where there is nothing to choose from or ``limit`` is below 1.
    """
    if len(ticks) == 0 or limit < 1:
        raise ValueError(f"{limit} of {len(ticks)} frames asked for; pass at least one of each")
    if len(ticks) <= limit:
        everything = tuple(int(tick) for tick in ticks)
        return FusionSet(everything, (1.0,) * len(everything), complete=True)
    newest = max(1, limit // NEWEST_SHARE)
    best = limit - newest if weighting == "focus" else (limit - newest + 1) // 2
    chosen = {int(tick) for tick in ticks[-newest:]}
    wanted = np.fromiter(retrieved, np.int64)
    for tick in wanted[np.isin(wanted, ticks)].tolist():
        if best == 0:
            break
        if tick not in chosen:
            chosen.add(tick)
            best -= 1
    if weighting == "focus":
        ordered = tuple(sorted(chosen))
        return FusionSet(ordered, (1.0,) * len(ordered), complete=False)
    others = ticks[np.isin(ticks, list(chosen), invert=True)]
    chosen.update(_spread(others, limit - len(chosen)))
    ordered = tuple(sorted(chosen))
    return FusionSet(ordered, nearest_counts(ticks, ordered), complete=False)


def nearest_counts(ticks: TickArray, chosen: tuple[int, ...]) -> tuple[float, ...]:
    """How many of ``ticks`` lie nearest to each of ``chosen`` (ascending); ties go to the earlier.

    The counts sum to the number of ticks.
    """
    centres = np.asarray(chosen, np.int64)
    borders = (centres[:-1] + centres[1:]) / 2  # a tick on a border is the earlier one's
    nearest = np.searchsorted(borders, ticks, side="left")
    return tuple(float(n) for n in np.bincount(nearest, minlength=len(chosen)))


def _spread(ticks: TickArray, count: int) -> list[int]:
    """``count`` of ``ticks``, evenly by place, each from the middle of its share."""
    places = [(2 * i + 1) * len(ticks) // (2 * count) for i in range(count)]
    spread: list[int] = ticks[places].tolist() if places else []
    return spread
