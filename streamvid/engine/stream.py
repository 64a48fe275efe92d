"""A job of many steps whose values reach the caller while later steps still run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from streamvid.errors import EngineClosedError
from streamvid.model.seam import VideoModel

T = TypeVar("T")


class Stream(Generic[T]):
    """Iterate it for the values of a generator that runs in the engine's thread, step by step.

    Values are buffered up to ``limit``; then the generator rests until some are taken, so a slow
    reader loses nothing and holds up nobody. ``cancel`` ends it within one step, from any thread.
    An exception of the generator is raised to the reader after the values before it.
    """

    def __init__(
        self,
        start: Callable[[VideoModel], Iterator[T]],
        *,
        limit: int,
        wake: Callable[[], None],
    ) -> None:
        self._start = start
        self._limit = limit
        self._wake = wake
        self._steps: Iterator[T] | None = None
        self._values: deque[T] = deque()
        self._changed = threading.Condition()
        self._cancelled = False
        self._ended = False
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            while not self._values and not self._ended:
                self._changed.wait()
            if not self._values:
                if self._error is not None:
                    raise self._error
                raise StopIteration
            value = self._values.popleft()
        self._wake()  # it may have rested with a full buffer
        return value

    def cancel(self) -> None:
        """Take no further step; values already made can still be read."""
        with self._changed:
            self._cancelled = True
        self._wake()

    @property
    def resting(self) -> bool:
        """Whether no step may be taken until the reader takes a value."""
        with self._changed:
            return len(self._values) >= self._limit and not self._cancelled

    # The engine's side: called in its thread alone.

    def step(self, model: VideoModel) -> bool:
        """Take one step; return whether there may be another."""
        with self._changed:
            if self._cancelled or self._ended:
                return self.end(None)
        if self._steps is None:
            self._steps = self._start(model)
        try:
            value = next(self._steps)
        except StopIteration:
            return self.end(None)
        with self._changed:
            self._values.append(value)
            self._changed.notify_all()
        return True

    def end(self, error: BaseException | None) -> bool:
        """No step comes any more; always False, as ``step`` then answers."""
        steps, self._steps = self._steps, None
        close = getattr(steps, "close", None)
        if close is not None and error is None:
            close()
        with self._changed:
            if not self._ended:
                self._ended = True
                self._error = error
            self._changed.notify_all()
        return False


def closed_error() -> EngineClosedError:
    """The error of whatever comes or waits when the engine closes."""
    return EngineClosedError("the engine is closed; open a new session")
