"""Paths as texts that SQLite takes, whatever bytes their names are made of.

A path is bytes to the system. Where they are UTF-8 they are stored as that text, else as a
``file://`` address; an absolute path cannot begin like one, so the two never meet.
"""

from __future__ import annotations

import os
from contextlib import suppress
from urllib.parse import quote, unquote_to_bytes

_SCHEME = "file://"


def stored_path(path: str) -> str:
    """Return the text that is stored for the absolute ``path``; ``path_of`` turns it back."""
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _SCHEME + quote(raw)


def path_of(stored: str) -> str:
    """Return the path that ``stored_path`` was given, as the system's own functions take it."""
    if stored.startswith(_SCHEME):
        return os.fsdecode(unquote_to_bytes(stored.removeprefix(_SCHEME)))
    return os.fsdecode(stored.encode("utf-8"))


def clean_text(text: str) -> str:
    """Return ``text`` with a question mark for each byte that is no UTF-8: fit to be stored."""
    # the system's texts hold bytes that its encoding, which may not be UTF-8, cannot name
    with suppress(UnicodeEncodeError):  # a text that is none of the system's
        text = os.fsencode(text).decode("utf-8", "surrogateescape")
    return text.encode("utf-8", "replace").decode("utf-8")
