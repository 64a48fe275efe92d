"""The seam between the server and whatever watches a source: files here, cameras beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from apps.server.protocol import FrameDropped, SourceGap, SourceKind, SourceStatus

Notify = Callable[[SourceGap | FrameDropped | SourceStatus], None]
"""Called from any thread with what happened; a ``SourceStatus`` where the state changed. It returns
at once."""


class WatchedSource(Protocol):
    """A source while it is watched; its methods may be called from any thread.

    Whoever makes one starts watching at once, and is given a ``Notify`` for its events.
    """

    @property
    def kind(self) -> SourceKind:
        """What it is."""

    @property
    def recording_id(self) -> str | None:
        """The exact id of what is remembered of it, once there is anything."""

    @property
    def picture_s(self) -> float | None:
        """The time of the newest picture that is remembered, where that is known without a look.

        Read on the event loop.
        """

    def await_memory(self, over: Callable[[], bool]) -> None:
        """Wait until something is remembered, as long as that is on its way and not ``over``.

        The model may still be loading.
        """

    def status(self) -> SourceStatus:
        """How it is doing, its counters included."""

    def stop(self) -> None:
        """Ask it to end; returns at once."""

    def close(self, *, within_s: float) -> bool:
        """Stop it, commit what was acknowledged; whether that was done ``within_s``."""


@runtime_checkable
class PushedSource(WatchedSource, Protocol):
    """A source whose pictures a client sends."""

    def push(self, jpeg: bytes, *, t_s: float | None, received_s: float) -> None:
        """Take a picture that came at ``received_s`` (monotonic); ``t_s`` is the client's clock.

        Raises ``ProtocolError`` where it is none.
        """


class Opener(Protocol):
    """Makes watched sources of one kind of address."""

    def takes(self, address: str) -> bool:
        """Whether ``address`` is of its kind; opens nothing."""

    def open(
        self, name: str, address: str, notify: Notify, *, by_client: bool = False
    ) -> WatchedSource:
        """Begin to watch; ``by_client`` tells who chose the address.

        Raises ``ProtocolError`` where there is nothing to watch.
        """
