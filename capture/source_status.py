"""What a live source says of itself: states, reasons, events. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SourceState = Literal[
    "connecting",
    "seeing",
    "stalled",
    "frozen",
    "audio-only",
    "reconnecting",
    "refused",
    "ended",
    "stopped",
]
"""``seeing``: a picture of this connection was decoded, and none has been missing too long."""

SourceReason = Literal[
    "opening",
    "frames",
    "frozen",
    "moving",
    "stalled",
    "nothing arrives",
    "lost",
    "unreachable",
    "refused",
    "not found",
    "audio only",
    "no video",
    "unknown codec",
    "undecodable",
    "too large",
    "behind",
    "failed",
    "child died",
    "memory",
    "end",
    "closed",
    "clock",
    "resolution",
    "decoding",
    "options",
]
"""Why a source is in its state. ``memory``: its process took too much and is started anew.

The last four leave the state as it is:

``clock``: stream times were anchored anew; ``resolution``: the picture's size changed;
``decoding``: from now on all pictures are decoded, or key pictures only; ``options``: this FFmpeg
does not know an option that we rely on.
"""


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """Something changed at stream time ``t_s`` and wall clock ``wall_s`` (since the epoch).

    ``detail`` is one line for people, without credentials, "" where there is nothing to add.
    """

    t_s: float
    wall_s: float
    state: SourceState
    reason: SourceReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A live source at one moment. Durations in seconds; None: there is no such thing now.

    ``since_s`` is how long the state has lasted. ``attempt`` counts failures in a row (0 while all
    is well); ``next_attempt_in_s`` is left until the next one. ``reconnects`` counts connections
    that showed a picture after the first one. ``kept`` is [width, height] of frames in pixels.
    ``keys_only``: only key pictures are decoded. ``waiting_frames`` wait for the reader;
    ``late_frames`` came after their tick was settled, ``replaced_frames`` were overtaken by a newer
    one before they left the child process, ``anchors`` counts clocks anchored anew.
    """

    state: SourceState
    reason: SourceReason
    detail: str
    since_s: float
    attempt: int
    next_attempt_in_s: float | None
    last_frame_age_s: float | None
    reconnects: int
    codec: str = ""
    coded: tuple[int, int] | None = None
    kept: tuple[int, int] | None = None
    keys_only: bool = False
    lag_s: float | None = None
    waiting_frames: int = 0
    late_frames: int = 0
    replaced_frames: int = 0
    anchors: int = 0
    child_pid: int | None = None
