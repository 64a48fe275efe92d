"""An ingest that goes on in a thread of its own while questions are answered."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from memory import Recording
from streamvid.errors import IngestInterruptedError
from streamvid.ingest.file_ingest import FileIngest, Progress
from streamvid.ingest.progress import IngestProgress

LOOK_S = 0.2
KEPT_MESSAGES = 64
"""Progress that nobody took yet; the oldest goes first, as status messages may."""


class BackgroundIngest:
    """Starts at once. ``wait_until_ready`` first, then ``stop`` at the end, both by one thread.

    Ready means that its previews are there, or everything is.
    """

    def __init__(self, files: FileIngest, path: Path) -> None:
        self._files = files
        self._path = path
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
        and on whatever ``progress`` raises the ingest is stopped, with what it committed kept.
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
                enough=_has_settled_frames,
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


def _has_settled_frames(recording: Recording) -> bool:
    with recording.snapshot() as snapshot:
        return snapshot.frame_count() > 0
