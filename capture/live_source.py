"""A live source as a caller sees it: frames, gaps and events as they happen.

The decisions are those of ``LiveWatch`` and ``LiveQueue``; this shell has the clock, the thread
that minds the child process, and the lock.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from threading import Condition, Thread, current_thread
from types import TracebackType
from typing import Self

from capture.address import Address
from capture.child_process import ChildProcess
from capture.counters import Counters
from capture.coverage import cover_limit_s
from capture.credentials import Credentials
from capture.frame import Frame, Gap
from capture.live_messages import Failed, Message, Note, Opened, Order, Picture
from capture.live_order import live_order
from capture.live_queue import LiveQueue
from capture.live_settings import LiveSettings
from capture.live_watch import Change, LiveWatch
from capture.source_status import SourceEvent, SourceStatus
from capture.thumbnail import thumbnail

_IN_TRANSIT_S = 0.5
"""How long a picture may take from its arrival in the child to its place in the queue."""
_CLOSE_S = 10.0


class LiveSource:
    """Watches one address from ``start`` to ``close`` and never gives up in between.

    ``first_tick`` 0: time begins with the first frame. Above: a recording goes on, and tick
    ``first_tick`` begins at ``start``. Credentials in the address come before ``credentials``. One
    thread reads with ``next_item``; everything else may be called from any thread. ``now_s`` must
    be the monotonic clock that the child process sees too.
    """

    def __init__(
        self,
        address: Address,
        settings: LiveSettings | None = None,
        *,
        credentials: Credentials | None = None,
        first_tick: int = 0,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.address = address
        self.settings = settings or LiveSettings()
        self._credentials = address.credentials or credentials
        self._first_tick = first_tick
        self._now_s, self._wall_s = now_s, wall_s
        self._changed = Condition()
        self._queue = LiveQueue(first_tick, self.settings.queue_frames)
        self._watch = LiveWatch(self.settings, now_s(), chance=chance, is_finite=address.is_finite)
        self._origin_s: float | None = None
        self._child: ChildProcess | None = None
        self._gone: list[ChildProcess] = []
        self._minder: Thread | None = None
        self._is_closing = False
        self._opened: Opened | None = None
        self._picture: Picture | None = None
        self._totals = (0, 0, 0)  # replaced, damaged packets, damaged frames of past connections
        self._keys_only = False
        self._anchors = 0

    def start(self) -> None:
        """Begin to watch; returns at once. Once only; harmless when repeated."""
        with self._changed:
            if self._minder is not None or self._is_closing:
                return
            if self._first_tick > 0:
                self._origin_s = self._now_s()
            self._tell([Change(self._watch.state, self._watch.reason, self.address.public)])
            self._minder = Thread(target=self._mind, name="streamvid-minder", daemon=True)
            self._minder.start()

    def next_item(self, timeout_s: float) -> Frame | Gap | SourceEvent | None:
        """What comes next, in tick order; None after ``timeout_s`` or once ``ended``."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                item = self._queue.take()
                left_s = deadline_s - time.monotonic()
                if item is not None or left_s <= 0 or self._watch.is_over:
                    return item
                self._changed.wait(left_s)

    @property
    def ended(self) -> bool:
        """Whether nothing comes any more: the source ended or was closed, and all was read."""
        with self._changed:
            return self._watch.is_over and not len(self._queue)

    def status(self) -> SourceStatus:
        """How it is doing now."""
        with self._changed:
            now_s, watch, picture = self._now_s(), self._watch, self._picture
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
                codec=self._opened.codec if self._opened else "",
                coded=self._opened.coded if self._opened else None,
                kept=(shape[1], shape[0]) if shape else None,
                keys_only=self._keys_only,
                lag_s=picture.lag_s if picture is not None and watch.sees else None,
                waiting_frames=self._queue.frames,
                late_frames=self._queue.late_frames,
                replaced_frames=self._sums()[0],
                anchors=self._anchors,
                child_pid=self._child.pid if self._child else None,
            )

    def counters(self) -> Counters:
        """Where the ticks went; ``expected`` is the sum of the others at any moment."""
        with self._changed:
            end_tick = self._begun_tick(0.0) if not self._watch.is_over else 0
            _, packets, frames = self._sums()
            damage = Counters(damaged_packets=packets, damaged_frames=frames)
            return self._queue.counters(end_tick) + damage

    def settled_end(self) -> int:
        """The first tick that is not settled yet: all before it were handed out or are covered."""
        with self._changed:
            return self._queue.settled_end

    def renew_credentials(self, credentials: Credentials | None) -> None:
        """Use ``credentials`` from now on; where it waits to try again, it does so at once."""
        with self._changed:
            self._credentials = credentials
            self._watch.hurry(self._now_s())
            self._changed.notify_all()

    def close(self) -> None:
        """Stop watching; what was seen before can still be read. Harmless when repeated."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            minder = self._minder
            if minder is None:
                self._watch.stop(self._now_s())
        if minder is not None and minder is not current_thread():
            minder.join(_CLOSE_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _mind(self) -> None:
        """Do what comes due until nothing will; then leave no process behind."""
        while not self._watch.is_over:
            with self._changed:
                now_s = self._now_s()
                if self._is_closing:
                    self._finish(self._watch.stop(now_s), now_s)
                    break
                actions, changes = self._watch.due(now_s)
                self._pass_time(now_s)
                self._tell(changes)
                if self._watch.is_over:
                    self._finish([], now_s)
                elif not actions and not self._gone:
                    self._changed.wait(self._patience_s(now_s))
                child = self._take_child() if "kill" in actions else None
                gone, self._gone = self._gone, []
            for process in [*gone, child]:
                if process is not None:
                    process.stop()
            if "open" in actions:
                self._open()
        with self._changed:
            left = [process for process in [*self._gone, self._take_child()] if process]
        for process in left:
            process.stop()

    def _open(self) -> None:
        """Order a connection, from the child that is there or from a new one."""
        with self._changed:
            child = self._child
            order = self._order()
        if child is None:
            try:
                child = ChildProcess(self._take)
            except OSError as error:  # no more processes or descriptors: perhaps later
                with self._changed:
                    failed = Failed("failed", f"no capture process can be started: {error}")
                    self._over(failed, self._now_s())
                return
            with self._changed:
                self._child = child
        child.send(order)

    def _order(self) -> Order:
        self._totals, self._picture = self._sums(), None
        return live_order(self.address, self.settings, self._credentials, origin_s=self._origin_s)

    def _take(self, child: ChildProcess, message: Message | None) -> None:
        """A message of the child; None: it is gone. Runs in the child's listener."""
        with self._changed:
            now_s = self._now_s()
            if message is None:
                if child is self._child:
                    self._gone.append(child)
                    self._child = None
                    self._over(Failed("child died", "the capture process died"), now_s)
            elif child is self._child:
                match message:
                    case Picture():
                        self._see(message, now_s)
                    case Opened():
                        self._open_answered(message)
                    case Note():
                        self._note(message)
                    case Failed():
                        self._over(message, now_s)
            self._changed.notify_all()

    def _open_answered(self, opened: Opened) -> None:
        if opened.ignored_options and self._opened is None:
            names = ", ".join(opened.ignored_options)
            self._tell([Change(self._watch.state, "options", f"FFmpeg knows no {names} here")])
        self._opened = opened
        self._keys_only = self.settings.decode == "keys"

    def _see(self, picture: Picture, now_s: float) -> None:
        if self._watch.is_over or not self._watch.is_connected:
            return
        if self._origin_s is None:
            self._origin_s = picture.origin_s
        self._picture = picture
        tick = self._first_tick + picture.tick
        self._queue.put_until(tick, self._watch.gap_reason)
        self._tell(self._watch.see(thumbnail(picture.pixels), now_s))
        frame = Frame(
            picture.pixels,
            t_s=self._first_tick + round(picture.at_s - self._origin_s, 6),
            tick=tick,
            kind="tick",
            received_s=picture.received_s,
            wall_s=picture.wall_s,
            corrupt=picture.corrupt,
        )
        self._queue.put_frame(frame, limit_s=cover_limit_s(picture.interval_s))

    def _note(self, note: Note) -> None:
        self._anchors += note.reason == "clock"
        if note.reason == "decoding":
            self._keys_only = note.keys_only
        self._tell([Change(self._watch.state, note.reason, note.detail)])

    def _over(self, failed: Failed, now_s: float) -> None:
        """The connection is over: the source's end, or something to try again after."""
        if failed.reason == "end":
            changes = self._watch.end(now_s)
        else:
            changes = self._watch.fail(failed.reason, failed.detail, now_s)
        if self._watch.is_over and changes:
            self._finish(changes, now_s)
        else:
            self._tell(changes)

    def _finish(self, changes: list[Change], now_s: float) -> None:
        """Nothing more comes: settle what is open. A finite source ends with its last picture."""
        if not self.address.is_finite or self._watch.state == "stopped":
            self._queue.put_until(self._begun_tick(0.0), self._watch.gap_reason)
        self._tell(changes)

    def _pass_time(self, now_s: float) -> None:
        """Tell blind ticks while they last. A picture may still come ``lag_s`` after its time."""
        if not self._watch.is_over:
            wait_s = self.settings.lag_s if self._watch.sees else _IN_TRANSIT_S
            self._queue.put_until(self._begun_tick(wait_s), self._watch.gap_reason)
            self._changed.notify_all()

    def _patience_s(self, now_s: float) -> float:
        """How long nothing comes due: until the next deadline, and never past the next tick."""
        deadline_s = self._watch.deadline_s()
        left_s = 1.0 if deadline_s is None else deadline_s - now_s
        return min(max(left_s, 0.01), 0.25)

    def _begun_tick(self, wait_s: float) -> int:
        """The first tick that had not passed ``wait_s`` ago."""
        if self._origin_s is None:
            return self._first_tick
        return self._first_tick + max(0, math.floor(self._now_s() - self._origin_s - wait_s))

    def _tell(self, changes: list[Change]) -> None:
        now_s, wall_s = self._now_s(), self._wall_s()
        passed_s = 0.0 if self._origin_s is None else now_s - self._origin_s
        for change in changes:
            self._queue.put_event(
                SourceEvent(
                    round(self._first_tick + max(0.0, passed_s), 3),
                    wall_s,
                    change.state,
                    change.reason,
                    change.detail,
                )
            )
        if changes:
            self._changed.notify_all()

    def _sums(self) -> tuple[int, int, int]:
        now = self._picture
        if now is None:
            return self._totals
        replaced, packets, frames = self._totals
        return (
            replaced + now.replaced,
            packets + now.damaged_packets,
            frames + now.damaged_frames,
        )

    def _take_child(self) -> ChildProcess | None:
        child, self._child = self._child, None
        return child
