"""The engine room: one session, the sources it watches by name, and questions about them.

Everything here may block (disk, decoding, the model) and is called from threads, never from an
event loop; the server above it knows sockets and no video.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.server.protocol import ProtocolError, SourceStatus
from apps.server.sources import Notify, Opener, PushedSource, WatchedSource
from streamvid.answer import SearchResult, TimeRange
from streamvid.session import AnswerStream, Conversation, Session, Still, Timeline


@dataclass(frozen=True, slots=True)
class _Entry:
    source: WatchedSource
    by_client: bool


class Room:
    """Sources by name over one ``Session``, which it closes; safe from several threads."""

    def __init__(
        self,
        session: Session,
        openers: Sequence[Opener],
        *,
        most_sources: int,
        notify: Notify,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._openers = tuple(openers)
        self._most = most_sources
        self._notify = notify
        self._now_s = now_s
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry | None] = {}  # None: being opened
        self._closing = False

    def add(self, name: str, address: str, *, by_client: bool = False) -> WatchedSource:
        """Watch ``address`` as ``name``. Raises ``ProtocolError``, also where nothing takes it.

        Whether a client may is not asked here.
        """
        opener = next((one for one in self._openers if one.takes(address)), None)
        if opener is None:
            scheme = address.split(":", 1)[0][:20]
            raise ProtocolError(
                "cannot_open", f"nothing here watches {scheme}: addresses", param="address"
            )
        with self._lock:
            self._refuse_when_closing()
            if name in self._entries:
                raise ProtocolError(
                    "source_exists", f"there is a source {name!r}; pass another", param="source"
                )
            if len(self._entries) >= self._most:
                raise ProtocolError(
                    "too_many_sources", f"{self._most} sources are watched; remove one first"
                )
            self._entries[name] = None
        source = None
        try:
            source = opener.open(name, address, self._notify, by_client=by_client)
            return source
        finally:
            with self._lock:
                if source is None:
                    del self._entries[name]
                else:
                    self._entries[name] = _Entry(source, by_client)

    def adopt(self, name: str, source: WatchedSource) -> None:
        """Take a source that is watched already."""
        with self._lock:
            self._entries[name] = _Entry(source, by_client=False)

    def remove(self, name: str) -> None:
        """End a source that a client added, keep its memory. Raises ``ProtocolError``."""
        with self._lock:
            entry = self._entry(name)
            if not entry.by_client:
                raise ProtocolError(
                    "not_yours", f"{name!r} was there from the start; it stays", param="source"
                )
            del self._entries[name]
        entry.source.stop()

    def names(self) -> tuple[str, ...]:
        """All sources, in the order they were added."""
        with self._lock:
            return tuple(name for name, entry in self._entries.items() if entry is not None)

    def source(self, name: str) -> WatchedSource:
        """Raises ``ProtocolError`` where there is none."""
        with self._lock:
            return self._entry(name).source

    def status(self, name: str) -> SourceStatus:
        """How a source is doing. Raises ``ProtocolError``."""
        return self.source(name).status()

    def timeline(self, name: str) -> Timeline:
        """What was seen and what was not. Raises as ``still``."""
        return self._session.recorded(self._recording_id(name)).timeline()

    def still(self, name: str, t_s: float | None = None) -> Still | None:
        """The newest picture at or before ``t_s``, if any. Raises ``ProtocolError`` and others."""
        return self._session.recorded(self._recording_id(name)).still(t_s)

    def push(self, name: str, jpeg: bytes, *, t_s: float | None, received_s: float) -> None:
        """Give a pushed source a picture. Raises ``ProtocolError``."""
        source = self.source(name)
        if not isinstance(source, PushedSource):
            raise ProtocolError(
                "not_pushed", f"{name!r} takes no pictures; add a push: source", param="source"
            )
        source.push(jpeg, t_s=t_s, received_s=received_s)

    def ask(
        self,
        name: str,
        question: str,
        *,
        within: TimeRange,
        phrase: str | None = None,
        cancelled: Callable[[], bool],
        deadline_s: float | None,
    ) -> AnswerStream:
        """Ask about what is remembered so far; read the stream in the same thread.

        Where something was seen and none of it is remembered yet, it waits for that, the model
        being loaded first. Raises ``ProtocolError`` and ``StreamvidError``.
        """
        self._await_memory(name, cancelled, deadline_s)
        return self._session.recorded(self._recording_id(name)).ask(
            question,
            within=within, phrase=phrase, cancelled=cancelled, deadline_s=deadline_s,
        )  # fmt: skip

    def search(self, name: str, phrase: str, *, within: TimeRange, limit: int) -> SearchResult:
        """The moments closest to ``phrase`` in what is remembered so far. Raises as ``ask``."""
        recorded = self._session.recorded(self._recording_id(name))
        return recorded.search(phrase, within=within, limit=limit)

    def talk(
        self,
        name: str,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        deadline_s: float | None = None,
    ) -> Conversation:
        """A conversation about a source; whoever opens it closes it. Waits, raises as ``ask``."""
        self._await_memory(name, cancelled, deadline_s)
        return self._session.recorded(self._recording_id(name)).conversation()

    def stop(self) -> None:
        """Ask every source to end and take no more; returns at once."""
        with self._lock:
            self._closing = True
            entries = [entry for entry in self._entries.values() if entry is not None]
        for entry in entries:
            entry.source.stop()

    def close(self, *, within_s: float) -> bool:
        """Stop, commit, free the model; whether every source ended in time."""
        ends_s = self._now_s() + within_s
        self.stop()
        with self._lock:
            sources = [entry.source for entry in self._entries.values() if entry is not None]
        ended = [source.close(within_s=max(ends_s - self._now_s(), 0.0)) for source in sources]
        self._session.close()
        return all(ended)

    def _await_memory(
        self, name: str, cancelled: Callable[[], bool], deadline_s: float | None
    ) -> None:
        def over() -> bool:
            late = deadline_s is not None and time.monotonic() >= deadline_s
            return late or self._closing or cancelled()

        self.source(name).await_memory(over)
        self._refuse_when_closing()

    def _recording_id(self, name: str) -> str:
        recording_id = self.source(name).recording_id
        if recording_id is None:
            why = "" if self._session.loaded else " and the model is still loading"
            raise ProtocolError(
                "not_remembered", f"nothing of {name!r} is remembered yet{why}; ask again soon"
            )
        return recording_id

    def _entry(self, name: str) -> _Entry:
        entry = self._entries.get(name)
        if entry is None:
            known = ", ".join(self._entries) or "none"
            raise ProtocolError(
                "no_source", f"no source {name!r}; there are: {known}", param="source"
            )
        return entry

    def _refuse_when_closing(self) -> None:
        if self._closing:
            raise ProtocolError("going_away", "the server is shutting down")
