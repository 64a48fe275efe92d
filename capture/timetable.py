"""The timetable of a file, built from its packets' headers alone. Pure: packets come as numbers.

It knows, for every tick, the first picture's timestamp and the nearest packet before it from which
decoding can start. So the sampler decodes what a tick needs and nothing is sized by a header.
"""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from capture.clock import AHEAD_LIMIT_S
from capture.counters import MAX_TICKS

NO_PTS = -(2**63)
_REORDER = 20  # more pictures than any codec reorders
_MAX_INTERVALS = 4096


class PacketId(NamedTuple):
    """What tells one packet of a stream from another, in whatever order it is reached."""

    pts: int
    size: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Packets from ``start`` (None: the file's first) that alone settle ticks [first, end)."""

    first_tick: int
    end_tick: int
    start: PacketId | None


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """What the packets say. ``origin_pts`` is the first decoded picture's timestamp.

    ``first_pts`` int64 [ticks]: the first picture of each tick, NO_PTS where there is none.
    ``segments`` divide the ticks. ``key_pts``, ``key_sizes`` int64 [K]: the first key packet of
    each tick that has one. ``why_unusable`` is "" where all timestamps are there and in order; else
    only counts and keys mean anything, and keys are left out where their times prove nothing.
    ``lead_s`` is the furthest that a tick's first picture lies behind the start of its segment.
    """

    origin_pts: int
    time_base: Fraction
    why_unusable: str
    first_pts: npt.NDArray[np.int64]
    segments: tuple[Segment, ...]
    key_pts: npt.NDArray[np.int64]
    key_sizes: npt.NDArray[np.int64]
    last_s: float
    lead_s: float
    median_interval: int
    packets: int
    key_packets: int

    @property
    def ticks(self) -> int:
        """Ticks that the packets promise."""
        return len(self.first_pts)

    @property
    def median_interval_s(self) -> float:
        """Seconds between pictures, the median."""
        return float(self.median_interval * self.time_base)

    def tick(self, pts: int) -> int:
        """The tick that a timestamp lies in (negative before the first picture)."""
        return tick_of(pts - self.origin_pts, self.time_base)

    def time_s(self, pts: int) -> float:
        """Stream time of a timestamp, in seconds."""
        return float((pts - self.origin_pts) * self.time_base)

    def tick_start(self, tick: int) -> int:
        """The lowest timestamp that lies in ``tick``."""
        return self.origin_pts + -(-tick * self.time_base.denominator // self.time_base.numerator)

    def segments_for(self, first_tick: int, end_tick: int) -> tuple[Segment, ...]:
        """The segments that settle ticks [first, end), in order."""
        return tuple(
            segment
            for segment in self.segments
            if segment.first_tick < end_tick and segment.end_tick > first_tick
        )


def tick_of(units: int, time_base: Fraction) -> int:
    """The whole second that ``units`` of ``time_base`` lie in, exactly."""
    return units * time_base.numerator // time_base.denominator


class Indexer:
    """Reads packets in stream order and makes the timetable; memory grows with ticks alone.

    ``is_shuffled`` says that the container stores times in decoding order, so that a packet's time
    need not be its picture's: key frames are timed well enough for previews, ticks are not.
    """

    def __init__(
        self, origin_pts: int | None, time_base: Fraction, *, is_shuffled: bool = False
    ) -> None:
        self._origin = origin_pts or 0
        self._time_base = time_base
        self._is_shuffled = is_shuffled
        self._why = "" if origin_pts is not None else "pictures have no timestamps"
        self._last_dts = NO_PTS
        self._last_pts = NO_PTS
        self._first = array("q")
        self._owners = array("q")
        self._start_pts, self._start_sizes = array("q"), array("q")
        self._newest_start: PacketId | None = None
        self._newest_start_index = -1
        self._key_pts, self._key_sizes = array("q"), array("q")
        self._last_key_tick = -1
        self._intervals = _Intervals()
        self.packets = 0
        self.key_packets = 0

    def add(
        self,
        pts: int | None,
        dts: int | None,
        size: int,
        *,
        is_key: bool,
        is_start: bool,
        is_flagged: bool,
        is_hidden: bool,
    ) -> None:
        """The next packet. ``is_start``: decoding can begin here; ``is_flagged``: the demuxer
        doubts it, so it proves no tick at the end; ``is_hidden``: decoded but never shown."""
        self.packets += 1
        self.key_packets += is_key
        self._check_order(pts, dts)
        if is_start and pts is not None:
            self._newest_start, self._newest_start_index = PacketId(pts, size), -1
            if is_hidden:  # a start point that shows nothing still starts
                is_key = False
        if pts is None or is_hidden or pts < self._origin:
            return
        tick = tick_of(pts - self._origin, self._time_base)
        if is_key and tick > self._last_key_tick:
            self._last_key_tick = tick
            self._key_pts.append(pts)
            self._key_sizes.append(size)
        if self._why:
            return
        ahead_s = (pts - max(self._last_pts, self._origin)) * self._time_base
        if tick >= MAX_TICKS or ahead_s > AHEAD_LIMIT_S:
            self._why = "timestamps jump by more than two days"
            return
        self._intervals.add(pts)
        if not is_flagged:
            self._last_pts = max(self._last_pts, pts)
        self._note_first(tick, pts)

    def _check_order(self, pts: int | None, dts: int | None) -> None:
        if pts is None:
            self._why = self._why or "packets lack timestamps"
        elif dts is not None:
            if dts < self._last_dts or pts < dts:
                self._why = self._why or "timestamps go backwards"
            self._last_dts = dts

    def _note_first(self, tick: int, pts: int) -> None:
        missing = tick + 1 - len(self._first)
        if missing > 0:
            self._first.extend([NO_PTS] * missing)
            self._owners.extend([-1] * missing)
        if self._first[tick] != NO_PTS and self._first[tick] <= pts:
            return
        if self._newest_start is not None and self._newest_start_index < 0:
            self._newest_start_index = len(self._start_pts)
            self._start_pts.append(self._newest_start.pts)
            self._start_sizes.append(self._newest_start.size)
        self._first[tick] = pts
        self._owners[tick] = self._newest_start_index

    def timetable(self) -> Timetable:
        """Everything read so far as one value."""
        why = self._why or ("" if self._last_pts != NO_PTS else "no packet could be timed")
        keys = slice(0 if why else None)
        why = why or ("the container keeps no display times" if self._is_shuffled else "")
        usable = not why
        ticks = tick_of(self._last_pts - self._origin, self._time_base) + 1 if usable else 0
        segments, lead = self._segments(ticks)
        return Timetable(
            origin_pts=self._origin,
            time_base=self._time_base,
            why_unusable=why,
            first_pts=np.array(self._first[:ticks], dtype=np.int64),
            segments=segments,
            key_pts=np.array(self._key_pts[keys], dtype=np.int64),
            key_sizes=np.array(self._key_sizes[keys], dtype=np.int64),
            last_s=float((self._last_pts - self._origin) * self._time_base) if usable else 0.0,
            lead_s=float(lead * self._time_base),
            median_interval=self._intervals.median(),
            packets=self.packets,
            key_packets=self.key_packets,
        )

    def _segments(self, ticks: int) -> tuple[tuple[Segment, ...], int]:
        """Segments by the start points that own ticks, and the longest lead in time units."""
        timed = [tick for tick in range(ticks) if self._first[tick] != NO_PTS]
        owners = [self._owners[tick] for tick in timed]
        if any(before > after for before, after in pairwise(owners)):
            owners = [-1] * len(timed)  # start points out of order: one segment for all
        starts: list[tuple[int, int]] = []  # (first tick, owner)
        lead = 0
        for tick, owner in zip(timed, owners, strict=True):
            if not starts or starts[-1][1] != owner:
                starts.append((tick if starts else 0, owner))
            at = self._start_pts[owner] if owner >= 0 else self._origin
            lead = max(lead, self._first[tick] - at)
        ends = [tick for tick, _ in starts[1:]] + [ticks] * bool(starts)
        segments = tuple(
            Segment(first, end, self._start(owner, is_first=number == 0))
            for number, ((first, owner), end) in enumerate(zip(starts, ends, strict=True))
        )
        return segments, lead

    def _start(self, owner: int, *, is_first: bool) -> PacketId | None:
        if owner < 0 or is_first:  # the first segment takes all that the file begins with
            return None
        return PacketId(self._start_pts[owner], self._start_sizes[owner])


class _Intervals:
    """Distances between neighbouring timestamps, counted by size."""

    def __init__(self) -> None:
        self._heap: list[int] = []
        self._last: int | None = None
        self._counts: Counter[int] = Counter()

    def add(self, pts: int) -> None:
        if len(self._heap) < _REORDER:
            heapq.heappush(self._heap, pts)
        else:
            self._count(heapq.heappushpop(self._heap, pts))

    def _count(self, pts: int) -> None:
        if self._last is not None and pts > self._last:
            step = pts - self._last
            if step in self._counts or len(self._counts) < _MAX_INTERVALS:
                self._counts[step] += 1
        self._last = pts

    def median(self) -> int:
        """The median distance, 0 where there are fewer than two pictures."""
        rest = _Intervals()
        rest._last, rest._counts = self._last, self._counts.copy()
        for pts in sorted(self._heap):
            rest._count(pts)
        left = (rest._counts.total() + 1) // 2
        for step, count in sorted(rest._counts.items()):
            left -= count
            if left <= 0:
                return step
        return 0
