"""Token ids to text while they come, never a broken character.

It knows no tokenizer: decoding a list of ids is a function that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_BROKEN = "\N{REPLACEMENT CHARACTER}"
_LONGEST_TAIL = 3  # a character of four bytes lacks its last one: at most three bytes are unsure


class Detokenizer:
    """Turns ids into pieces of text, each given as soon as no later id can change it.

    Ids are decoded together with the few before them, so that spaces between words come out as in
    decoding everything at once; the window stays a few tokens wide.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._window: list[int] = []
        self._settled = 0  # ids of the window that were given out whole, and stay as context
        self._given = 0  # characters of the window's text that were given out

    def feed(self, token_id: int) -> str:
        """The text that became certain with ``token_id``; often empty within a character."""
        self._window.append(token_id)
        text = self._decode(self._window)
        certain = len(text) - _broken_tail(text)
        piece = text[self._given : certain]
        self._given = max(self._given, certain)
        if certain == len(text) and piece:
            self._shrink()
        return piece

    def finish(self) -> str:
        """What was held back, broken characters included; nothing may be fed afterwards."""
        text = self._decode(self._window)
        piece = text[self._given :]
        self._window, self._settled, self._given = [], 0, 0
        return piece

    def _shrink(self) -> None:
        """Start the window at the ids behind the last clean end, and that is here."""
        del self._window[: self._settled]
        self._settled = len(self._window)
        self._given = len(self._decode(self._window))


def _broken_tail(text: str) -> int:
    """How many replacement characters at the end may be the start of a character to come."""
    count = 0
    while count < min(_LONGEST_TAIL, len(text)) and text[-1 - count] == _BROKEN:
        count += 1
    return count
