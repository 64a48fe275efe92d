"""Everything a live source knows, behind one lock that its owner holds. No thread, no socket.

It joins the decisions (``LiveWatch``), what waits (``LiveQueue``) and the clock on which ticks lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from capture.counters import Counters
from capture.coverage import cover_limit_s
from capture.frame import Frame
from capture.live_messages import Failed, Message, Note, Opened, Picture, Probed
from capture.live_queue import LiveQueue
from capture.live_settings import LiveSettings
from capture.live_watch import Action, Change, LiveWatch
from capture.source_status import SourceEvent, SourceReason, SourceStatus
from capture.thumbnail import thumbnail

_IN_TRANSIT_S = 0.5
"""How long a picture may take from its arrival in the child to its place in the queue."""
_SLACK_S = 1e-6
"""Absorbs the rounding of times that lie exactly on a whole second."""


class LiveState:
    """State of one source; ``now_s`` of each call is on the clock that pictures are stamped with.

    ``wall_s`` is asked for events only. With ``first_tick`` above 0 time begins at ``now_s``.
    """

    def __init__(
        self,
        settings: LiveSettings,
        now_s: float,
        *,
        first_tick: int,
        is_finite: bool,
        wall_s: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.queue = LiveQueue(first_tick, settings.queue_frames)
        self.watch = LiveWatch(settings, now_s, chance=chance, is_finite=is_finite)
        self.origin_s: float | None = now_s if first_tick > 0 else None
        self.film_start_s: float | None = None
        """Where the own time 0 of a film lies on the clock, once a picture of it was seen."""
        self._settings = settings
        self._first_tick = first_tick
        self._is_finite = is_finite
        self._wall_s = wall_s
        self._opened: Opened | None = None
        self._picture: Picture | None = None
        self._totals = (0, 0, 0)  # replaced, damaged packets, damaged frames of past connections
        self._keys_only = False
        self._anchors = 0

    def begin(self, detail: str, now_s: float) -> None:
        """Tell that watching begins."""
        self._tell([Change(self.watch.state, self.watch.reason, detail)], now_s)

    def due(self, now_s: float) -> list[Action]:
        """What is to be done now; tells blind ticks while they last."""
        actions, changes = self.watch.due(now_s)
        if not self.watch.is_over:
            # A picture may still come so long after its time.
            wait_s = self._settings.lag_s if self.watch.sees else _IN_TRANSIT_S
            self.queue.put_until(self._passed_tick(now_s - wait_s), self.watch.gap_reason)
        self._tell(changes, now_s)
        if "open" in actions:
            self._totals, self._picture = self._sums(), None
        return actions

    def take(self, message: Message, now_s: float) -> None:
        """What the child says."""
        match message:
            case Picture():
                self._see(message, now_s)
            case Opened():
                self._answered(message, now_s)
            case Note(reason, detail, keys_only):
                self._anchors += reason == "clock"
                self._keys_only = keys_only if reason == "decoding" else self._keys_only
                self._tell([Change(self.watch.state, reason, detail)], now_s)
            case Failed("end", end_s=end_s):
                # Nothing behind the last picture of a finite source is expected.
                if end_s is not None:
                    self.queue.put_until(self._tick_at(end_s) + 1, self.watch.gap_reason)
                self._tell(self.watch.end(now_s), now_s)
            case Failed(reason, detail):
                self.fail(reason, detail, now_s)
            case Probed():
                pass  # nobody asked

    def fail(self, reason: SourceReason, detail: str, now_s: float) -> None:
        """The connection is over; for a finite source that is the end."""
        self._tell(self.watch.fail(reason, detail, now_s), now_s)

    def lose(self, reason: SourceReason, detail: str, now_s: float) -> None:
        """The child is gone, or could not be had; a film that was seen is gone on with."""
        changes = self.watch.fail(reason, detail, now_s, film_end_s=self._film_end_s())
        self._tell(changes, now_s)

    def stop(self, now_s: float) -> None:
        """The caller wants no more: settle what is open."""
        if not self.watch.is_over:
            self.queue.put_until(self._passed_tick(now_s), self.watch.gap_reason)
        self._tell(self.watch.stop(now_s), now_s)

    def counters(self, now_s: float) -> Counters:
        """Where the ticks that have passed went."""
        end_tick = 0 if self.watch.is_over else self._passed_tick(now_s)
        _, packets, frames = self._sums()
        damage = Counters(damaged_packets=packets, damaged_frames=frames)
        return self.queue.counters(end_tick) + damage

    def status(self, now_s: float, child_pid: int | None) -> SourceStatus:
        """How the source is doing."""
        watch, picture, opened = self.watch, self._picture, self._opened
        waits_s, last_s = watch.next_attempt_s, watch.last_frame_s
        shape = picture.pixels.shape if picture is not None else None
        return SourceStatus(
            state=watch.state,
            reason=watch.reason,
            detail=watch.detail,
            since_s=now_s - watch.since_s,
            attempt=watch.attempt,
            next_attempt_in_s=None if waits_s is None else max(0.0, waits_s - now_s),
            last_frame_age_s=None if last_s is None else now_s - last_s,
            reconnects=max(0, watch.reconnects),
            codec=opened.codec if opened else "",
            coded=opened.coded if opened else None,
            kept=(shape[1], shape[0]) if shape else None,
            keys_only=self._keys_only,
            lag_s=picture.lag_s if picture is not None and watch.sees else None,
            waiting_frames=self.queue.frames,
            late_frames=self.queue.late_frames,
            replaced_frames=self._sums()[0],
            anchors=self._anchors,
            child_pid=child_pid,
        )

    def _see(self, picture: Picture, now_s: float) -> None:
        if self.watch.is_over or not self.watch.is_connected:
            return
        if self.origin_s is None:
            self.origin_s = picture.origin_s
        self.film_start_s = picture.film_start_s
        self._picture = picture
        tick = self._first_tick + picture.tick
        self.queue.put_until(tick, self.watch.gap_reason)
        self._tell(self.watch.see(thumbnail(picture.pixels), now_s), now_s)
        frame = Frame(
            picture.pixels,
            t_s=self._first_tick + round(picture.at_s - self.origin_s, 6),
            tick=tick,
            kind="tick",
            received_s=picture.received_s,
            wall_s=picture.wall_s,
            corrupt=picture.corrupt,
        )
        self.queue.put_frame(frame, limit_s=cover_limit_s(picture.interval_s))

    def _answered(self, opened: Opened, now_s: float) -> None:
        if opened.ignored_options and self._opened is None:
            names = ", ".join(opened.ignored_options)
            detail = f"FFmpeg knows no {names} here"
            self._tell([Change(self.watch.state, "options", detail)], now_s)
        self._opened = opened
        self._keys_only = self._settings.decode == "keys"

    def _passed_tick(self, now_s: float) -> int:
        """The first tick that had not passed at ``now_s``."""
        film_end_s = None if self.watch.sees else self._film_end_s()
        return self._tick_at(now_s if film_end_s is None else min(now_s, film_end_s))

    def _tick_at(self, at_s: float) -> int:
        passed_s = 0.0 if self.origin_s is None else at_s - self.origin_s + _SLACK_S
        return self._first_tick + max(0, math.floor(passed_s))

    def _film_end_s(self) -> float | None:
        """Where a film ends on the clock, as far as is known; None: it cannot be gone on with."""
        if self.film_start_s is None or self._opened is None:
            return None
        end_s = self._opened.film_end_s
        return math.inf if end_s is None else self.film_start_s + end_s

    def _tell(self, changes: list[Change], now_s: float) -> None:
        passed_s = 0.0 if self.origin_s is None else max(0.0, now_s - self.origin_s)
        t_s = round(self._first_tick + passed_s, 3)
        for change in changes:
            event = SourceEvent(t_s, self._wall_s(), change.state, change.reason, change.detail)
            self.queue.put_event(event)

    def _sums(self) -> tuple[int, int, int]:
        """Replaced pictures, damaged packets and damaged frames so far."""
        now = self._picture
        replaced, packets, frames = self._totals
        if now is None:
            return replaced, packets, frames
        return replaced + now.replaced, packets + now.damaged_packets, frames + now.damaged_frames
