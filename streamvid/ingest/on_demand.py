"""What is asked about before it is remembered: ingested first, as far as the question needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memory import Home, Recording
from streamvid.answer.span import EVERYTHING, TimeRange, resolved
from streamvid.errors import RecordingNotFoundError
from streamvid.ingest.background import BackgroundIngest, has_frames, is_settled
from streamvid.ingest.file_ingest import FileIngest, Progress
from streamvid.settings import Settings
from streamvid.translate import translated


class OnDemandIngest:
    """Finds recordings under ``home``; a file that is not remembered yet is ingested by ``files``.

    For any thread.
    """

    def __init__(self, home: Home, files: FileIngest, settings: Settings) -> None:
        self._home = home
        self._files = files
        self._long_s = settings.two_pass_min_s
        self._going_on: list[BackgroundIngest] = []

    @translated()
    def recording(
        self,
        source: str | Path,
        *,
        within: TimeRange = EVERYTHING,
        now: bool,
        go_on: bool = False,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Recording:
        """The recording that ``source`` names, with what a question about ``within`` it needs.

        ``now``: no more than that, previews for all of a long file; otherwise all of it. With
        ``go_on`` the rest of a file is ingested in the background until ``stop``. Raises
        ``RecordingNotFoundError``, ``SourceRefusedError``, ``RangeError``, ``RecordingError``,
        ``IngestInterruptedError`` (when cancelled).
        """
        path = Path(source)
        if not _is_there(path):
            return self._home.open(source)
        resolved(within, None)  # a file has no wall clock: refused before it is watched
        found = self._files.find(path) if path.is_file() else None
        if found is not None and self._suffices(found, within, now=now and not go_on):
            return found
        if not now:
            self._files.run(path, name=None, progress=progress, cancelled=cancelled)
        else:
            running = BackgroundIngest(self._files, path, within=within)
            running.wait_until_ready(progress, cancelled)
            if go_on:
                self._going_on.append(running)
            else:
                running.stop()
        recording = self._files.find(path)
        if recording is None:
            raise RecordingNotFoundError(f"{str(path)!r} changed while it was watched; ask again")
        return recording

    def stop(self) -> None:
        """End what goes on in the background, with everything encoded committed."""
        while self._going_on:
            self._going_on.pop().stop()

    def _suffices(self, found: Recording, within: TimeRange, *, now: bool) -> bool:
        if found.info.complete:
            return True
        if not now:
            return False
        if is_settled(found, within, longest_s=self._long_s):
            return True
        return found.ingester() is not None and has_frames(found, within)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # a name too long, a folder that may not be searched
