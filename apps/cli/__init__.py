"""The ``streamvid`` command: arguments, output and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

_STOPPED = 130  # as in apps.errors, which may not have been imported yet

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; ``arguments`` are the process's own where not given."""
    try:
        # Imported here, as a Ctrl-C that comes this early must not end in a traceback either.
        from apps.cli.program import run

        code = run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        sys.stderr.write("streamvid: stopped\n")
        code = _STOPPED
    sys.exit(code)
