"""A live source as a caller sees it: frames, gaps and events as they happen.

The decisions are made in ``LiveState``; this shell has the clock, the lock, the thread that minds
the child process, and the child.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Condition, Thread, current_thread
from types import TracebackType
from typing import Self

from capture.address import Address
from capture.child_memory import held_bytes
from capture.child_process import ChildProcess
from capture.counters import Counters
from capture.credentials import Credentials
from capture.frame import Frame, Gap
from capture.live_messages import Message
from capture.live_order import live_order
from capture.live_settings import LiveSettings
from capture.live_state import LiveState
from capture.source_status import SourceEvent, SourceReason, SourceStatus

_CLOSE_S = 10.0
_LOOK_S = 0.25
"""How often the minder looks at the clock, so that blind ticks are told as they pass."""
_WEIGH_S = 2.0
"""How often it looks at the child's memory."""


class LiveSource:
    """Watches one address from ``start`` to ``close`` and never gives up in between.

    ``first_tick`` 0: time begins with the first frame. Above: a recording goes on, and tick
    ``first_tick`` begins at ``start``. Credentials in the address come before ``credentials``. With
    ``follow_redirects`` a server may lead elsewhere, the credentials stay with its host. One thread
    reads with ``next_item``; everything else may be called from any thread. ``now_s`` must
    be the monotonic clock that the child process sees too; ``chance`` gives numbers in [0, 1).
    """

    def __init__(
        self,
        address: Address,
        settings: LiveSettings | None = None,
        *,
        credentials: Credentials | None = None,
        first_tick: int = 0,
        follow_redirects: bool = True,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.address = address
        self.settings = settings or LiveSettings()
        self._credentials = address.credentials or credentials
        self._first_tick, self._follow_redirects = first_tick, follow_redirects
        self._now_s, self._wall_s, self._chance = now_s, wall_s, chance
        self._changed = Condition()
        self._state = self._fresh()
        self._child: ChildProcess | None = None
        self._gone: list[ChildProcess] = []
        self._minder: Thread | None = None
        self._weigh_at_s = 0.0
        self._is_closing = False

    def start(self) -> None:
        """Begin to watch; returns at once. Once only; harmless when repeated."""
        with self._changed:
            if self._minder is not None or self._is_closing:
                return
            self._state = self._fresh()  # its clock begins now
            self._state.begin(self.address.public, self._now_s())
            self._minder = Thread(target=self._mind, name="streamvid-minder", daemon=True)
            self._minder.start()

    def next_item(self, timeout_s: float) -> Frame | Gap | SourceEvent | None:
        """What comes next, in tick order; None after ``timeout_s`` or once ``ended``."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                item = self._state.queue.take()
                left_s = deadline_s - time.monotonic()
                if item is not None or left_s <= 0 or self._state.watch.is_over:
                    return item
                self._changed.wait(left_s)

    @property
    def ended(self) -> bool:
        """Whether nothing comes any more: the source ended or was closed, and all was read."""
        with self._changed:
            return self._state.watch.is_over and not len(self._state.queue)

    def status(self) -> SourceStatus:
        """How it is doing now."""
        with self._changed:
            child_pid = self._child.pid if self._child else None
            return self._state.status(self._now_s(), child_pid)

    def counters(self) -> Counters:
        """Where the ticks went; ``expected`` is the sum of the others at any moment."""
        with self._changed:
            return self._state.counters(self._now_s())

    def settled_end(self) -> int:
        """The first tick that is not settled yet: all before it were handed out or are covered."""
        with self._changed:
            return self._state.queue.settled_end

    def renew_credentials(self, credentials: Credentials | None) -> None:
        """Use ``credentials`` from now on; where it waits to try again, it does so at once."""
        with self._changed:
            self._credentials = credentials
            self._state.watch.hurry(self._now_s())
            self._changed.notify_all()

    def close(self) -> None:
        """Stop watching; what was seen before can still be read. Harmless when repeated."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            minder = self._minder
            if minder is None:
                self._state.watch.stop(self._now_s())  # nothing began, so nothing is told
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

    def _fresh(self) -> LiveState:
        return LiveState(
            self.settings,
            self._now_s(),
            first_tick=self._first_tick,
            is_finite=self.address.is_finite,
            wall_s=self._wall_s,
            chance=self._chance,
        )

    def _mind(self) -> None:
        """Do what comes due until nothing will; then leave no process behind."""
        state = self._state
        while not state.watch.is_over:
            with self._changed:
                if self._is_closing:
                    state.stop(self._now_s())
                    break
                self._weigh()
                actions = state.due(self._now_s())
                self._changed.notify_all()
                if not actions and not self._gone:
                    self._changed.wait(self._patience_s())
                dead = self._dead(also_child="kill" in actions)
            for child in dead:
                child.stop()
            if "open" in actions:
                self._open()
        with self._changed:
            self._changed.notify_all()
            dead = self._dead(also_child=True)
        for child in dead:
            child.stop()

    def _open(self) -> None:
        """Order a connection, from the child that is there or from a new one."""
        with self._changed:
            child = self._child
            order = live_order(
                self.address, self.settings, self._credentials,
                origin_s=self._state.origin_s, film_start_s=self._state.film_start_s,
                follow_redirects=self._follow_redirects,
            )  # fmt: skip
        if child is None:
            try:
                child = ChildProcess(self._take)
            except OSError as error:  # no more processes or descriptors: perhaps later
                with self._changed:
                    detail = f"no capture process can be started: {error}"
                    self._state.lose("failed", detail, self._now_s())
                return
            with self._changed:
                self._child = child
                if child.is_gone:  # before anybody knew it
                    self._lose(child)
                    return
        child.send(order)

    def _take(self, child: ChildProcess, message: Message | None) -> None:
        """A message of the child; None: it is gone. Runs in the child's listener."""
        with self._changed:
            if child is not self._child:
                return  # it was given up
            if message is None:
                self._lose(child)
            else:
                self._state.take(message, self._now_s())
            self._changed.notify_all()

    def _lose(
        self,
        child: ChildProcess,
        reason: SourceReason = "child died",
        detail: str = "the capture process died",
    ) -> None:
        self._child = None
        self._gone.append(child)
        self._state.lose(reason, detail, self._now_s())

    def _weigh(self) -> None:
        """Give up a child that takes too much: FFmpeg loses memory with some cameras."""
        now_s, child = self._now_s(), self._child
        if child is None or now_s < self._weigh_at_s:
            return
        self._weigh_at_s = now_s + _WEIGH_S
        held = held_bytes(child.pid)
        if held is not None and held > self.settings.child_bytes:
            most_mb = self.settings.child_bytes / 1e6
            detail = f"the capture process took {held / 1e6:.0f} MB, and may take {most_mb:.0f} MB"
            self._lose(child, "memory", detail)

    def _patience_s(self) -> float:
        """How long to wait for something to come due."""
        deadline_s = self._state.watch.deadline_s()
        left_s = _LOOK_S if deadline_s is None else deadline_s - self._now_s()
        return min(max(left_s, 0.01), _LOOK_S)

    def _dead(self, *, also_child: bool) -> list[ChildProcess]:
        """Children that must be stopped, which forgets them."""
        dead, self._gone = self._gone, []
        if also_child and self._child is not None:
            dead, self._child = [*dead, self._child], None
        return dead
