"""What a conversation remembers: turns, which of them stay, and the tokens that say them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from streamvid.answer.contexts import ContextKey, KeptContext
from streamvid.model.seam import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A question and its answer, as a context takes them.

    ``question`` float32 [Q, d]: fused as it was asked, without the prefix tail. Its first
    ``opening_tokens`` end the answer before it; a first question has none. ``answer`` float32
    [n, d]: the answer's text, not fused.
    """

    question: FloatArray
    opening_tokens: int
    answer: FloatArray


@dataclass(slots=True, eq=False)
class Talk:
    """Mutable: the turns of a conversation, oldest first, and the context that it works behind.

    ``turns`` are what counts: the context can be made again from them. While ``kept`` is there, it
    holds the view of ``key`` and behind it ``turns`` alone, in ``history_tokens`` tokens.
    """

    key: ContextKey | None = None
    kept: KeptContext | None = None
    turns: tuple[Turn, ...] = ()
    history_tokens: int = 0


def youngest(turns: Sequence[Turn], *, tail_tokens: int, room_tokens: int) -> tuple[Turn, ...]:
    """The most of the latest turns that ``room_tokens`` hold, with a prefix tail before them."""
    for oldest in range(len(turns)):
        left = turns[oldest:]
        if tail_tokens + sum(len(piece) for piece in _pieces(left)) <= room_tokens:
            return tuple(left)
    return ()


def said_again(turns: Sequence[Turn], tail: FloatArray) -> FloatArray:
    """What follows the view where ``turns`` were said, float32 [n, d]; nothing without turns.

    ``tail`` [tail, d] is the prefix tail's mean. It comes first, since a first question brings it
    along and a further one, which may have become the first, does not.
    """
    if not turns:
        return tail[:0]
    return np.concatenate([tail, *_pieces(turns)])


def _pieces(turns: Sequence[Turn]) -> Iterator[FloatArray]:
    """Questions and answers in order.

    The oldest turn that is left follows the view as a first question does. Where it was asked as a
    further one, it begins with the end of an answer that is forgotten: that opening is cut off, for
    behind the prefix tail it would end what nobody began. What remains of it is what a first
    question is made of, in the same order; it stays fused as it was asked, opening in sight.
    """
    for place, turn in enumerate(turns):
        yield turn.question[turn.opening_tokens if place == 0 else 0 :]
        yield turn.answer
