"""What a recording holds, as values: plain data that knows neither SQL nor files.

Axes: C² vision tokens of a frame, d width, e embedding width, P prefix tokens, n frames. Ticks are
whole seconds since the recording's first frame; times are seconds of the same clock. A span of
ticks is [first_tick, end_tick).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

BLOCK_TICKS = 64
"""A block is the ticks [64k, 64k + 64), cut wherever a gap lies between two of its frames."""

FrameKind = Literal["tick", "key"]
SourceKind = Literal["file", "live"]
HalfArray = npt.NDArray[np.float16]
FloatArray = npt.NDArray[np.float32]
TickArray = npt.NDArray[np.int64]
TimeArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes that every row of a recording has; fixed when it is created.

    ``keeps_fused_prefix``: whether each frame's own fused prefix is stored besides the block sums.
    """

    width: int
    tokens_per_frame: int
    embedding_width: int
    prefix_tokens: int
    keeps_fused_prefix: bool

    @property
    def tokens_shape(self) -> tuple[int, int]:
        """(C², d)."""
        return self.tokens_per_frame, self.width

    @property
    def prefix_shape(self) -> tuple[int, int]:
        """(P, d)."""
        return self.prefix_tokens, self.width


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model made the numbers: its fingerprint and its sizes."""

    fingerprint: str
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Source:
    """What a recording is of. ``id`` is a file's identity, or a live source's name or address.

    ``address``: a live source's, without user, password and query.
    """

    id: str
    kind: SourceKind
    name: str
    path: str | None = None
    size_bytes: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameRow:
    """One remembered frame, as ingest commits it.

    ``tokens`` float16 [C², d]; ``embedding`` [e], stored as float16; ``fused_prefix`` float32
    [P, d], summed into its block and stored in float16 where the geometry says so; ``still`` the
    picture's bytes. ``corrupt``: the decoder flagged it and the tick had no clean one.
    """

    tick: int
    t_s: float
    tokens: HalfArray
    embedding: npt.NDArray[np.floating]
    fused_prefix: FloatArray
    still: bytes
    kind: FrameKind = "tick"
    wall_s: float | None = None
    corrupt: bool = False


@dataclass(frozen=True, slots=True)
class GapRow:
    """Nothing was seen in [start_s, end_s), and why: a short reason code."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something worth telling that is no gap: a clock set anew, a source reopened."""

    t_s: float
    kind: str
    detail: str = ""
    wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """At ``t_s`` of a live recording the wall clock said ``wall_s``; ``run``: a run began there."""

    t_s: float
    wall_s: float
    run: bool = False


@dataclass(frozen=True, slots=True)
class LiveState:
    """What a live recording's life was so far: how often it was watched, what it forgot.

    Of ``forgotten_frames`` before ``first_kept_tick`` nothing is left; the last were dropped at
    ``forgotten_wall_s``. ``forgotten_events``: older than the newest that are kept.
    """

    runs: int = 0
    first_kept_tick: int = 0
    forgotten_frames: int = 0
    forgotten_wall_s: float | None = None
    forgotten_events: int = 0


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals of a recording: ticks, and damage that cost none.

    ``expected == seen + covered + dropped + gapped + pending``; a commit that breaks it is refused.
    """

    expected: int = 0
    seen: int = 0
    covered: int = 0
    dropped: int = 0
    gapped: int = 0
    pending: int = 0
    damage_packets: int = 0
    damage_frames: int = 0

    @property
    def balanced(self) -> bool:
        """Whether the ticks add up."""
        known = self.seen + self.covered + self.dropped + self.gapped + self.pending
        return self.expected == known

    def plus(self, more: Counters) -> Counters:
        """Return the sum, total by total."""
        return Counters(*(getattr(self, f.name) + getattr(more, f.name) for f in fields(Counters)))


@dataclass(frozen=True, slots=True)
class TickSpan:
    """The ticks [first_tick, end_tick)."""

    first_tick: int
    end_tick: int

    @property
    def ticks(self) -> int:
        """How many ticks it spans."""
        return self.end_tick - self.first_tick


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One commit: it settles the ticks ``span``, all at once or not at all.

    Settled means looked at for good: a tick in ``span`` without a frame is covered by a neighbour
    or lies in a gap. ``frames`` come in order of tick, inside ``span``. A block is settled from its
    first tick on and in order (so a span begins at a multiple of 64 or where an earlier one ended);
    blocks may come in any order. ``gaps`` come no later than the frame behind them; the same gap
    twice, or in touching pieces, is stored as one. ``counters`` are the recording's new totals.
    ``notes`` are the ingester's own words to itself and to those who attach (progress, settings):
    no content. ``complete`` says that the source has been seen to its end.

    Of a live recording the spans follow each other without a hole, gaps lie in their span, nothing
    is ever complete, and without ``counters`` the batch's ticks are added to those that are stored.
    ``anchors`` tell the wall clock at its first frame and where the clock was set.
    """

    span: TickSpan
    frames: tuple[FrameRow, ...] = ()
    gaps: tuple[GapRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    counters: Counters | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """Which frames there are: columns of one length n, in order of tick.

    ``ticks`` int64 [n], ``t_s`` float64 [n], ``wall_s`` float64 [n] (nan where unknown), and bool
    [n] each: ``key`` (a key frame at its true time), ``corrupt``, ``preview``.
    """

    ticks: TickArray
    t_s: TimeArray
    wall_s: TimeArray
    key: npt.NDArray[np.bool_]
    corrupt: npt.NDArray[np.bool_]
    preview: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ticks)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some frames' numbers: ``ticks`` int64 [n], ``t_s`` float64 [n], ``values`` float16 [n, …]."""

    ticks: TickArray
    t_s: TimeArray
    values: HalfArray


@dataclass(frozen=True, slots=True)
class Segment:
    """A block, or the part of one between two gaps: which frames its sum is over."""

    first_tick: int
    last_tick: int
    first_t_s: float
    last_t_s: float
    frames: int


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What a recording is, as stored."""

    source: Source
    model: ModelIdentity
    created_wall_s: float
    replaces: str | None
    complete: bool
    schema_version: int


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """One line of a list of recordings.

    ``length_s`` is the time that has been settled. ``problem`` says in one line why a recording
    cannot be read; the rest is then what it was, or all but ``id`` is empty where nobody knows.
    Of a live one: its ``address``, how many ``runs`` watched it, since when (``since_wall_s``), the
    first tick that retention left, and the newest frame's times.
    """

    id: str
    kind: SourceKind
    name: str
    path: str | None
    replaces: str | None
    fingerprint: str
    created_wall_s: float
    changed_wall_s: float
    frames: int
    previews: int
    length_s: float
    complete: bool
    size_bytes: int
    problem: str | None = None
    address: str | None = None
    runs: int = 0
    since_wall_s: float | None = None
    first_kept_tick: int = 0
    newest_t_s: float | None = None
    newest_wall_s: float | None = None


def half_bytes(values: npt.NDArray[np.floating]) -> bytes:
    """The bytes that are stored for ``values``: float16, row by row."""
    return np.ascontiguousarray(values, dtype=np.float16).tobytes()
