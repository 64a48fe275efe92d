"""Retrieval: words looked up in a recording, for a search or for a question on its way.

It runs in the thread of whoever asks; the engine embeds the words.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from memory import Moment as Found
from memory import Recording, Snapshot
from streamvid.answer.moments import Moments, with_stills
from streamvid.answer.range_frames import RangeFrames, frames_in, report
from streamvid.answer.result import Moment, SearchResult
from streamvid.answer.span import TimeRange, resolved
from streamvid.answer.work import Work
from streamvid.engine import Engine, Priority
from streamvid.errors import EmptyQuestionError
from streamvid.ingest.ingest import model_identity
from streamvid.model.errors import NoTextSearchError
from streamvid.model.seam import FloatArray
from streamvid.settings import Settings


class Retrieval:
    """Looks words up in recordings; safe from several threads, of which one looks at a time.

    ``refresh`` is called with a recording's id before it is searched: who watches it may commit
    first.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        refresh: Callable[[str], None] = lambda recording_id: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._refresh = refresh
        self._now_s = now_s
        self._moments = Moments(settings)
        self._looking = threading.Lock()

    def search(
        self, recording: Recording, phrase: str, within: TimeRange, limit: int
    ) -> SearchResult:
        """The moments closest to ``phrase``.

        Raises ``EmptyQuestionError``, ``RangeError``, ``EngineBusyError`` and memory's errors.
        """
        refuse_no_phrase(phrase)
        started_s = self._now_s()
        self._refresh(recording.id)
        with self._engine.question() as owner, recording.snapshot() as snapshot:
            within = resolved(within, snapshot.timeline())
            frames = frames_in(snapshot, recording, within, self._settings)
            moments: tuple[Moment, ...] = ()
            if frames.span is not None:
                facts = self._engine.follow(owner, snapshot.info.model.fingerprint)
                snapshot.require_model(model_identity(facts))
                query = self.embed(phrase, owner).result()
                with self._looking:
                    found = self._moments.search(snapshot, frames, query, limit)
                moments = with_stills(snapshot, found)
            return SearchResult(
                phrase=phrase,
                recording_id=recording.id,
                moments=moments,
                coverage=report(frames),
                search_s=self._now_s() - started_s,
            )

    def embed(self, phrase: str, owner: str) -> Future[FloatArray]:
        """Have the engine embed ``phrase``: [e], or ``NoTextSearchError``."""
        return self._engine.submit(
            lambda model: model.embed_text(phrase), priority=Priority.QUESTION, owner=owner
        )

    def read_index(self, snapshot: Snapshot, frames: RangeFrames) -> None:
        """Have the recording's index ready, for a ``retrieve`` to come."""
        with self._looking:
            self._moments.read_index(snapshot, frames)

    def retrieve(
        self, work: Work, snapshot: Snapshot, embedding: Future[FloatArray], *, count: int
    ) -> list[int]:
        """Note in ``work`` the moments to show; their ticks, then the ``count`` closest ones'.

        There are none where the model has no words to search by.
        """
        found: list[Found] = []
        shown: list[Found] = []
        with suppress(NoTextSearchError):
            query = embedding.result()
            with self._looking:
                found = self._moments.search(snapshot, work.frames, query, count)
                shown = self._moments.shown(snapshot, work.frames, query, work.question.text)
        work.evidence = with_stills(snapshot, shown)
        return [moment.tick for moment in (*shown, *found)]

    def forget(self, recording_id: str) -> None:
        """Drop what is kept of a recording."""
        with self._looking:
            self._moments.forget(recording_id)


def refuse_no_phrase(phrase: str) -> None:
    """Raise ``EmptyQuestionError`` where there is nothing to search for."""
    if not phrase.strip():
        raise EmptyQuestionError("the phrase is empty; search for something")
