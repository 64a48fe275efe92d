"""What waits in the child for the pipe: every message but pictures, and the newest picture."""

from __future__ import annotations

import dataclasses
from collections import deque
from threading import Condition

from capture.live_messages import Message, Picture

_MAX_NOTES = 256


class Outbox:
    """Newest wins: a picture that nobody took is replaced, counted, and never waited for."""

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._changed = Condition()
        self._replaced = 0

    def put(self, message: Message) -> None:
        """Hand over ``message``; never waits."""
        with self._changed:
            if isinstance(message, Picture):
                for old in self._waiting:
                    if isinstance(old, Picture):
                        self._waiting.remove(old)
                        self._replaced += 1
                        break
            elif len(self._waiting) > _MAX_NOTES:
                self._waiting.popleft()
            self._waiting.append(message)
            self._changed.notify()

    def take(self) -> Message:
        """The oldest message; waits for one."""
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            message = self._waiting.popleft()
            if isinstance(message, Picture):
                return dataclasses.replace(message, replaced=self._replaced)
            return message
