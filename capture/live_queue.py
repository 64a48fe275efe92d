"""What waits for a live source's reader: in tick order, bounded, the oldest frames dropped. Pure.

Ticks are settled when their turn comes to be read, so that what a frame covers is decided by the
frames that were really handed out. One thread at a time; the owner holds a lock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from capture.counters import Counters
from capture.frame import Frame, Gap, GapReason
from capture.live_ticks import LiveTicks
from capture.source_status import SourceEvent

MAX_WAITING = 1024
"""Gaps, drops and events that wait at most; beyond it the oldest two are told as one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    frame: Frame
    limit_s: float


@dataclass(frozen=True, slots=True)
class _Lost:
    """Frames of ticks [first, end) were dropped, the last one from ``t_s``."""

    first_tick: int
    end_tick: int
    t_s: float


@dataclass(frozen=True, slots=True)
class _Until:
    end_tick: int
    reason: GapReason


class LiveQueue:
    """Frames, blind spans and events from ``first_tick`` on; at most ``max_frames`` frames."""

    def __init__(self, first_tick: int, max_frames: int) -> None:
        self._max_frames = max_frames
        self._waiting: deque[_Seen | _Lost | _Until | SourceEvent] = deque()
        self._ready: deque[Frame | Gap | SourceEvent] = deque()
        self._ticks = LiveTicks(first_tick)
        self._frames = 0
        self.planned_end = first_tick
        self.late_frames = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._ready)

    @property
    def frames(self) -> int:
        """Frames that wait."""
        return self._frames

    @property
    def settled_end(self) -> int:
        """The first tick that was not handed out, in one way or another.

        A frame counts once it was taken, with the gaps before it.
        """
        held = next((item for item in self._ready if not isinstance(item, SourceEvent)), None)
        if isinstance(held, Gap):
            return int(held.start_s)
        return self._ticks.end_tick if held is None else held.tick

    def put_frame(self, frame: Frame, *, limit_s: float) -> bool:
        """``frame`` is next; False, and counted as late, where its tick is past."""
        if frame.tick < self.planned_end:
            self.late_frames += 1
            return False
        self.planned_end = frame.tick + 1
        self._waiting.append(_Seen(frame, limit_s))
        self._frames += 1
        if self._frames > self._max_frames:
            self._drop_oldest()
        return True

    def put_until(self, end_tick: int, reason: GapReason) -> None:
        """No frame comes before ``end_tick``, for ``reason``."""
        if end_tick <= self.planned_end:
            return
        self.planned_end = end_tick
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, _Until) and last.reason == reason:
            self._waiting.pop()
        self._waiting.append(_Until(end_tick, reason))
        self._thin()

    def put_event(self, event: SourceEvent) -> None:
        """Something to tell."""
        self._waiting.append(event)
        self._thin()

    def take(self) -> Frame | Gap | SourceEvent | None:
        """What comes next, None where nothing waits."""
        while not self._ready and self._waiting:
            self._settle(self._waiting.popleft())
        return self._ready.popleft() if self._ready else None

    def counters(self, expected_end: int) -> Counters:
        """Where ticks went; those before ``expected_end`` and not taken yet are pending."""
        return self._ticks.counters(max(expected_end, self.planned_end))

    def _settle(self, item: _Seen | _Lost | _Until | SourceEvent) -> None:
        match item:
            case _Seen(frame, limit_s):
                self._frames -= 1
                self._ready.extend(self._ticks.see(frame.tick, frame.t_s, limit_s=limit_s))
                self._ready.append(frame)
            case _Lost(first_tick, end_tick, t_s):
                for tick in range(first_tick, end_tick):
                    self._ready.extend(
                        self._ticks.drop(tick, t_s if tick + 1 == end_tick else tick)
                    )
            case _Until(end_tick, reason):
                self._ready.extend(self._ticks.until(end_tick, reason))
            case _:
                self._ready.append(item)

    def _drop_oldest(self) -> None:
        """The oldest frame becomes a drop, joined with a drop right before it."""
        at = next(n for n, item in enumerate(self._waiting) if isinstance(item, _Seen))
        oldest = self._waiting[at]
        assert isinstance(oldest, _Seen)
        self._frames -= 1
        tick, t_s = oldest.frame.tick, oldest.frame.t_s
        before = self._waiting[at - 1] if at else None
        if isinstance(before, _Lost) and before.end_tick == tick:
            self._waiting[at - 1] = _Lost(before.first_tick, tick + 1, t_s)
            del self._waiting[at]
        else:
            self._waiting[at] = _Lost(tick, tick + 1, t_s)
        self._thin()

    def _thin(self) -> None:
        """Nobody has read for very long: tell the oldest two as one, or forget an old event."""
        if len(self._waiting) - self._frames <= MAX_WAITING:
            return
        for n in range(len(self._waiting) - 1):
            one, two = self._waiting[n], self._waiting[n + 1]
            if isinstance(one, SourceEvent):
                del self._waiting[n]
                return
            if isinstance(two, SourceEvent):
                del self._waiting[n + 1]
                return
            if isinstance(one, _Lost | _Until) and isinstance(two, _Lost | _Until):
                self._waiting[n + 1] = _Until(two.end_tick, "dropped")
                del self._waiting[n]
                return
