"""An end that comes within seconds, whatever the model is in the middle of."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import Self

from apps.cli.options import say
from apps.errors import FAILED

INTERRUPTED = 130
"""Exit code where a second signal ends the program at once."""


class LastResort:
    """Once begun, the process ends after ``within_s``, unless its context was left before.

    That is as safe as a kill, and no safer: what is not committed by then is lost. ``clear`` is
    called first; it must not wait.
    """

    def __init__(self, within_s: float, clear: Callable[[], None]) -> None:
        self._within_s, self._clear = within_s, clear
        self._stop: Callable[[], None] = lambda: None
        self._over = threading.Event()
        self._told: SimpleQueue[None] = SimpleQueue()
        self.begun = False
        # Ready before it is needed: a signal may come while this thread holds any lock, and only
        # a queue's ``put`` is safe then.
        self._thread = threading.Thread(target=self._wait, name="last-resort", daemon=True)

    def stops(self, stop: Callable[[], None]) -> None:
        """Have ``stop`` called as soon as it begins: what runs ends beside the answer."""
        self._stop = stop

    def begin(self) -> None:
        """Count from now on; harmless if it counts already. For signal handlers too."""
        self.begun = True
        self._told.put(None)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._told.put(None)

    def _wait(self) -> None:
        self._told.get()
        ends_s = time.monotonic() + self._within_s
        if not self._over.is_set():
            threading.Thread(target=self._stop, name="stop", daemon=True).start()
        if self._over.wait(ends_s - time.monotonic()):
            return
        self._clear()
        say("ended in the middle of a step; what was committed is kept")
        os._exit(FAILED)


@contextmanager
def ended_by_signals(
    last_resort: LastResort, *, goes_on: Callable[[], bool]
) -> Iterator[threading.Event]:
    """SIGTERM ends what runs as Ctrl-C does, and ``last_resort`` sees that either is obeyed.

    Both raise KeyboardInterrupt. Where ``goes_on``, Ctrl-C only stops an answer and begins nothing;
    the event is set by SIGTERM, which ends the rest as well. A second signal ends the process at
    once.
    """
    terminated = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        if last_resort.begun:
            os._exit(INTERRUPTED)
        if number == signal.SIGTERM:
            terminated.set()
        if number == signal.SIGTERM or not goes_on():
            last_resort.begin()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield terminated
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
