"""The live sources that a process watches, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from memory import Home, Recording
from streamvid.engine import Engine
from streamvid.live.status import WatchEvent
from streamvid.live.watch import Watch, WatchPlan
from streamvid.settings import Settings


class Watches:
    """Begins watches under ``home`` and ends them all; safe from several threads.

    ``grown`` gets a recording, in its watch's thread, after each commit of frames.
    """

    def __init__(
        self,
        home: Home,
        engine: Engine,
        settings: Settings,
        *,
        grown: Callable[[Recording], None] = lambda recording: None,
    ) -> None:
        self._home, self._engine, self._settings = home, engine, settings
        self._grown = grown
        self._begun: list[Watch] = []

    def begin(self, plan: WatchPlan, *, tell: Callable[[WatchEvent], None]) -> Watch:
        """Watch ``plan``'s source from now on; returns at once.

        Raises RecordingBusyError where it is watched already, and memory's errors.
        """
        watch = Watch(self._home, self._engine, self._settings, plan, tell=tell, grown=self._grown)
        watch.start()
        for old in tuple(self._begun):
            if not old.running:
                with suppress(ValueError):  # another thread was faster
                    self._begun.remove(old)
        self._begun.append(watch)
        return watch

    def flush(self, recording_id: str) -> None:
        """A question about what is being watched is about what was seen up to now."""
        for watch in self._begun:
            if watch.recording_id == recording_id:
                watch.flush()

    def stop(self) -> None:
        """End them all, with everything taken committed."""
        for watch in self._begun:
            watch.stop()
        while self._begun:
            self._begun.pop().wait()
