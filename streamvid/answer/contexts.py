"""Contexts kept between questions, under a budget of bytes; the one used longest ago goes first.

Every method runs in the engine's thread, as contexts do.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from streamvid.model.seam import Context, FloatArray


@dataclass(frozen=True, slots=True)
class ContextKey:
    """What a context was prefilled from: whose, and digests of the prefix head and of the view."""

    recording_id: str
    prefix_digest: str
    view_digest: str


def digest_of(array: FloatArray) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


@dataclass(slots=True, eq=False)
class KeptContext:
    """Mutable: a context, and how many of its tokens are prefix head and view.

    ``busy`` while a question or a conversation works behind the view.
    """

    context: Context
    view_length: int
    busy: bool = False


class ContextStore:
    """Finds contexts by key. ``take`` marks one busy, ``give_back`` rewinds and frees it."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[ContextKey, KeptContext] = OrderedDict()

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return sum(kept.context.nbytes for kept in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, key: ContextKey) -> KeptContext | None:
        """The context of ``key`` for the caller alone: a copy where another question has it."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        if not kept.busy:
            kept.busy = True
            return kept
        twin = KeptContext(kept.context.fork(), kept.view_length, busy=True)
        twin.context.rewind(kept.view_length)
        return twin

    def add(self, key: ContextKey, context: Context) -> KeptContext:
        """Keep a context that was just prefilled; it is busy. Others may have to go for it."""
        kept = KeptContext(context, context.length, busy=True)
        if key not in self._kept:  # else two questions prefilled it at once: one copy is kept
            self._kept[key] = kept
        self._trim()
        return kept

    def give_back(self, kept: KeptContext) -> None:
        """The caller is done: forget what was said behind the view; close what is not kept."""
        kept.busy = False
        if any(kept is other for other in self._kept.values()):
            kept.context.rewind(kept.view_length)
            self._trim()
        else:
            kept.context.close()

    def forget(self, recording_id: str) -> None:
        """Close what belongs to a recording; what is busy closes when it is given back."""
        for key in [key for key in self._kept if key.recording_id == recording_id]:
            kept = self._kept.pop(key)
            if not kept.busy:
                kept.context.close()

    def _trim(self) -> None:
        for key, kept in list(self._kept.items()):
            if self.nbytes <= self._budget_bytes:
                return
            if not kept.busy:
                del self._kept[key]
                kept.context.close()
