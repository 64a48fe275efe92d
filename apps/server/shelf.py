"""Conversations of all clients: the latest keep their context, the others what was said alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress

from streamvid.errors import StreamvidError
from streamvid.session import Conversation


class KeptTalk:
    """A conversation and the lock of whoever uses it: a client's answer, or the shelf at rest."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.in_use = threading.Lock()


class Shelf:
    """At most ``most`` conversations keep their context in memory; from several threads.

    One that rests is said again, behind the view, when its client asks on: slower, not forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, KeptTalk] = OrderedDict()

    def used(self, talk: KeptTalk) -> None:
        """``talk`` was asked just now; lay the least lately used to rest where there are more."""
        resting = []
        with self._lock:
            self._kept[id(talk)] = talk
            self._kept.move_to_end(id(talk))
            while len(self._kept) > self._most:
                resting.append(self._kept.popitem(last=False)[1])
        for oldest in resting:
            # One that is asked right now will be back here when its answer has ended.
            if oldest.in_use.acquire(blocking=False):
                try:
                    with suppress(StreamvidError):  # closed meanwhile, or the engine is
                        oldest.conversation.rest()
                finally:
                    oldest.in_use.release()

    def gone(self, talk: KeptTalk) -> None:
        """``talk`` is closed."""
        with self._lock:
            self._kept.pop(id(talk), None)

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)
