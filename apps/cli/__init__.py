"""The ``streamvid`` command: arguments, output and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

_STOPPED = 130  # as in apps.errors, which may not have been imported yet

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; ``arguments`` are the process's own where not given."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        # Imported here, as a Ctrl-C that comes this early must not end in a traceback either.
        if arguments is None:  # else the process is its caller's
            from apps.cli.title import hide_secrets

            hide_secrets(given)  # before all else is imported, which takes longest
        from apps.cli.program import run

        code = run(given)
    except KeyboardInterrupt:
        sys.stderr.write("streamvid: stopped\n")
        code = _STOPPED
    if code == _STOPPED and arguments is None:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End at once: a thread that is still loading a model aborts a process that ends under it.

    What was committed is on disk, as after a kill.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code)
