"""A camera or another live source as a watched source."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from apps.render import one_line
from apps.server.protocol import (
    FrameDropped,
    ProtocolError,
    SourceGap,
    SourceKind,
    SourceState,
    SourceStatus,
    Ticks,
)
from apps.server.sources import Notify
from capture import Credentials, LiveSettings
from streamvid.errors import StreamvidError
from streamvid.live import KeepRule, Watch, WatchEvent, WatchStatus
from streamvid.live.sources import parse_address
from streamvid.session import Session

_NOTES = ("clock", "resolution", "decoding", "options")
"""Reasons of events that leave the state as it is."""
_LOOK_S = 0.05
_ON_ITS_WAY_S = 2.0
"""Within so long after a change, what clients are told of it is still to come."""
_SCHEMES = ("rtsp:", "rtsps:", "http:", "https:", "webcam:", "lavfi:")

DISK_FULL = "the disk is full; what is seen now may be lost"
"""Without the path that the disk's own words name: clients are told this."""


class LiveOpener:
    """Opens addresses of live sources.

    ``find_credentials`` knows user and password of a host, where the address has none;
    ``named_credentials`` those that may be shown to a host which a client chose. ``keep`` says
    what each recording may take, ``socket`` where this process listens for others' questions.
    """

    def __init__(
        self,
        session: Session,
        settings: LiveSettings,
        *,
        find_credentials: Callable[[str], Credentials | None] = lambda host: None,
        named_credentials: Callable[[str], Credentials | None] = lambda host: None,
        keep: KeepRule,
        socket: str | None = None,
    ) -> None:
        self._socket = socket
        self._session, self._settings = session, settings
        self._find_credentials, self._named_credentials = find_credentials, named_credentials
        self._keep = keep

    def takes(self, address: str) -> bool:
        """Whether it has the scheme of a live source."""
        return address.lower().startswith(_SCHEMES)

    def open(
        self, name: str, address: str, notify: Notify, *, by_client: bool = False
    ) -> LiveWatched:
        """Begin to watch; a camera that cannot be reached is tried again and again.

        The recording is the one of ``name``. Where there is none but one of the address, that goes
        on. A client may choose any name, so what it adds is always remembered by the address; and
        it may own the address's host, which is shown no password that was not meant for that very
        host, and leads nowhere else.
        """
        find = self._named_credentials if by_client else self._find_credentials
        try:
            parsed = parse_address(address)
            found = find(parsed.host)
        except StreamvidError as error:
            raise ProtocolError("cannot_open", str(error), param="address") from error

        def begin(tell: Callable[[WatchEvent], None]) -> Watch:
            return self._session.watch(
                parsed, name=None if by_client else name, or_address=not by_client,
                live=self._settings, credentials=found, follow_redirects=not by_client,
                keep=self._keep, socket=self._socket, tell=tell,
            )  # fmt: skip

        try:
            return LiveWatched(name, parsed.name, notify, begin)
        except StreamvidError as error:
            raise ProtocolError("cannot_open", str(error), param="address") from error


