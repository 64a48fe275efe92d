"""An ingest that goes on in a thread of its own while questions are answered."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from memory import Coverage, Recording, Snapshot, coverage_of
from streamvid.answer.span import TimeRange, bounds
from streamvid.errors import IngestInterruptedError
from streamvid.ingest.file_ingest import FileIngest, Progress
from streamvid.ingest.ingest import First
from streamvid.ingest.progress import IngestProgress
from streamvid.ingest.totals import EXPECTED_NOTE, PREVIEWED_NOTE, counters_of

LOOK_S = 0.2
KEPT_MESSAGES = 64
"""Progress that nobody took yet; the oldest goes first, as status messages may."""


class BackgroundIngest:
    """Starts at once. ``wait_until_ready`` first, then ``stop`` at the end, both by one thread.

    Ready means that its previews are there, or all of a stretch ``within`` it, which is then done
    first, or everything.
    """

    def __init__(self, files: FileIngest, path: Path, *, within: TimeRange) -> None:
        self._files = files
        self._path = path
        self._within = within
        self._messages: deque[IngestProgress] = deque(maxlen=KEPT_MESSAGES)
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._previewed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._thread.start()

    def wait_until_ready(self, progress: Progress, cancelled: Callable[[], bool]) -> None:
        """Pass on progress in this thread until there is something to answer from.

        Raises what the ingest raised before that, ``IngestInterruptedError`` when cancelled; then
        and on whatever ``progress`` raises the ingest is stopped, with what it committed kept;
        ``progress`` is told how far that is.
        """
        try:
            while not self._ready.wait(LOOK_S):
                self._pass_on(progress)
                if cancelled():
                    raise IngestInterruptedError(
                        f"ingest of {self._path.name!r} was stopped;"
                        " what is remembered is kept, run it again to go on"
                    )
            self._pass_on(progress)
        except BaseException:
            self.stop()
            if self._messages:
                progress(self._messages.pop())
            raise
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop at the next frame, with what is encoded committed, and wait for it."""
        self._stopping.set()
        self._thread.join()

    def _pass_on(self, progress: Progress) -> None:
        while self._messages:
            progress(self._messages.popleft())

    def _run(self) -> None:
        try:
            self._files.run(
                self._path,
                name=None,
                progress=self._note,
                cancelled=self._stopping.is_set,
                enough=lambda recording: has_frames(recording, self._within),
                first=None if self._within.everything else First(self._within, self._ready.set),
            )
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self._error = error
        finally:
            self._ready.set()

    def _note(self, progress: IngestProgress) -> None:
        self._messages.append(progress)
        self._previewed = self._previewed or progress.stage == "previews"
        if self._previewed and progress.stage == "frames":
            self._ready.set()


def has_frames(recording: Recording, within: TimeRange) -> bool:
    """Whether there is anything in the range to answer from, previews or better."""
    with recording.snapshot() as snapshot:
        coverage = _coverage(snapshot, within)
    return coverage is not None and coverage.seen_s > 0


def is_settled(recording: Recording, within: TimeRange, *, longest_s: float) -> bool:
    """Whether nothing better than what is there can be had soon.

    The range is looked at to its end, or is longer than ``longest_s`` and all previews are made.
    """
    with recording.snapshot() as snapshot:
        coverage = _coverage(snapshot, within)
        previewed = PREVIEWED_NOTE in snapshot.notes()
    if coverage is None:
        return False
    if previewed and coverage.length_s > longest_s:
        return True
    return not coverage.pending and not within.everything


def _coverage(snapshot: Snapshot, within: TimeRange) -> Coverage | None:
    """Coverage of the range, or ``None`` where it may reach beyond what is known so far."""
    table = snapshot.frames(previews=True)
    counters = counters_of(snapshot)
    length_s = max(float(counters.expected), float(table.t_s.max(initial=0.0)))
    if length_s == 0:
        return None
    tells_no_length = EXPECTED_NOTE not in snapshot.notes() and not snapshot.complete
    beyond = within.end_s is None or within.end_s > length_s
    if tells_no_length and beyond and not within.everything:
        return None
    start_s, end_s = bounds(within, length_s)
    return coverage_of(
        table, snapshot.gaps(), snapshot.settled(), counters, start_s=start_s, end_s=end_s
    )
