"""Writes docs/cli.md from the program's own help: ``python -m apps.cli.reference FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from apps.cli.program import NAME, program

WIDTH_COLUMNS = 90

_HEAD = """\
# Command line

`streamvid` and `python -m apps` are the same program. This page is written by `make docs` from
the program's own help.

Results go to stdout, everything else (progress, notes, errors) to stderr. A refusal is one line on
stderr and an exit code from the table below. Documents of `--json` are described in
[json.md](json.md), settings in [settings.md](settings.md).
"""


def reference() -> str:
    """The whole page, in Markdown."""
    parts = [_HEAD, _section(NAME, _help(program, [NAME]))]
    for name, command in sorted(program.commands.items()):
        parts.append(_section(f"{NAME} {name}", _help(command, [NAME, name])))
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text}\n```\n"


def _help(command: click.Command, path: list[str]) -> str:
    # A fixed width, so that the page does not depend on the terminal that wrote it.
    context = click.Context(
        command,
        info_name=" ".join(path),
        terminal_width=WIDTH_COLUMNS,
        help_option_names=["-h", "--help"],
    )
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