class LiveWatched:
    """A live source while it is watched.

    ``begin`` starts the watch, which tells what it is given; what it raises comes out.
    """

    def __init__(
        self,
        name: str,
        title: str,
        notify: Notify,
        begin: Callable[[Callable[[WatchEvent], None]], Watch],
        *,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._name, self._title, self._notify = name, title, notify
        self._wall_s = wall_s
        self._dropped = 0
        self._last: WatchEvent | None = None  # the last change of state that was told
        self._begun = threading.Event()
        self.watch = begin(self._heard)
        self._begun.set()

    @property
    def kind(self) -> SourceKind:
        """It has no end."""
        return "live"

    @property
    def recording_id(self) -> str | None:
        """Known once something of it is remembered, in this run or an earlier one."""
        return self.watch.recording_id if self.watch.has_recording else None

    @property
    def picture_s(self) -> float | None:
        """As of the last commit."""
        return self.watch.newest_s

    def status(self) -> SourceStatus:
        """As of now, but for a change that is just about to be told; a failed watch is refused."""
        failure = self.watch.failure
        status = self._now()
        if failure is not None:
            return SourceStatus(
                source=self._name, kind=self.kind, state="refused",
                reason="failed", detail=one_line(failure),
                since=status.since, title=status.title, recording_id=self.recording_id,
            )  # fmt: skip
        last = self._last
        if last is None or last.state == status.state:
            return status
        if self._wall_s() - status.since > _ON_ITS_WAY_S:
            return status  # its event waits for frames that are being encoded
        return _as_it_was(status, last)

    def await_memory(self, over: Callable[[], bool]) -> None:
        """Wait for the commit of a picture that came."""
        watch = self.watch
        while self.recording_id is None and watch.running and not over():
            if watch.status().source.last_frame_age_s is None:
                return  # none came, and perhaps none will
            if not (watch.ready and watch.flush()):
                watch.wait(_LOOK_S)

    def stop(self) -> None:
        """Take no more; what was taken is committed."""
        self.watch.stop()

    def close(self, *, within_s: float) -> bool:
        """Stop, and wait until all is committed."""
        self.watch.stop()
        return self.watch.wait(within_s)

    def _heard(self, event: WatchEvent) -> None:
        self._begun.wait()  # the first may come before ``begin`` has returned
        match event.kind:
            case "gap":
                self._notify(SourceGap(self._name, event.t_s, event.reason, event.end_s))
            case "dropped":
                count = round((event.end_s or event.t_s) - event.t_s)
                self._dropped += count
                self._notify(FrameDropped(self._name, count, self._dropped))
            case "state":
                # By now it may be another, and that one is told as well.
                self._notify(_as_it_was(self._now(), event))
                if event.reason not in _NOTES:
                    self._last = event  # behind it, so that no status comes before
            case _:
                self._notify(self.status())

    def _now(self) -> SourceStatus:
        now = self.watch.status()
        return told_status(self._name, self._title, now, kind=self.kind, wall_s=self._wall_s())


def _as_it_was(now: SourceStatus, event: WatchEvent) -> SourceStatus:
    """``now``, in the state that ``event`` told of."""
    same = now.state == event.state
    return replace(
        now,
        state=cast("SourceState", event.state),
        reason=event.reason,
        detail=one_line(event.detail),
        since=min(now.since, event.wall_s) if same else event.wall_s,
        attempt=now.attempt if same else None,
        next_attempt_in_s=now.next_attempt_in_s if same else None,
    )


def told_status(
    name: str, title: str, now: WatchStatus, *, kind: SourceKind = "live", wall_s: float
) -> SourceStatus:
    """A watch's status as clients are told it."""
    source, counters = now.source, now.counters
    age_s, next_s = source.last_frame_age_s, source.next_attempt_in_s
    tries = source.attempt > 0 and source.state in ("reconnecting", "refused", "audio-only")
    return SourceStatus(
        source=name,
        kind=kind,
        state=source.state,
        reason=source.reason,
        detail=one_line(source.detail or (DISK_FULL if now.trouble else "")),
        since=wall_s - source.since_s,
        title=one_line(title),
        length_s=now.end_s,
        ticks=Ticks(
            expected=counters.expected,
            seen=counters.seen,
            covered=counters.covered,
            dropped=counters.dropped,
            gapped=counters.gapped,
            pending=counters.pending,
        ),
        picture_s=now.newest_s,
        last_frame_age_s=None if age_s is None else round(age_s, 1),
        reconnects=source.reconnects,
        attempt=source.attempt + 1 if tries else None,
        next_attempt_in_s=math.ceil(next_s) if tries and next_s is not None else None,
        memory_bytes=now.held_bytes,
        recording_id=now.recording_id,
        forgotten_before_s=now.first_kept_s or None,
        disk="full" if now.trouble else None,
    )
