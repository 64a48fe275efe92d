"""``Session``: the one door for apps: ingest, ask, converse, search, inspect, list, remove.

It knows no argument parser, no screen and no model by name: the model comes in through a function
that loads it when a question or an ingest first needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from streamvid.answer.result import Answer, SearchResult
from streamvid.answer.span import TimeRange
from streamvid.ingest.progress import IngestProgress, IngestReport
from streamvid.model.seam import VideoModel
from streamvid.settings import Settings

Progress = Callable[[IngestProgress], None]
Cancelled = Callable[[], bool]
EVERYTHING = TimeRange()


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """One line of the list of recordings. Times are POSIX seconds of wall time."""

    recording_id: str
    name: str
    source: str
    length_s: float
    frames: int
    size_bytes: int
    created_wall_s: float
    updated_wall_s: float
    complete: bool
    busy: bool


@dataclass(frozen=True, slots=True)
class GapReport:
    """A stretch of stream time that was not seen, and why."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is remembered of a recording; the identity of ticks holds:

    ``ticks_expected = frames seen + covered + dropped + gapped + pending``.
    """

    summary: RecordingSummary
    fingerprint: str
    model: str
    frames: int
    previews: int
    ticks_expected: int
    ticks_seen: int
    ticks_covered: int
    ticks_dropped: int
    ticks_gapped: int
    ticks_pending: int
    gaps: tuple[GapReport, ...]
    damage_packets: int
    damage_frames: int
    size_bytes: int
    width: int
    tokens_per_frame: int
    replaces: str | None
    coverage_text: str


class AnswerStream:
    """Text pieces of an answer as they are made; ``result`` runs to the end and gives the rest.

    Closing it early, or leaving its ``with`` block, stops the decoding within one step.
    """

    def __iter__(self) -> Iterator[str]:
        """Pieces of text that never change afterwards. Raises ``StreamvidError``."""
        raise NotImplementedError

    def result(self) -> Answer:
        """The whole answer; reads what is left of the stream. Raises ``StreamvidError``."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Stop decoding within one step; ``result`` then holds the text so far. Any thread."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.cancel()


class Conversation:
    """Questions about one recording, one after the other, behind one kept context."""

    def ask(
        self,
        question: str,
        *,
        within: TimeRange = EVERYTHING,
        phrase: str | None = None,
        cancelled: Cancelled = lambda: False,
        deadline_s: float | None = None,
    ) -> AnswerStream:
        """Ask the next question; read its answer to the end before the one after it."""
        raise NotImplementedError

    def close(self) -> None:
        """Free the context."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Session:
    """Everything an app does with recordings under one home folder; a context manager.

    ``load_model`` is called once, in the engine's thread, when the model is first needed; it may
    raise anything (told as ``ModelLoadError``). ``inspect``, ``recordings``, ``remove`` and the
    refusals of bad input never load it. A *source* is a path, a name, or the first characters of
    an id.

    ``progress`` callbacks run in the thread that called; raising from one stops the ingest as
    ``cancelled`` does, with everything committed kept. Ctrl-C (``KeyboardInterrupt``) does too.
    """

    def __init__(
        self,
        home: Path,
        load_model: Callable[[], VideoModel],
        *,
        settings: Settings | None = None,
    ) -> None:
        raise NotImplementedError

    def ingest(
        self,
        path: Path,
        *,
        name: str | None = None,
        progress: Progress | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> IngestReport:
        """Watch the file at ``path`` into memory, or go on where an earlier run ended.

        Where another process ingests it already, wait and pass on its progress. Raises
        ``SourceRefusedError``, ``RecordingError``, ``IngestInterruptedError`` (when cancelled).
        """
        raise NotImplementedError

    def ask(
        self,
        source: str | Path,
        question: str,
        *,
        within: TimeRange = EVERYTHING,
        phrase: str | None = None,
        now: bool = False,
        progress: Progress | None = None,
        cancelled: Cancelled = lambda: False,
        deadline_s: float | None = None,
    ) -> AnswerStream:
        """Ask about a recording; a file that is not remembered yet is ingested first.

        ``now`` answers from what is there already: with a long new file, from previews.
        ``phrase`` is looked up instead of the question. ``deadline_s`` is on
        ``time.monotonic``'s clock. Refusals raise before any model is loaded:
        ``EmptyQuestionError``, ``RangeError``, ``RecordingNotFoundError``, ``SourceRefusedError``;
        ``QuestionTooLongError`` and others come when the stream is first read.
        """
        raise NotImplementedError

    def conversation(
        self,
        source: str | Path,
        *,
        now: bool = False,
        progress: Progress | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> Conversation:
        """Open a conversation about a recording; ingests like ``ask``."""
        raise NotImplementedError

    def search(
        self,
        source: str | Path,
        phrase: str,
        *,
        limit: int = 10,
        within: TimeRange = EVERYTHING,
        progress: Progress | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> SearchResult:
        """The ``limit`` moments closest to ``phrase``, best first; ingests like ``ask``."""
        raise NotImplementedError

    def inspect(self, source: str | Path) -> Inspection:
        """What is remembered of a recording. Raises ``RecordingNotFoundError``."""
        raise NotImplementedError

    def recordings(self) -> tuple[RecordingSummary, ...]:
        """All recordings under the home folder, oldest first."""
        raise NotImplementedError

    def remove(self, source: str | Path) -> RecordingSummary:
        """Delete a recording from disk and say what it was. Raises ``RecordingBusyError``."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop the engine and free the model."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
