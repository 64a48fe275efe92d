"""All clients of one server, and what they share: the room, its threads, what everybody is told."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Protocol, TypeVar

from apps.server.admission import Admission
from apps.server.protocol import (
    FrameDropped,
    Limits,
    ServerMessage,
    SessionGoingAway,
    SourceGap,
    SourceStatus,
)
from apps.server.room import Room
from apps.server.shelf import Shelf

T = TypeVar("T")
TICK_S = 1.0
"""How often clients are told how sources do; a change of state is told sooner."""
MOST_CHANGES = 16
"""Changes of a source's state that are told a tick; of one that changes faster, the newest."""
_SHORTEST_TICK_S = 0.1
_LOOKING_THREADS = 4
_log = logging.getLogger(__name__)


class Listener(Protocol):
    """A client as the lobby sees it; for the event loop alone."""

    @property
    def wants_status(self) -> bool:
        """Whether it is told how sources do."""

    @property
    def busy(self) -> bool:
        """Whether an answer is under way, or something waits to be sent."""

    def post(self, message: ServerMessage) -> None:
        """Send when it can be sent."""

    def stop_answers(self) -> None:
        """Stop what is under way."""

    def hang_up(self, code: int, reason: str) -> None:
        """Close."""


class Lobby:
    """For the event loop alone, but ``notify``. ``start`` once the loop runs."""

    def __init__(
        self,
        *,
        limits: Limits,
        admission: Admission,
        most_clients: int,
        answer_threads: int,
        kept_talks: int,
    ) -> None:
        self.limits = limits
        self.admission = admission
        self.most_clients = most_clients
        self.leaving = False
        self.shelf = Shelf(kept_talks)
        self.answers = ThreadPoolExecutor(answer_threads, thread_name_prefix="answer")
        self._looking = ThreadPoolExecutor(_LOOKING_THREADS, thread_name_prefix="look")
        self._room: Room | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[Listener] = set()
        self._stirred = asyncio.Event()
        self._told: dict[str, SourceStatus] = {}
        self._changes: dict[str, deque[SourceStatus]] = {}
        self._dropped: dict[str, FrameDropped] = {}

    @property
    def room(self) -> Room:
        """The room that ``start`` was given."""
        assert self._room is not None
        return self._room

    def start(self, room: Room) -> asyncio.Task[None]:
        """Begin to tell clients of ``room``; cancel the task at the end."""
        self._room, self._loop = room, asyncio.get_running_loop()
        return asyncio.create_task(self._tick())

    async def look(self, work: Callable[[], T]) -> T:
        """Do short blocking ``work`` beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._looking, work)

    async def answer(self, work: Callable[[], T]) -> T:
        """Do ``work`` that takes the model among the answers."""
        return await asyncio.get_running_loop().run_in_executor(self.answers, work)

    def notify(self, message: SourceGap | FrameDropped | SourceStatus) -> None:
        """Take what a source tells; from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._note, message)

    def enter(self, listener: Listener) -> None:
        """Tell ``listener`` from now on."""
        self._listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        """Tell it no more."""
        self._listeners.discard(listener)

    @property
    def full(self) -> bool:
        """Whether no further client is taken."""
        return len(self._listeners) >= self.most_clients

    def broadcast(self, message: ServerMessage, *, but: Listener | None = None) -> None:
        """Tell everybody ``but`` one."""
        status = isinstance(message, SourceGap | FrameDropped | SourceStatus)
        for listener in tuple(self._listeners):
            if listener is not but and (listener.wants_status or not status):
                listener.post(message)

    async def see_off(self, reason: str, *, patience_s: float, within_s: float) -> None:
        """Tell everybody that the server ends; stop answers after ``patience_s``; close all."""
        self.leaving = True
        self.broadcast(SessionGoingAway(reason, within_s))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        stopped = False
        while any(one.busy for one in self._listeners) and loop.time() - began_s < 2 * patience_s:
            if not stopped and loop.time() - began_s >= patience_s:
                stopped = True
                for listener in tuple(self._listeners):
                    listener.stop_answers()
            await asyncio.sleep(0.02)
        for listener in tuple(self._listeners):
            listener.stop_answers()
            listener.hang_up(1001, "the server is shutting down")

    def close(self) -> None:
        """Take no further work; what runs ends with the engine."""
        self.answers.shutdown(wait=False, cancel_futures=True)
        self._looking.shutdown(wait=False, cancel_futures=True)

    def _note(self, message: SourceGap | FrameDropped | SourceStatus) -> None:
        if isinstance(message, FrameDropped):
            before = self._dropped.get(message.source)
            count = message.count + (before.count if before else 0)
            self._dropped[message.source] = replace(message, count=count)
        elif isinstance(message, SourceGap):
            self.broadcast(message)
        else:
            self._note_change(message)

    def _note_change(self, status: SourceStatus) -> None:
        waiting = self._changes.get(status.source)
        before = waiting[-1] if waiting else self._told.get(status.source)
        if before is not None and before.state == status.state:
            return  # any other news waits for the tick
        if waiting is None:
            waiting = self._changes[status.source] = deque(maxlen=MOST_CHANGES)
        waiting.append(status)
        self._stirred.set()

    def _tell_changes(self) -> set[str]:
        """Tell each change of state as it was; whose changes were told."""
        changes, self._changes = self._changes, {}
        there = self.room.names()  # one that was removed ends without a word
        for status in chain.from_iterable(changes.values()):
            if status.source in there:
                self._tell(status)
        return set(changes)

    def _tell(self, status: SourceStatus) -> None:
        self._told[status.source] = replace(status, last_frame_age_s=None)
        self.broadcast(status)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_SHORTEST_TICK_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), TICK_S - _SHORTEST_TICK_S)
            self._stirred.clear()
            dropped, self._dropped = self._dropped, {}
            for message in dropped.values():
                self.broadcast(message)
            self._tell_changes()
            if self._listeners:
                seen = await self.look(self.statuses)
                older = self._tell_changes()  # what was seen of these is of before
                for status in seen:
                    told = self._told.get(status.source)
                    if (
                        told != replace(status, last_frame_age_s=None)
                        and status.source not in older
                    ):
                        self._tell(status)
                if older:
                    self._stirred.set()

    def statuses(self) -> list[SourceStatus]:
        """How every source is doing; reads the disk."""
        found = []
        for name in self.room.names():
            try:
                found.append(self.room.status(name))
            except Exception:  # noqa: BLE001 - one that cannot be read must not silence others
                _log.warning("status_failed", extra={"source": name}, exc_info=True)
        return found
