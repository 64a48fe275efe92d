"""The program's line in the list of processes, which every user of the machine can read."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME = "streamvid"
_HIDDEN = "***"
_SECRET = "--token"
_BEHIND_PLACE = re.compile("[?#].*", re.DOTALL)


def hidden(arguments: Sequence[str]) -> list[str]:
    """``arguments`` without user, password and query of any address, and without a token."""
    shown = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if before == _SECRET:
            shown.append(_HIDDEN)
        elif argument.startswith(f"{_SECRET}="):
            shown.append(f"{_SECRET}={_HIDDEN}")
        else:
            shown.append(_without_secrets(argument))
    return shown


def hide_secrets(arguments: Sequence[str]) -> None:
    """Show the process without what ``hidden`` leaves out, where it leaves anything out.

    What stood there from the start of the interpreter until now could be read.
    """
    shown = hidden(arguments)
    if list(arguments) == shown:
        return
    from setproctitle import setproctitle, setthreadtitle

    setproctitle(" ".join([_NAME, *shown]))
    setthreadtitle(_NAME)  # the short name, of which a title leaves its first fifteen characters


def _without_secrets(argument: str) -> str:
    """An address by its place alone; other words as they are."""
    scheme, separator, rest = argument.partition("://")
    user_part, _, place = rest.rpartition("@")
    if _BEHIND_PLACE.search(user_part):  # a query with @, or a password with ?: who can tell
        place = _HIDDEN
    return scheme + separator + _BEHIND_PLACE.sub("", place) if separator else argument
