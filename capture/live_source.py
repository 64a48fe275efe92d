"""A live source as a caller sees it: frames, gaps and events as they happen."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from capture.address import Address
from capture.counters import Counters
from capture.credentials import Credentials
from capture.frame import Frame, Gap
from capture.live_settings import LiveSettings
from capture.source_status import SourceEvent, SourceStatus


class LiveSource:
    """Watches one address from ``start`` to ``close`` and never gives up in between.

    ``first_tick`` 0: time begins with the first frame. Above: a recording goes on, and tick
    ``first_tick`` begins at ``start``. One thread reads with ``next_item``; everything else may be
    called from any thread.
    """

    def __init__(
        self,
        address: Address,
        settings: LiveSettings | None = None,
        *,
        credentials: Credentials | None = None,
        first_tick: int = 0,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Begin to watch; returns at once."""
        raise NotImplementedError

    def next_item(self, timeout_s: float) -> Frame | Gap | SourceEvent | None:
        """What comes next, in tick order; None after ``timeout_s`` or once ``ended``."""
        raise NotImplementedError

    @property
    def ended(self) -> bool:
        """Whether nothing comes any more: the source ended or was closed, and all was read."""
        raise NotImplementedError

    def status(self) -> SourceStatus:
        """How it is doing now."""
        raise NotImplementedError

    def counters(self) -> Counters:
        """Where the ticks went; ``expected`` is the sum of the others at any moment."""
        raise NotImplementedError

    def settled_end(self) -> int:
        """The first tick that is not settled yet: all before it were handed out or are covered."""
        raise NotImplementedError

    def renew_credentials(self, credentials: Credentials | None) -> None:
        """Use ``credentials`` from now on, and try again at once where they were refused."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop watching; what was seen before can still be read."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
