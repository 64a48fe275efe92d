"""The program's line in the list of processes, which every user of the machine can read."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

_USER_PART = re.compile(r"(?<=://)[^\s]*@")


def hidden(arguments: Sequence[str]) -> list[str]:
    """``arguments`` without user and password of any address."""
    return [_USER_PART.sub("", argument) for argument in arguments]


def hide_passwords(arguments: Sequence[str]) -> None:
    """Show the process without what ``hidden`` leaves out, where it leaves anything out.

    What stood there from the start of the interpreter until now could be read.
    """
    shown = hidden(arguments)
    if list(arguments) == shown:
        return
    from setproctitle import setproctitle

    setproctitle(" ".join([sys.executable, "-m", "apps", *shown]))
