"""A source whose pictures a client sends: a browser's webcam, a program's own frames."""

from __future__ import annotations

from collections.abc import Callable

from apps.server.live_source import LiveWatched
from apps.server.protocol import ProtocolError, SourceKind
from apps.server.protocol.bounds import SOURCE_NAME, OutOfBoundsError
from apps.server.sources import Notify
from capture import LiveSettings
from streamvid.errors import PictureRefusedError, SourceRefusedError, StreamvidError
from streamvid.live import Watch, WatchEvent
from streamvid.session import Session

_SCHEME = "push:"


class PushedOpener:
    """Opens ``push:`` and ``push:NAME``.

    ``keep_bytes`` is what each recording may take, ``socket`` where this process listens for the
    questions of others.
    """

    def __init__(
        self,
        session: Session,
        settings: LiveSettings,
        *,
        keep_bytes: Callable[[], int],
        socket: str | None = None,
    ) -> None:
        self._session, self._settings = session, settings
        self._keep_bytes, self._socket = keep_bytes, socket

    def takes(self, address: str) -> bool:
        """Whether it is ``push:`` or ``push:NAME``."""
        return address.lower().startswith(_SCHEME)

    def open(
        self, name: str, address: str, notify: Notify, *, by_client: bool = False
    ) -> PushedWatched:
        """Wait for pictures from now on. Without a name of its own the recording has the source's.

        Raises ``ProtocolError``, also where that recording is filled already.
        """
        called = address[len(_SCHEME) :] or name
        try:
            SOURCE_NAME.check(called)
        except OutOfBoundsError as error:
            raise ProtocolError(
                "cannot_open", f"the name behind push: {error}", param="address"
            ) from error
        try:
            return PushedWatched(
                self._session, name, _SCHEME + called, notify,
                settings=self._settings, keep_bytes=self._keep_bytes(), socket=self._socket,
            )  # fmt: skip
        except StreamvidError as error:
            raise ProtocolError("cannot_open", str(error), param="address") from error


class PushedWatched(LiveWatched):
    """A pushed source while it is watched; ``identity`` names its recording.

    Raises ``RecordingBusyError`` where that is filled already, and memory's refusals.
    """

    def __init__(
        self,
        session: Session,
        name: str,
        identity: str,
        notify: Notify,
        *,
        settings: LiveSettings,
        keep_bytes: int,
        socket: str | None,
    ) -> None:
        def begin(tell: Callable[[WatchEvent], None]) -> Watch:
            self._pushed = session.watch_pushed(
                identity, live=settings, keep_bytes=keep_bytes, socket=socket, tell=tell
            )
            return self._pushed.watch

        super().__init__(name, identity, notify, begin)

    @property
    def kind(self) -> SourceKind:
        """Its pictures are sent."""
        return "pushed"

    def push(self, jpeg: bytes, *, t_s: float | None, received_s: float) -> None:
        """Take a picture; decodes it in the calling thread. Raises ``ProtocolError``."""
        try:
            self._pushed.push(jpeg, t_s=t_s, received_s=received_s)
        except PictureRefusedError as error:
            raise ProtocolError("bad_picture", str(error)) from error
        except SourceRefusedError as error:
            raise ProtocolError("not_pushed", str(error), param="source") from error
