"""``streamvid inspect``: what is remembered of a recording."""

from __future__ import annotations

import click

from apps.cli.options import Needed, Setup, open_session, print_document, takes_settings
from apps.cli.sources import SourceText
from apps.render import inspection_document, inspection_lines

_EPILOG = """\b
Examples:
  streamvid inspect holiday.mp4
  streamvid inspect 3f9a --json
"""


@click.command(epilog=_EPILOG)
@click.argument("source", cls=Needed, type=SourceText())
@takes_settings
def inspect(setup: Setup, *, source: str) -> None:
    """Show what is remembered of SOURCE: frames, seconds, gaps, damage, size, model.

    SOURCE is a file, or the name or first characters of the id of a recording. Loads no model.
    """
    with open_session(setup) as session:
        seen = session.inspect(source)
    if setup.as_json:
        print_document(inspection_document(seen))
        return
    for line in inspection_lines(seen):
        click.echo(line)
