"""The ``streamvid`` command: arguments, output and exit codes."""

from apps.cli.program import main

__all__ = ["main"]
