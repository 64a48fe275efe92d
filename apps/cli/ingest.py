"""``streamvid ingest``: watch a video into memory."""

from __future__ import annotations

import shlex

import click

from apps.cli.options import (
    Needed,
    Setup,
    Words,
    open_session,
    print_document,
    say,
    takes_settings,
)
from apps.cli.sources import SourceText, existing_file
from apps.cli.watching import watching
from apps.render import ingest_document, one_line, report_line

_EPILOG = """\b
Examples:
  streamvid ingest holiday.mp4
  streamvid ingest /media/card/C0001.MP4 --name "first day"
"""


@click.command(epilog=_EPILOG)
@click.argument("file", cls=Needed, type=SourceText())
@click.option(
    "--name", type=Words(), metavar="TEXT", help="Name of the recording. Default: the file's name."
)
@takes_settings
def ingest(setup: Setup, *, file: str, name: str | None) -> None:
    """Watch FILE into memory, one frame a second.

    Ctrl-C keeps what was watched; the same command goes on from there. Where another streamvid
    watches the file already, this one shows its progress.
    """
    path = existing_file(file)
    tip = f"it can be asked meanwhile, from another terminal: streamvid ask {shlex.quote(file)} …"
    with open_session(setup) as session, watching(file, tip=tip) as progress:
        report = session.ingest(path, name=name, progress=progress)
    if name and report.name != name:
        has = one_line(report.name)
        say(f"it keeps the name it has, {has!r}; remove it first to give it another")
    if setup.as_json:
        print_document(ingest_document(report))
    else:
        click.echo(report_line(report))
