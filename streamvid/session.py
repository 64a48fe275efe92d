"""``Session``: the one door for apps: ingest, reencode, ask, search, inspect, list, remove.

It knows no argument parser, no screen and no model by name: the model comes in through a function
that loads it when a question or an ingest first needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from capture import Address, Credentials, LiveSettings, LiveSource, PushedFrames
from memory import Home, Recording, describe_live
from memory import Timeline as WallClock
from streamvid.answer.asker import Asker
from streamvid.answer.contexts import ContextCounters
from streamvid.answer.result import SearchResult
from streamvid.answer.retrieval import Retrieval, refuse_no_phrase
from streamvid.answer.span import TimeRange, resolved
from streamvid.answer.stream import AnswerStream, Conversation, start
from streamvid.answer.upkeep import Upkeep
from streamvid.answer.work import Question
from streamvid.engine import Engine, EngineCounters
from streamvid.errors import RecordingError, RecordingNotFoundError
from streamvid.ingest.background import BackgroundIngest, has_frames, is_settled
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
from streamvid.ingest.looking import Glance, Still, Timeline, glance_at, still_at, timeline_of
from streamvid.ingest.progress import IngestProgress, IngestReport, ReencodeReport
from streamvid.ingest.reencode import Reencode
from streamvid.live import Feed, PushedWatch, Watch, WatchEvent, WatchPlan
from streamvid.model.seam import VideoModel
from streamvid.settings import Settings
from streamvid.translate import translated

Cancelled = Callable[[], bool]
EVERYTHING = TimeRange()


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
        self._settings = settings or Settings()
        self._home = Home(home)
        self._engine = Engine(load_model, settings=self._settings)
        self._files = FileIngest(self._home, self._engine, self._settings)
        self._reencode = Reencode(self._home, self._engine)
        self._retrieval = Retrieval(self._engine, self._settings, refresh=self._flush)
        self._asker = Asker(self._engine, self._settings, self._retrieval, refresh=self._flush)
        self._upkeep = Upkeep(self._asker)
        self._background: list[BackgroundIngest] = []
        self._watches: list[Watch] = []

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
        with translated():
            return self._files.run(
                path, name=name, progress=progress or _quiet, cancelled=cancelled
            )

    def watch(
        self,
        address: Address,
        *,
        name: str | None = None,
        live: LiveSettings | None = None,
        credentials: Credentials | None = None,
        keep_bytes: int | None = None,
        socket: str | None = None,
        tell: Callable[[WatchEvent], None] = lambda event: None,
    ) -> Watch:
        """Watch a live source into memory from now on, in the background; ``stop`` it, or close.

        The recording is the one of ``name``, else of the address; it goes on where one was. It
        takes at most about ``keep_bytes``. ``tell`` hears, in the watch's thread, what happens;
        ``socket`` is where this process answers questions of others. Raises
        ``RecordingBusyError`` where it is watched already, and memory's refusals.
        """

        def feed(first_tick: int) -> LiveSource:
            return LiveSource(address, live, credentials=credentials, first_tick=first_tick)

        return self.watch_feed(
            address.identity, feed, name=name, keep_bytes=keep_bytes, socket=socket, tell=tell
        )

    def watch_feed(
        self,
        identity: str,
        make_feed: Callable[[int], Feed],
        *,
        name: str | None = None,
        keep_bytes: int | None = None,
        socket: str | None = None,
        tell: Callable[[WatchEvent], None] = lambda event: None,
    ) -> Watch:
        """``watch`` what ``make_feed`` makes, given the tick that this run begins at.

        The recording is the one of ``name``, else of ``identity``.
        """
        with translated():
            source = describe_live(identity, name=name)
            plan = WatchPlan(source, make_feed, keep_bytes, socket)
            watch = Watch(
                self._home, self._engine, self._settings, plan, tell=tell, grown=self.grown
            )
        watch.start()
        for old in tuple(self._watches):
            if not old.running:
                with suppress(ValueError):  # another thread was faster
                    self._watches.remove(old)
        self._watches.append(watch)
        return watch

    def watch_pushed(
        self,
        identity: str,
        *,
        live: LiveSettings | None = None,
        keep_bytes: int | None = None,
        socket: str | None = None,
        tell: Callable[[WatchEvent], None] = lambda event: None,
    ) -> PushedWatch:
        """``watch`` pictures that the caller pushes; ``identity`` names their recording."""
        made: list[PushedFrames] = []

        def feed(first_tick: int) -> PushedFrames:
            made.append(PushedFrames(identity, live, first_tick=first_tick))
            return made[-1]

        watch = self.watch_feed(identity, feed, keep_bytes=keep_bytes, socket=socket, tell=tell)
        return PushedWatch(watch, made[-1])

    def reencode(
        self,
        source: str | Path,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> ReencodeReport:
        """Have a recording's numbers made anew from its stills, by the model loaded here.

        It answers with its old numbers, under the model that made them, until all new ones are
        there; what an interrupted run has encoded, the next one takes up. Raises
        ``RecordingNotFoundError``, ``RecordingBusyError``, ``StillMissingError``,
        ``RecordingError``, ``IngestInterruptedError`` (when cancelled).
        """
        with translated():
            report = self._reencode.run(source, progress=progress or _quiet, cancelled=cancelled)
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
        progress: Progress | None = None,
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
        with translated():
            recording = self._remembered(
                source, now=now, within=within, progress=progress or _quiet, cancelled=cancelled
            )
        return start(
            self._asker,
            recording,
            question,
            within=within,
            phrase=phrase,
            cancelled=cancelled,
            deadline_s=deadline_s,
        )

    def conversation(
        self,
        source: str | Path,
        *,
        now: bool = False,
        progress: Progress | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> Conversation:
        """Open a conversation about a recording; ingests like ``ask``.

        With ``now`` the ingest goes on behind the conversation until the session is closed.
        """
        with translated():
            recording = self._remembered(
                source,
                now=now,
                progress=progress or _quiet,
                cancelled=cancelled,
                go_on=True,
            )
        return Conversation(self._asker, recording)

    def search(
        self,
        source: str | Path,
        phrase: str,
        *,
        limit: int = 10,
        within: TimeRange = EVERYTHING,
        now: bool = False,
        progress: Progress | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> SearchResult:
        """The ``limit`` moments closest to ``phrase``, best first; ingests like ``ask``."""
        refuse_no_phrase(phrase)
        with translated():
            recording = self._remembered(
                source, now=now, within=within, progress=progress or _quiet, cancelled=cancelled
            )
            return self._retrieval.search(recording, phrase, within, limit)

    def inspect(self, source: str | Path) -> Inspection:
        """What is remembered of a recording. Raises ``RecordingNotFoundError``."""
        with translated():
            stored = self._home.find(source)
            return inspect_recording(self._home.get(stored.id), stored)

    # By exact id, for whoever watches a recording grow: nothing is ingested for these.

    def glance(self, recording_id: str) -> Glance:
        """How far a recording is; cheap. Raises ``RecordingNotFoundError``."""
        with translated():
            return glance_at(self._home.get(recording_id))

    def timeline(self, recording_id: str) -> Timeline:
        """What of a recording was seen and what was not. Raises ``RecordingNotFoundError``."""
        with translated():
            return timeline_of(self._home.get(recording_id))

    def still(self, recording_id: str, t_s: float | None = None) -> Still | None:
        """The newest picture at or before ``t_s`` (``None``: of all), if one is kept."""
        with translated():
            return still_at(self._home.get(recording_id), t_s)

    def ask_recorded(
        self,
        recording_id: str,
        question: str,
        *,
        within: TimeRange = EVERYTHING,
        phrase: str | None = None,
        cancelled: Cancelled = lambda: False,
        deadline_s: float | None = None,
    ) -> AnswerStream:
        """``ask`` about what is remembered so far, whoever ingests it."""
        with translated():
            recording = self._home.get(recording_id)
        return start(
            self._asker,
            recording,
            question,
            within=within,
            phrase=phrase,
            cancelled=cancelled,
            deadline_s=deadline_s,
        )

    def search_recorded(
        self, recording_id: str, phrase: str, *, within: TimeRange = EVERYTHING, limit: int = 10
    ) -> SearchResult:
        """``search`` in what is remembered so far, whoever ingests it."""
        with translated():
            return self._retrieval.search(self._home.get(recording_id), phrase, within, limit)

    def talk_recorded(self, recording_id: str) -> Conversation:
        """``conversation`` about what is remembered so far, whoever ingests it."""
        with translated():
            return Conversation(self._asker, self._home.get(recording_id))

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

    def wall_clock(self, recording_id: str) -> WallClock | None:
        """What turns wall time into the recording's and back; a file's has none."""
        with translated(), self._home.get(recording_id).snapshot() as snapshot:
            return snapshot.timeline()

    def load(self) -> None:
        """Load the model now, not with the first question. Raises ``ModelLoadError``."""
        with translated():
            self._engine.facts()

    def engine_counters(self) -> EngineCounters:
        """What the engine did and refused so far."""
        return self._engine.counters()

    def grown(self, recording: Recording) -> None:
        """Say that frames were committed to ``recording``; returns at once, from any thread.

        What was asked of it before is made ready for the next question, where the engine is idle.
        """
        self._upkeep.tell(recording)

    def wait_until_kept_up(self, timeout_s: float) -> bool:
        """Whether all that ``grown`` was told is made ready before ``timeout_s`` are over."""
        return self._upkeep.wait_until_idle(timeout_s)

    def context_counters(self) -> ContextCounters:
        """Contexts begun and extended so far, and epochs of growing recordings."""
        return self._asker.context_counters()

    def stop_watching(self) -> None:
        """Stop what goes on behind conversations and all watches, with everything taken kept."""
        for watch in self._watches:
            watch.stop()
        while self._watches:
            self._watches.pop().wait()
        while self._background:
            self._background.pop().stop()

    def close(self) -> None:
        """Stop watching, then the engine, and free the model."""
        self.stop_watching()
        self._upkeep.close()
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _flush(self, recording_id: str) -> None:
        """A question about what is being watched here is about what was seen up to now."""
        for watch in self._watches:
            if watch.recording_id == recording_id:
                watch.flush()

    def _remembered(
        self,
        source: str | Path,
        *,
        now: bool,
        progress: Progress,
        cancelled: Cancelled,
        within: TimeRange = EVERYTHING,
        go_on: bool = False,
    ) -> Recording:
        """The recording that ``source`` names, ingested if it is a file that is not yet."""
        path = Path(source)
        if not _is_there(path):
            return self._home.open(source)
        resolved(within, None)  # a file has no wall clock: refused before it is watched
        found = self._files.find(path) if path.is_file() else None
        if found is not None and found.info.complete:
            return found
        longest_s = self._settings.two_pass_min_s
        if found is not None and now and not go_on:
            if is_settled(found, within, longest_s=longest_s):
                return found
            if found.ingester() is not None and has_frames(found, within):
                return found
        if not now:
            self._files.run(path, name=None, progress=progress, cancelled=cancelled)
        else:
            running = BackgroundIngest(self._files, path, within=within)
            running.wait_until_ready(progress, cancelled)
            if go_on:
                self._background.append(running)
            else:
                running.stop()
        recording = self._files.find(path)
        if recording is None:
            raise RecordingNotFoundError(f"{str(path)!r} changed while it was watched; ask again")
        return recording


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # a name too long, a folder that may not be searched


def _quiet(progress: IngestProgress) -> None:
    pass


__all__ = [
    "EVERYTHING",
    "AnswerStream",
    "Conversation",
    "EventReport",
    "GapReport",
    "Glance",
    "Inspection",
    "RecordingSummary",
    "Session",
    "Still",
    "Timeline",
]
