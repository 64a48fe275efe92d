"""``Session``: the one door for apps: ingest, watch, reencode, ask, search, inspect, list, remove.

What is remembered of one recording so far, whoever fills it, is a ``Recorded``. A session knows no
argument parser, no screen and no model by name: the model comes in through a function that loads it
when a question or an ingest first needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from capture import Address, Credentials, LiveSettings, LiveSource, PushedFrames
from memory import Home, Recording, describe_live
from streamvid.answer.asker import Asker
from streamvid.answer.contexts import ContextCounters
from streamvid.answer.result import SearchResult
from streamvid.answer.retrieval import Retrieval, refuse_no_phrase
from streamvid.answer.span import EVERYTHING, TimeRange
from streamvid.answer.stream import AnswerStream, Conversation
from streamvid.answer.upkeep import Upkeep
from streamvid.answer.work import Cancelled, Question
from streamvid.engine import Engine, EngineCounters
from streamvid.errors import RecordingError
from streamvid.ingest.file_ingest import FileIngest, Progress
from streamvid.ingest.inspection import (
    EventReport,
    GapReport,
    Inspection,
    RecordingSummary,
    inspect_recording,
    list_line,
    summary_of,
)
from streamvid.ingest.looking import Glance, Still, Timeline
from streamvid.ingest.on_demand import OnDemandIngest
from streamvid.ingest.progress import IngestProgress, IngestReport, ReencodeReport
from streamvid.ingest.reencode import Reencode
from streamvid.live import KeepRule, PushedWatch, Watch, Watches, WatchEvent, WatchPlan
from streamvid.live.opening import source_of
from streamvid.model.seam import VideoModel
from streamvid.recorded import Recorded
from streamvid.settings import Settings
from streamvid.translate import translated


def _quiet(progress: IngestProgress) -> None:
    pass


class Session:
    """Everything an app does with recordings under one home folder; a context manager.

    ``load_model`` is called once, in the engine's thread, when the model is first needed; it may
    raise anything (told as ``ModelLoadError``). ``inspect``, ``recordings``, ``remove`` and the
    refusals of bad input never load it. A *source* is a path, a name, or the first characters of
    an id.

    What was asked of a growing recording is made ready for the next question, where the engine is
    idle; ``upkeep`` wants to be told of one that neither ``watch`` nor ``watch_pushed`` fills.

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
        self._settings = settings or Settings()
        self._home = Home(home)
        self._engine = Engine(load_model, settings=self._settings)
        self._files = FileIngest(self._home, self._engine, self._settings)
        self._on_demand = OnDemandIngest(self._home, self._files, self._settings)
        self._reencode = Reencode(self._home, self._engine)
        self._watches = Watches(
            self._home, self._engine, self._settings, grown=lambda grown: self.upkeep.tell(grown)
        )
        flush = self._watches.flush
        self._retrieval = Retrieval(self._engine, self._settings, refresh=flush)
        self._asker = Asker(self._engine, self._settings, self._retrieval, refresh=flush)
        self.upkeep = Upkeep(self._asker)

    def ingest(
        self,
        path: Path,
        *,
        name: str | None = None,
        progress: Progress = _quiet,
        cancelled: Cancelled = lambda: False,
    ) -> IngestReport:
        """Watch the file at ``path`` into memory, or go on where an earlier run ended.

        Where another process ingests it already, wait and pass on its progress. Raises
        ``SourceRefusedError``, ``RecordingError``, ``IngestInterruptedError`` (when cancelled).
        """
        with translated():
            return self._files.run(path, name=name, progress=progress, cancelled=cancelled)

    def watch(
        self,
        address: Address,
        *,
        name: str | None = None,
        or_address: bool = False,
        live: LiveSettings | None = None,
        credentials: Credentials | None = None,
        follow_redirects: bool = True,
        keep: KeepRule | None = None,
        socket: str | None = None,
        tell: Callable[[WatchEvent], None] = lambda event: None,
    ) -> Watch:
        """Watch a live source into memory from now on, in the background; ``stop`` it, or close.

        The recording is the one of ``name``, else of the address; it goes on where one was. With
        ``or_address`` the address's own goes on where there is one and none of that name. It takes
        at most what ``keep`` says. ``tell`` hears, in the watch's thread, what happens; ``socket``
        is where this process answers questions of others; ``follow_redirects``: whether the server
        may lead elsewhere. Raises ``RecordingBusyError`` where it is watched already, and memory's
        refusals.
        """

        def feed(first_tick: int) -> LiveSource:
            return LiveSource(
                address, live, credentials=credentials,
                first_tick=first_tick, follow_redirects=follow_redirects,
            )  # fmt: skip

        with translated():
            source = source_of(self._home, address, name, or_address=or_address)
            plan = WatchPlan(source, feed, socket=socket)
            return self._watches.begin(plan, keep=keep, tell=tell)

    def watch_pushed(
        self,
        identity: str,
        *,
        live: LiveSettings | None = None,
        keep: KeepRule | None = None,
        socket: str | None = None,
        tell: Callable[[WatchEvent], None] = lambda event: None,
    ) -> PushedWatch:
        """``watch`` pictures that the caller pushes; ``identity`` names their recording."""
        made: list[PushedFrames] = []

        def feed(first_tick: int) -> PushedFrames:
            made.append(PushedFrames(identity, live, first_tick=first_tick))
            return made[-1]

        with translated():
            plan = WatchPlan(describe_live(identity), feed, socket=socket)
            watch = self._watches.begin(plan, keep=keep, tell=tell)
        return PushedWatch(watch, made[-1])

    def reencode(
        self,
        source: str | Path,
        *,
        progress: Progress = _quiet,
        cancelled: Cancelled = lambda: False,
    ) -> ReencodeReport:
        """Have a recording's numbers made anew from its stills, by the model loaded here.

        It answers with its old numbers, under the model that made them, until all new ones are
        there; what an interrupted run has encoded, the next one takes up. Raises
        ``RecordingNotFoundError``, ``RecordingBusyError``, ``StillMissingError``,
        ``RecordingError``, ``IngestInterruptedError`` (when cancelled).
        """
        with translated():
            report = self._reencode.run(source, progress=progress, cancelled=cancelled)
        self._asker.forget(report.recording_id)
        return report

    def ask(
        self,
        source: str | Path,
        question: str,
        *,
        within: TimeRange = EVERYTHING,
        phrase: str | None = None,
        now: bool = False,
        progress: Progress = _quiet,
        cancelled: Cancelled = lambda: False,
        deadline_s: float | None = None,
    ) -> AnswerStream:
        """Ask about a recording; a file that is not remembered yet is ingested first.

        ``now`` does not wait for all of a long file: it answers from previews, which are made
        first; about a range of less than ``two_pass_min_s`` from the range's own frames, ingested
        alone (the rest may be gone on with); beside another ingest, from what is there.

        ``phrase`` is looked up instead of the question. ``deadline_s`` is on ``time.monotonic``'s
        clock. Refusals raise before any model is loaded: ``EmptyQuestionError``,
        ``RecordingNotFoundError``, ``SourceRefusedError``; what needs the recording or the model
        comes when the stream is first read: ``RangeError``, ``QuestionTooLongError`` and others.
        """
        Question(question, within)  # refused before a long ingest
        recording = self._on_demand.recording(
            source, within=within, now=now, progress=progress, cancelled=cancelled
        )
        return self._recorded(recording).ask(
            question, within=within, phrase=phrase, cancelled=cancelled, deadline_s=deadline_s
        )

    def conversation(
        self,
        source: str | Path,
        *,
        now: bool = False,
        progress: Progress = _quiet,
        cancelled: Cancelled = lambda: False,
    ) -> Conversation:
        """Open a conversation about a recording; ingests like ``ask``.

        With ``now`` the ingest goes on behind the conversation until the session is closed.
        """
        recording = self._on_demand.recording(
            source, now=now, go_on=True, progress=progress, cancelled=cancelled
        )
        return self._recorded(recording).conversation()

    def search(
        self,
        source: str | Path,
        phrase: str,
        *,
        limit: int = 10,
        within: TimeRange = EVERYTHING,
        now: bool = False,
        progress: Progress = _quiet,
        cancelled: Cancelled = lambda: False,
    ) -> SearchResult:
        """The ``limit`` moments closest to ``phrase``, best first; ingests like ``ask``."""
        refuse_no_phrase(phrase)
        recording = self._on_demand.recording(
            source, within=within, now=now, progress=progress, cancelled=cancelled
        )
        return self._recorded(recording).search(phrase, within=within, limit=limit)

    def recorded(self, recording_id: str) -> Recorded:
        """What is remembered so far under exactly this id. Raises ``RecordingNotFoundError``."""
        with translated():
            return self._recorded(self._home.get(recording_id))

    def inspect(self, source: str | Path) -> Inspection:
        """What is remembered of a recording. Raises ``RecordingNotFoundError``."""
        with translated():
            stored = self._home.find(source)
            return inspect_recording(self._home.get(stored.id), stored)

    def recordings(self) -> tuple[RecordingSummary, ...]:
        """All recordings under the home folder, oldest first."""
        with translated():
            lines = sorted(self._home.list(), key=lambda line: (line.created_wall_s, line.id))
            return tuple(list_line(self._home, line) for line in lines)

    def find(self, source: str | Path) -> RecordingSummary:
        """The line of the recording that ``source`` names; a broken one is found too.

        Raises ``RecordingNotFoundError``.
        """
        with translated():
            return list_line(self._home, self._home.find(source))

    def remove(self, source: str | Path) -> RecordingSummary:
        """Delete a recording from disk and say what it was. Raises ``RecordingBusyError``."""
        with translated():
            stored = self._home.find(source)
            self._home.remove(stored.id)
        if self._engine.loaded:
            self._asker.forget(stored.id)
        return summary_of(stored, busy=False)

    def listener_of(self, source: str | Path) -> tuple[str, Path] | None:
        """Id of a recording, and where the process listens that fills it now, if one does."""
        try:
            with translated():
                recording = self._home.open(source)
        except RecordingError:
            return None  # the question itself will say what is wrong
        local = recording.socket_of_holder()
        return None if local is None else (recording.id, local)

    def load(self) -> None:
        """Load the model now, not with the first question. Raises ``ModelLoadError``."""
        with translated():
            self._engine.facts()

    @property
    def loaded(self) -> bool:
        """Whether the model is there; asking this loads nothing."""
        return self._engine.loaded

    def engine_counters(self) -> EngineCounters:
        """What the engine did and refused so far."""
        return self._engine.counters()

    def context_counters(self) -> ContextCounters:
        """Contexts begun and extended so far, and epochs of growing recordings."""
        return self._asker.context_counters()

    def stop_watching(self) -> None:
        """Stop what goes on behind conversations and all watches, with everything taken kept."""
        self._watches.stop()
        self._on_demand.stop()

    def close(self) -> None:
        """Stop watching, then the engine, and free the model."""
        self.stop_watching()
        self.upkeep.close()
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _recorded(self, recording: Recording) -> Recorded:
        return Recorded(recording, self._asker, self._retrieval)


__all__ = [
    "EVERYTHING",
    "AnswerStream",
    "Conversation",
    "EventReport",
    "GapReport",
    "Glance",
    "Inspection",
    "Recorded",
    "RecordingSummary",
    "Session",
    "Still",
    "Timeline",
]
