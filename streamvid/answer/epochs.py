"""When a context of a growing recording may be gone on with, and when it must be made anew.

A context begins with the prefix head's mean over the range, which each further frame moves by a
little. It belongs to an *epoch*: the mean is frozen when the epoch begins, and what is new in the
view is appended behind it. Pure functions of counts and numbers; no clock decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from streamvid.answer.contexts import ContextKey
from streamvid.model.seam import FloatArray

EpochEnd = Literal["compaction", "drift", "rebuilt"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a growing view has come, in counts that only rise.

    ``rebuilds``: times it was begun again; ``compactions``: times its tokens were joined since;
    ``frames``: frames appended since.
    """

    rebuilds: int
    compactions: int
    frames: int


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """A frozen prefix head and where the view stood then.

    ``number`` counts a range's epochs from 1; ``head`` float32 [head, d].
    """

    number: int
    key: ContextKey
    head: FloatArray
    began: Standing


def epoch_end(
    began: Standing,
    now: Standing,
    drift: float,
    *,
    bound: float,
    quarter_frames: int,
    room_frames: int,
) -> EpochEnd | None:
    """Why an epoch that ``began`` so is over, ``None`` while it is not.

    The view's tokens changed (it was compacted, or begun again), or ``drift`` is beyond ``bound``.
    Once the view was compacted drift ends an epoch only ``quarter_frames`` (a quarter of the view)
    behind its beginning and ahead of the next compaction, for which ``room_frames`` are left: two
    full prefills never lie closer. Most epochs are over before that: a compaction makes room for
    a quarter. The mean of N frames moves in that time by 1 / (1 + N / quarter) of the way to the
    new frames' own at the most: a fifth where N is the whole view.
    """
    if now.rebuilds != began.rebuilds:
        return "rebuilt"
    if now.compactions != began.compactions:
        return "compaction"
    if drift <= bound:
        return None
    spaced = min(now.frames - began.frames, room_frames) >= quarter_frames
    return "drift" if spaced or now.compactions == 0 else None


def drift_of(frozen: FloatArray, now: FloatArray) -> float:
    """How far a prefix mean moved from ``frozen``, as a share of its length."""
    moved, length = np.linalg.norm(now - frozen), np.linalg.norm(frozen)
    return float(moved / length) if length else float(moved > 0)
