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
    """What a context was prefilled from: whose, and digests of the prefix head and of the view.

    A view that grows has its epoch's name in place of a digest.
    """

    recording_id: str
    prefix_digest: str
    view_digest: str


def digest_of(array: FloatArray) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


@dataclass(frozen=True, slots=True)
class ContextCounters:
    """What contexts cost since the start, by questions and in the background.

    ``full_prefills`` contexts were begun anew; ``extended_tokens`` view tokens were appended behind
    kept ones; ``epochs`` began, over all growing ranges.
    """

    full_prefills: int = 0
    extended_tokens: int = 0
    epochs: int = 0


@dataclass(slots=True, eq=False)
class KeptContext:
    """Mutable: a context, and how many of its tokens are prefix head and view.

    ``view_length`` grows with the view of a growing recording. ``busy`` while a question or a
    conversation works behind the view.
    """

    key: ContextKey
    context: Context
    view_length: int
    busy: bool = False


class ContextStore:
    """Finds contexts by key. ``take`` marks one busy, ``give_back`` rewinds and frees it.

    ``budget_bytes`` may be set at any time; it counts from the next change on.
    """

    def __init__(self, budget_bytes: int = 0) -> None:
        self.budget_bytes = budget_bytes
        self._kept: OrderedDict[ContextKey, KeptContext] = OrderedDict()
        self.full_prefills = self.extended_tokens = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return sum(kept.context.nbytes for kept in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: ContextKey) -> bool:
        return key in self._kept

    def take(self, key: ContextKey) -> KeptContext | None:
        """The context of ``key`` for the caller alone: a copy where another question has it."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        if not kept.busy:
            kept.busy = True
            return kept
        twin = KeptContext(key, kept.context.fork(), kept.view_length, busy=True)
        twin.context.rewind(kept.view_length)
        return twin

    def add(self, key: ContextKey, context: Context) -> KeptContext:
        """Keep a context that was just prefilled; it is busy. Others may have to go for it."""
        kept = KeptContext(key, context, context.length, busy=True)
        self.full_prefills += 1
        if key not in self._kept:  # else two questions prefilled it at once: one copy is kept
            self._kept[key] = kept
        self._trim()
        return kept

    def extend(self, kept: KeptContext, rows: FloatArray, *, begins: bool) -> None:
        """Append ``rows`` [n, d] to a context's view; what was said behind it is forgotten.

        ``begins``: they belong to its first prefill, and are not counted as appended.
        """
        if kept.context.length != kept.view_length:
            kept.context.rewind(kept.view_length)
        kept.context.extend(rows)
        kept.view_length = kept.context.length
        self.extended_tokens += 0 if begins else len(rows)
        self._trim()

    def idle(self, key: ContextKey) -> KeptContext | None:
        """The context of ``key``, if there is one and nobody works behind it; not marked busy."""
        kept = self._kept.get(key)
        return None if kept is None or kept.busy else kept

    def give_back(self, kept: KeptContext) -> None:
        """The caller is done: forget what was said behind the view; close what is not kept.

        Of two copies the one with more of the view is kept.
        """
        kept.busy = False
        held = self._kept.get(kept.key)
        if held is None or (held is not kept and held.view_length >= kept.view_length):
            kept.context.close()
            return
        if held is not kept:
            self._kept[kept.key] = kept
            if not held.busy:
                held.context.close()
        kept.context.rewind(kept.view_length)
        self._trim()

    def discard(self, key: ContextKey) -> None:
        """Close what nobody will ask for again; what is busy closes when it is given back."""
        kept = self._kept.pop(key, None)
        if kept is not None and not kept.busy:
            kept.context.close()

    def forget(self, recording_id: str) -> None:
        """Close what belongs to a recording; what is busy closes when it is given back."""
        for key in [key for key in self._kept if key.recording_id == recording_id]:
            self.discard(key)

    def _trim(self) -> None:
        for key, kept in list(self._kept.items()):
            if self.nbytes <= self.budget_bytes:
                return
            if not kept.busy:
                del self._kept[key]
                kept.context.close()
