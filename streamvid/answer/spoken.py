"""What is said of an answer while it is made: words, and white space only between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def spoken(pieces: Iterable[str]) -> Iterator[str]:
    """``pieces`` without the white space around all of them; what is given is never empty.

    White space waits for the word behind it: what was given adds up to a text that is stripped.
    """
    begun, blank = False, ""
    for piece in pieces:
        words = piece.rstrip()
        if not words:
            blank += piece
            continue
        yield blank + words if begun else words.lstrip()
        begun, blank = True, piece[len(words) :]
