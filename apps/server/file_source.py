"""A file, or a recording that is there already, as a watched source."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from apps.render import one_line
from apps.server.protocol import (
    ProtocolError,
    SourceGap,
    SourceKind,
    SourceState,
    SourceStatus,
    Ticks,
)
from apps.server.sources import Notify
from streamvid.errors import IngestInterruptedError, StreamvidError
from streamvid.ingest import IngestProgress
from streamvid.session import Glance, Session

_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_LOOK_S = 0.05
_GLANCE_S = 0.5
"""A progress comes with each commit; a recording is looked at no oftener than this."""


class FileOpener:
    """Opens paths of files; else the name or first characters of the id of a recording."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def takes(self, address: str) -> bool:
        """Whether it is no address with a scheme."""
        return _is_file(address) or not _SCHEME.match(address)

    def open(
        self, name: str, address: str, notify: Notify, *, by_client: bool = False
    ) -> FileSource | RecordedSource:
        """Begin to watch, or go on. Raises ``ProtocolError``."""
        if _is_file(address):
            return FileSource(self._session, name, Path(address), notify)
        try:
            found = self._session.find(address)
        except StreamvidError as error:
            raise ProtocolError("cannot_open", str(error), param="address") from error
        return RecordedSource(self._session, name, found.recording_id, found.name)


@dataclass(slots=True)
class _State:
    """Mutable: what a file source last knew, under its lock."""

    state: SourceState = "connecting"
    reason: str = "opening"
    detail: str = ""
    since_s: float = 0.0
    recording_id: str | None = None
    glance: Glance | None = None
    looked_s: float = -1e9
    frame_s: float | None = None
    told_gaps: int = 0


class FileSource:
    """Ingests a file in a thread of its own while it is asked about."""

    def __init__(
        self,
        session: Session,
        name: str,
        path: Path,
        notify: Notify,
        *,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._session, self._name, self._path, self._notify = session, name, path, notify
        self._now_s, self._wall_s = now_s, wall_s
        self._lock = threading.Lock()
        self._known = _State(since_s=wall_s())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{name}", daemon=True)
        self._thread.start()

    @property
    def kind(self) -> SourceKind:
        """A file."""
        return "file"

    @property
    def recording_id(self) -> str | None:
        """Known once something is committed."""
        with self._lock:
            return self._known.recording_id

    @property
    def picture_s(self) -> float | None:
        """A commit is not looked at at once, so never known."""
        return None

    def status(self) -> SourceStatus:
        """As of the last commit."""
        with self._lock:
            known = replace(self._known)
        status = SourceStatus(
            source=self._name,
            kind="file",
            state=known.state,
            reason=known.reason,
            detail=known.detail,
            since=known.since_s,
            title=one_line(self._path.name),
            recording_id=known.recording_id,
        )
        age_s = None if known.frame_s is None else round(self._now_s() - known.frame_s, 1)
        status = replace(status, last_frame_age_s=age_s if known.state == "seeing" else None)
        return status if known.glance is None else with_glance(status, known.glance)

    def await_memory(self, over: Callable[[], bool]) -> None:
        """Wait for its first commit."""
        while self.recording_id is None and self._thread.is_alive() and not over():
            self._thread.join(_LOOK_S)

    def stop(self) -> None:
        """Stop at the next frame."""
        self._stopping.set()

    def close(self, *, within_s: float) -> bool:
        """Stop, with what is encoded committed."""
        self.stop()
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            report = self._session.ingest(
                self._path, progress=self._note, cancelled=self._stopping.is_set
            )
        except IngestInterruptedError:
            self._become("stopped", "closed", "what was watched is kept")
        except StreamvidError as error:
            # A client may know the name that it gave, not where on this machine that leads.
            words = str(error).replace(str(self._path), self._path.name)
            self._become("refused", "failed", words)
        except BaseException:
            self._become("refused", "failed", "the server's log has more")
            raise
        else:
            with self._lock:
                self._known.recording_id = report.recording_id
            self._look()
            self._become("ended", "complete")

    def _note(self, progress: IngestProgress) -> None:
        if progress.stage in ("index", "finished"):
            return
        with self._lock:
            self._known.frame_s = self._now_s()
            due = self._now_s() - self._known.looked_s >= _GLANCE_S
            known_id = self._known.recording_id
        if due:
            if known_id is None:
                found = self._session.find(self._path)
                with self._lock:
                    self._known.recording_id = found.recording_id
            self._look()
        reason = {"previews": "first coarse pass", "attached": "another streamvid watches it"}
        self._become("seeing", reason.get(progress.stage, "watching"))

    def _look(self) -> None:
        recording_id = self.recording_id
        assert recording_id is not None
        glance = self._session.recorded(recording_id).glance()
        with self._lock:
            self._known.glance, self._known.looked_s = glance, self._now_s()
            new = glance.gaps[self._known.told_gaps :]
            self._known.told_gaps = len(glance.gaps)
        for gap in new:
            self._notify(SourceGap(self._name, gap.start_s, gap.reason, gap.end_s))

    def _become(self, state: SourceState, reason: str, detail: str = "") -> None:
        with self._lock:
            if (self._known.state, self._known.reason) != (state, reason):
                self._known.state, self._known.reason = state, reason
                self._known.detail = one_line(detail)
                self._known.since_s = self._wall_s()
        self._notify(self.status())


class RecordedSource:
    """A recording that outlived its file, or that another process fills; nothing runs for it."""

    def __init__(self, session: Session, name: str, recording_id: str, title: str) -> None:
        self._session, self._name = session, name
        self._recording_id, self._title = recording_id, title
        self._since_s = time.time()

    @property
    def kind(self) -> SourceKind:
        """It is read like a file."""
        return "file"

    @property
    def recording_id(self) -> str | None:
        """Always known."""
        return self._recording_id

    @property
    def picture_s(self) -> float | None:
        """Whoever fills it is another process."""
        return None

    def status(self) -> SourceStatus:
        """Read anew each time, as another process may be filling it."""
        state: SourceState
        try:
            glance = self._session.recorded(self._recording_id).glance()
        except StreamvidError as error:
            return self._told("refused", "failed", str(error))
        state, reason = ("ended", "complete") if glance.complete else ("stopped", "not all watched")
        return with_glance(self._told(state, reason), glance)

    def await_memory(self, over: Callable[[], bool]) -> None:
        """It is remembered already."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def close(self, *, within_s: float) -> bool:
        """There is nothing to close."""
        return within_s >= 0

    def _told(self, state: SourceState, reason: str, detail: str = "") -> SourceStatus:
        return SourceStatus(
            source=self._name,
            kind="file",
            state=state,
            reason=reason,
            detail=one_line(detail),
            since=self._since_s,
            title=one_line(self._title),
            recording_id=self._recording_id,
        )


def with_glance(status: SourceStatus, glance: Glance) -> SourceStatus:
    """``status`` with what memory tells."""
    return replace(
        status,
        length_s=glance.length_s,
        expected_s=float(glance.ticks_expected) or None,
        previews=glance.previews,
        memory_bytes=glance.size_bytes,
        forgotten_before_s=glance.first_kept_s or None,
        ticks=Ticks(
            expected=glance.ticks_expected,
            seen=glance.ticks_seen,
            covered=glance.ticks_covered,
            dropped=glance.ticks_dropped,
            gapped=glance.ticks_gapped,
            pending=glance.ticks_pending,
        ),
    )


def _is_file(address: str) -> bool:
    try:
        return Path(address).is_file()
    except (OSError, ValueError):  # too long, or not even a name
        return False
