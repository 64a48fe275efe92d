"""Pictures that somebody sends, as a live source: frames, gaps and events on whole seconds.

There is no connection to mind: time passes for it whenever somebody looks, so it has no thread.
The decisions are those of ``LiveWatch``, ``LiveClock`` and ``LiveQueue``, as for a camera.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Condition, Lock
from typing import Literal

from capture.counters import Counters
from capture.coverage import cover_limit_s
from capture.errors import PictureError, SourceClosedError
from capture.frame import Frame, Gap
from capture.live_clock import PART_LIMIT_S, LiveClock, Placed, Rhythm
from capture.live_queue import LiveQueue
from capture.live_settings import LiveSettings
from capture.live_watch import Change, LiveWatch
from capture.pushed_picture import PushedDecoder, PushedPicture
from capture.source_status import SourceEvent, SourceReason, SourceStatus
from capture.thumbnail import thumbnail

_IN_TRANSIT_S = 0.5
"""How long a picture may take from its receipt to here."""
_LOOK_S = 0.25
"""How often a waiting reader looks whether time has made something of a tick."""
_SLACK_S = 1e-6
"""Absorbs the rounding of times that lie exactly on a whole second."""
_NOTE_EVERY_S = 10.0
"""Senders decide how often clock and size change; so often it is told at most."""


class PushedFrames:
    """The pictures that are pushed under ``name``, from ``start`` to ``close``.

    ``first_tick`` 0: time begins with the first picture. Above: a recording goes on, and tick
    ``first_tick`` begins at ``start``. Of several pictures in one tick the first stands for it, as
    with a camera. It waits for the first picture without limit; none for ``stall_s`` is a stall,
    which the next picture ends, whoever sends it. One thread reads with ``next_item``; everything
    else may be called from any thread. ``now_s`` is the clock of ``received_s``.
    """

    def __init__(
        self,
        name: str,
        settings: LiveSettings | None = None,
        *,
        first_tick: int = 0,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.settings = settings or LiveSettings()
        self._first_tick = first_tick
        self._now_s, self._wall_s = now_s, wall_s
        self._decoding = Lock()
        self._decoder = PushedDecoder(self.settings)
        self._changed = Condition()
        self._queue = LiveQueue(first_tick, self.settings.queue_frames)
        # Finite: one "connection" for all time, in which a hole is no fault.
        self._watch = LiveWatch(self.settings, now_s(), chance=lambda: 0.5, is_finite=True)
        self._watch.due(now_s())
        self._started = False
        self._origin_s: float | None = None
        self._clock, self._rhythm = LiveClock(), Rhythm()
        self._newest_tick = first_tick - 1
        self._coded: tuple[int, int] | None = None
        self._kept: tuple[int, int] | None = None
        self._stalls = self._anchors = self._damaged = 0
        self._noted_s: dict[SourceReason, float] = {}

    def start(self) -> None:
        """Begin to wait for pictures; harmless when repeated."""
        with self._changed:
            self._begin(self._now_s())

    def push(self, jpeg: bytes, t_s: float | None, received_s: float) -> None:
        """Take a picture that came at ``received_s``; decodes in the calling thread.

        ``t_s`` is when it was taken, on any steady clock of the sender's; None: when it came.
        Raises PictureError, and SourceClosedError behind ``close``.
        """
        if t_s is not None and not math.isfinite(t_s):
            raise PictureError(f"the picture's time is {t_s}; pass finite seconds")
        with self._decoding:  # one scaler, and no picture overtakes another
            self._refuse_when_over()
            try:
                picture = self._decoder.decode(jpeg)
            except PictureError:
                with self._changed:
                    self._damaged += 1
                raise
            shown = thumbnail(picture.pixels)
            self._refuse_when_over()
            with self._changed:
                self._see(picture, shown, t_s, received_s)
                self._changed.notify_all()

    def next_item(self, timeout_s: float) -> Frame | Gap | SourceEvent | None:
        """What comes next, in tick order; None after ``timeout_s`` or once ``ended``."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                self._pass_time(self._now_s())
                item = self._queue.take()
                left_s = deadline_s - time.monotonic()
                if item is not None or left_s <= 0 or self._watch.is_over:
                    return item
                self._changed.wait(min(left_s, _LOOK_S))

    @property
    def ended(self) -> bool:
        """Whether nothing comes any more: it was closed, and all was read."""
        with self._changed:
            return self._watch.is_over and not len(self._queue)

    def status(self) -> SourceStatus:
        """How it is doing now; ``reconnects`` counts stalls that a picture ended."""
        with self._changed:
            now_s, watch = self._now_s(), self._watch
            self._pass_time(now_s)
            last_s = watch.last_frame_s
            return SourceStatus(
                state=watch.state,
                reason=watch.reason,
                detail=watch.detail,
                since_s=now_s - watch.since_s,
                attempt=0,
                next_attempt_in_s=None,
                last_frame_age_s=None if last_s is None else now_s - last_s,
                reconnects=self._stalls,
                codec="" if self._coded is None else "mjpeg",
                coded=self._coded,
                kept=self._kept,
                lag_s=self._clock.lag_s if self._is_fed else None,
                waiting_frames=self._queue.frames,
                late_frames=self._queue.late_frames,
                anchors=self._anchors,
            )

    def counters(self) -> Counters:
        """Where the ticks went; pictures that were refused count as damaged packets."""
        with self._changed:
            end_tick = 0 if self._watch.is_over else self._begun_tick(0.0)
            return self._queue.counters(end_tick) + Counters(damaged_packets=self._damaged)

    def settled_end(self) -> int:
        """The first tick that is not settled yet: all before it were handed out or are covered."""
        with self._changed:
            return self._queue.settled_end

    def close(self) -> None:
        """Take no more pictures; what came before can still be read. Harmless when repeated."""
        with self._changed:
            if not self._watch.is_over:
                self._queue.put_until(self._begun_tick(0.0), self._gap_reason)
                self._tell(self._watch.stop(self._now_s()))
            self._changed.notify_all()

    @property
    def _is_fed(self) -> bool:
        """Whether pictures came, and none has been missing too long."""
        return self._watch.state in ("seeing", "frozen")

    @property
    def _gap_reason(self) -> Literal["connecting", "stalled"]:
        return "stalled" if self._watch.sees else "connecting"

    def _refuse_when_over(self) -> None:
        with self._changed:
            if self._watch.is_over:
                raise SourceClosedError(f"{self.name!r} takes no more pictures; add it again")

    def _begin(self, now_s: float) -> None:
        if self._started or self._watch.is_over:
            return
        self._started = True
        if self._first_tick > 0:
            self._origin_s = now_s
        self._tell([Change(self._watch.state, self._watch.reason, self.name)])

    def _see(
        self, picture: PushedPicture, shown: bytes, t_s: float | None, received_s: float
    ) -> None:
        now_s = self._now_s()
        received_s = min(received_s, now_s)
        self._begin(received_s)
        self._pass_time(now_s)
        if not self._is_fed:
            self._stalls += self._watch.state == "stalled"
            self._clock, self._rhythm = LiveClock(), Rhythm()
        at_s = self._place(t_s, max(received_s, self._origin_s or received_s))
        if self._origin_s is None:
            self._origin_s = at_s
        passed_s = at_s - self._origin_s
        tick = self._first_tick + math.floor(passed_s + _SLACK_S)
        if tick != self._newest_tick:
            self._queue.put_until(tick, self._gap_reason)
        self._tell(self._watch.see(shown, now_s))
        self._note_size(picture)
        if tick == self._newest_tick:
            return
        frame = Frame(
            picture.pixels,
            t_s=max(float(tick), self._first_tick + round(passed_s, 6)),
            tick=tick,
            kind="tick",
            received_s=received_s,
            wall_s=self._wall_s() - (now_s - received_s),
        )
        if self._queue.put_frame(frame, limit_s=cover_limit_s(self._rhythm.median_s())):
            self._newest_tick = tick

    def _place(self, t_s: float | None, received_s: float) -> float:
        """Where a picture lies on the receipt clock; anchors the sender's anew where they part."""
        placed = self._clock.place(t_s, received_s)
        lag_s = self._clock.lag_s
        if t_s is not None and self._clock.is_behind(received_s, PART_LIMIT_S):
            self._clock = LiveClock()
            placed = Placed(self._clock.place(t_s, received_s).at_s, is_anchor=True)
            self._note("clock", f"{lag_s:.1f} s behind the clock; anchored anew")
        elif placed.is_anchor:
            self._note("clock", "the sender's times left the clock; anchored anew")
        self._anchors += placed.is_anchor
        self._rhythm.add(placed.at_s)
        return placed.at_s

    def _note_size(self, picture: PushedPicture) -> None:
        if self._coded not in (None, picture.coded):
            self._note("resolution", "now {}x{}".format(*picture.coded))
        height_px, width_px = picture.pixels.shape[:2]
        self._coded, self._kept = picture.coded, (width_px, height_px)

    def _note(self, reason: SourceReason, detail: str) -> None:
        now_s = self._now_s()
        if now_s - self._noted_s.get(reason, -math.inf) >= _NOTE_EVERY_S:
            self._noted_s[reason] = now_s
            self._tell([Change(self._watch.state, reason, detail)])

    def _pass_time(self, now_s: float) -> None:
        """Tell what time alone has done. A picture may come ``lag_s`` after its time."""
        if self._watch.is_over:
            return
        if self._watch.sees:
            self._tell(self._watch.due(now_s)[1])
        wait_s = self.settings.lag_s if self._is_fed else _IN_TRANSIT_S
        self._queue.put_until(self._begun_tick(wait_s), self._gap_reason)

    def _begun_tick(self, wait_s: float) -> int:
        """The first tick that had not passed ``wait_s`` ago."""
        if self._origin_s is None:
            return self._first_tick
        return self._first_tick + max(0, math.floor(self._now_s() - self._origin_s - wait_s))

    def _tell(self, changes: list[Change]) -> None:
        passed_s = 0.0 if self._origin_s is None else self._now_s() - self._origin_s
        for change in changes:
            self._queue.put_event(
                SourceEvent(
                    round(self._first_tick + max(0.0, passed_s), 3),
                    self._wall_s(),
                    change.state,
                    change.reason,
                    change.detail,
                )
            )
        if changes:
            self._changed.notify_all()
