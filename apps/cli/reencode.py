"""``streamvid reencode``: another model's numbers for what is remembered."""

from __future__ import annotations

import click

from apps.cli.options import Needed, Setup, open_session, print_document, takes_settings
from apps.cli.sources import SourceText
from apps.cli.watching import watching
from apps.render import reencode_document, reencode_line

_EPILOG = """\b
Examples:
  streamvid reencode holiday.mp4
  streamvid reencode 3f9a --set precision=fp32
"""


@click.command(epilog=_EPILOG)
@click.argument("source", cls=Needed, type=SourceText())
@takes_settings
def reencode(setup: Setup, *, source: str) -> None:
    """Make SOURCE's memory one of the model in use, from its stills.

    SOURCE is a file, or the name or first characters of the id of a recording. The video itself is
    not needed. The memory answers as before, under the model that made it, until every frame is
    encoded anew. Ctrl-C leaves it so; the same command goes on from there.
    """
    with (
        open_session(setup) as session,
        watching(source, kept="it is as it was, and what was encoded is kept") as progress,
    ):
        report = session.reencode(source, progress=progress)
    if setup.as_json:
        print_document(reencode_document(report))
    else:
        click.echo(reencode_line(report))
