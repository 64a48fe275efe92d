"""From a path to a remembered file: opened, found or created, ingested or looked on, reported."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import capture
import memory
from capture import FileSource, open_file
from memory import Home, ModelIdentity, Recording, Writer, describe_file
from streamvid.answer.span import bounds
from streamvid.engine import Engine
from streamvid.errors import SamplingMismatchError
from streamvid.ingest.attach import look_on
from streamvid.ingest.ingest import First, Ingest, Outcome, identity_for
from streamvid.ingest.inspection import MODEL_NOTE
from streamvid.ingest.progress import IngestProgress, IngestReport
from streamvid.ingest.totals import SAMPLING_NOTE, counters_of
from streamvid.settings import Settings

Progress = Callable[[IngestProgress], None]
_log = logging.getLogger(__name__)


class FileIngest:
    """Ingests files into ``home``; errors of capture and memory come out as they are.

    ``wall_s`` stamps what is created, ``wait`` passes time while another process works.
    """

    def __init__(
        self,
        home: Home,
        engine: Engine,
        settings: Settings,
        *,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._home = home
        self._engine = engine
        self._settings = settings
        self._now_s, self._wall_s, self._wait = now_s, wall_s, wait

    def find(self, path: Path) -> Recording | None:
        """The recording of exactly this file's bytes, if there is one. Raises memory's errors."""
        try:
            return self._home.get(memory.file_identity(path))
        except memory.RecordingNotFoundError:
            return None

    def run(
        self,
        path: Path,
        *,
        name: str | None,
        progress: Progress,
        cancelled: Callable[[], bool],
        enough: Callable[[Recording], bool] = lambda recording: False,
        first: First | None = None,
    ) -> IngestReport:
        """Have all of ``path`` remembered, whoever does the work.

        ``enough`` may end the looking on at another process; ``first`` is settled before the rest
        (``first.done`` is not called where another process works). Nothing is created for a file
        that is refused; a recording that stayed empty is removed again.
        """
        started_s = self._now_s()
        remembered = self.find(path) if path.is_file() else None
        if remembered is not None:
            self._refuse_other_sampling(remembered)
        if remembered is not None and remembered.info.complete:
            return self._report(remembered, started_s)
        with (
            open_file(path, capture.Settings(sampling=self._settings.sampling)) as opened,
            identity_for(self._engine, remembered) as identity,
        ):
            described = describe_file(path, name=name)
            recording = self._home.ensure(described, identity, created_wall_s=self._wall_s())
            attached = False
            try:
                while (writer := _writer_of(recording, identity)) is None:
                    attached = True
                    _wish(recording, first)
                    look_on(
                        recording, progress=progress, cancelled=cancelled, enough=enough,
                        poll_s=self._settings.attach_poll_s, now_s=self._now_s, wait=self._wait,
                    )  # fmt: skip
                    recording = self._home.get(recording.id)
                    if recording.info.complete or enough(recording):
                        return self._report(recording, started_s, attached=True)
                with writer:
                    resumed = bool(writer.settled())
                    outcome = self._fill(opened, recording, writer, progress, cancelled, first)
            except BaseException:
                self._remove_if_empty(recording)
                raise
            report = self._report(
                recording, started_s, outcome=outcome, resumed=resumed, attached=attached
            )
            _log.info(
                "ingest",
                extra={
                    "recording": report.recording_id[:12],
                    "frames_new": report.new_frames,
                    "frames": report.frames,
                    "ticks_gapped": report.ticks_gapped,
                    "two_passes": report.two_passes,
                    "resumed": report.resumed,
                    "elapsed_s": round(report.elapsed_s, 2),
                },
            )
            return report

    def _fill(
        self,
        opened: FileSource,
        recording: Recording,
        writer: Writer,
        progress: Progress,
        cancelled: Callable[[], bool],
        first: First | None,
    ) -> Outcome:
        with ExitStack() as stack:
            source = self._as_the_model_wants(opened, stack)
            sampling = {SAMPLING_NOTE: self._settings.sampling}
            writer.note(**{MODEL_NOTE: self._engine.facts().spec.name}, **sampling)
            run = Ingest(
                source, recording, self._engine, settings=self._settings,
                progress=progress, cancelled=cancelled, now_s=self._now_s,
            )  # fmt: skip
            return run.run(writer, first)

    def _refuse_other_sampling(self, recording: Recording) -> None:
        """Frames chosen in two ways would be one memory that nobody can describe."""
        with recording.snapshot() as snapshot:
            sampling = snapshot.notes().get(SAMPLING_NOTE, "tick")
            empty = not (snapshot.settled() or snapshot.preview_count())
        if sampling != self._settings.sampling and not empty:
            name = recording.info.source.name
            raise SamplingMismatchError(
                f"{name!r} was watched with sampling {sampling!r}, not"
                f" {self._settings.sampling!r}; remove it and ingest it anew,"
                f" or set sampling to {sampling!r}"
            )

    def _remove_if_empty(self, recording: Recording) -> None:
        """Nothing was remembered and something else is to be told: leave no trace."""
        with suppress(memory.TokenMemoryError):  # the error that is on its way matters more
            with recording.snapshot() as snapshot:
                empty = not (snapshot.settled() or snapshot.preview_count())
            if empty:
                self._home.remove(recording.id)

    def _as_the_model_wants(self, opened: FileSource, stack: ExitStack) -> FileSource:
        """``opened``, or the file opened again with larger frames for a model that wants them."""
        wanted_px = self._engine.facts().spec.short_side_px
        if wanted_px <= opened.settings.kept_short_side_px:
            return opened
        larger = capture.Settings(sampling=self._settings.sampling, short_side_px=wanted_px)
        return stack.enter_context(open_file(opened.path, larger))

    def _report(
        self,
        recording: Recording,
        started_s: float,
        *,
        outcome: Outcome | None = None,
        resumed: bool = False,
        attached: bool = False,
    ) -> IngestReport:
        with recording.snapshot() as snapshot:
            counters, frames = counters_of(snapshot), snapshot.frame_count()
            complete = snapshot.complete
        return IngestReport(
            recording_id=recording.id,
            name=recording.info.source.name,
            frames=frames,
            new_frames=outcome.new_frames if outcome else 0,
            complete=complete,
            resumed=resumed,
            attached=attached,
            two_passes=bool(outcome and outcome.two_passes),
            elapsed_s=self._now_s() - started_s,
            ticks_expected=counters.expected,
            ticks_covered=counters.covered,
            ticks_dropped=counters.dropped,
            ticks_gapped=counters.gapped,
            ticks_pending=counters.pending,
            damage_packets=counters.damage_packets,
            damage_frames=counters.damage_frames,
        )


def _writer_of(recording: Recording, identity: ModelIdentity) -> Writer | None:
    """The right to ingest, or ``None`` where another process has it."""
    try:
        return recording.writer(identity)
    except memory.RecordingBusyError:
        return None


def _wish(recording: Recording, first: First | None) -> None:
    """Have the process that ingests do this stretch first."""
    if first is None or first.within.everything:
        return
    with recording.snapshot() as snapshot:
        length_s = float(counters_of(snapshot).expected)
    if length_s > 0:
        recording.wanted(*bounds(first.within, length_s))
