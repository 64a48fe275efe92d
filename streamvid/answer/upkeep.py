"""A thread that reads what growing recordings gained into kept contexts, ahead of questions."""

from __future__ import annotations

import logging
import threading

from memory import Recording, TokenMemoryError
from streamvid.answer.asker import Asker
from streamvid.errors import EngineClosedError, StreamvidError

_log = logging.getLogger(__name__)


class Upkeep:
    """Told of growth from any thread, it keeps up; what is told twice meanwhile is done once.

    The thread starts when it is first told. What fails is logged and left to the next question.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._changed = threading.Condition()
        self._grown: dict[str, Recording] = {}
        self._working = False
        self._closing = False
        self._thread: threading.Thread | None = None

    def tell(self, recording: Recording) -> None:
        """Say that frames were committed to ``recording``; returns at once."""
        with self._changed:
            if self._closing:
                return
            self._grown[recording.id] = recording
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="upkeep", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Whether all that was told is done before ``timeout_s`` are over."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._grown and not self._working, timeout_s)

    def close(self) -> None:
        """Take nothing more on. Close the engine too: the thread may wait for its turn there."""
        with self._changed:
            self._closing = True
            self._grown.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while (recording := self._next()) is not None:
            try:
                self._asker.keep_up(recording)
            except EngineClosedError:
                return
            except (StreamvidError, TokenMemoryError) as error:
                _log.warning("upkeep", extra={"recording": recording.id[:12], "error": str(error)})

    def _next(self) -> Recording | None:
        with self._changed:
            self._working = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._grown or self._closing)
            if self._closing:
                return None
            self._working = True
            return self._grown.pop(next(iter(self._grown)))
