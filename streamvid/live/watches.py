"""The live sources that a process watches, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from memory import Home, Recording
from streamvid.engine import Engine
from streamvid.live.keeping import DiskRoom, Keep, KeepRule
from streamvid.live.status import WatchEvent
from streamvid.live.watch import Watch, WatchPlan
from streamvid.settings import Settings


@dataclass(frozen=True, slots=True)
class _Begun:
    """A watch, what it may take, and what its recording held before."""

    watch: Watch
    keep: Keep | None
    held_bytes: int

    def promised_bytes(self) -> int:
        """What it may still grow by; a watch that has ended grows no more."""
        if self.keep is None or not self.watch.running:
            return 0
        return max(0, self.keep.most_bytes - max(self.held_bytes, self.watch.held_bytes))


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
        self._begun: list[_Begun] = []
        self._beginning = threading.Lock()
        """One after the other: what one was promised, the next cannot have."""

    def begin(
        self,
        plan: WatchPlan,
        *,
        keep: KeepRule | None = None,
        tell: Callable[[WatchEvent], None],
    ) -> Watch:
        """Watch ``plan``'s source from now on; returns at once. ``keep`` says what it may take.

        Raises RecordingBusyError where it is watched already, and memory's errors.
        """
        with self._beginning:
            self._begun = [begun for begun in self._begun if begun.watch.running]
            room = self._room(plan.source.id)
            if keep is not None:
                plan = replace(plan, keep=keep(room))
            watch = Watch(
                self._home, self._engine, self._settings, plan, tell=tell, grown=self._grown
            )
            watch.start()
            self._begun.append(_Begun(watch, plan.keep, room.held_bytes))
        return watch

    def _room(self, recording_id: str) -> DiskRoom:
        return DiskRoom(
            held_bytes=self._home.watched_bytes(recording_id),
            free_bytes=self._home.free_bytes(),
            promised_bytes=sum(begun.promised_bytes() for begun in self._begun),
            watched=len(self._begun),
        )

    def flush(self, recording_id: str) -> None:
        """A question about what is being watched is about what was seen up to now."""
        for begun in tuple(self._begun):
            if begun.watch.recording_id == recording_id:
                begun.watch.flush()

    def stop(self) -> None:
        """End them all, with everything taken committed."""
        with self._beginning:
            ending, self._begun = self._begun, []
        for begun in ending:
            begun.watch.stop()
        for begun in ending:
            begun.watch.wait()
