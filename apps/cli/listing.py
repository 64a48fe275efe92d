"""``streamvid list``: all recordings."""

from __future__ import annotations

import click

from apps.cli.options import Setup, open_session, print_document, say, takes_settings
from apps.render import list_document, list_lines

_EPILOG = """\b
Examples:
  streamvid list
  streamvid list --json
"""


@click.command(name="list", epilog=_EPILOG)
@takes_settings
def list_recordings(setup: Setup) -> None:
    """List all recordings: name, id, length, size, when they were watched, state."""
    with open_session(setup) as session:
        recordings = session.recordings()
    if setup.as_json:
        print_document(list_document(recordings))
    elif recordings:
        for line in list_lines(recordings):
            click.echo(line)
    else:
        say("nothing is remembered yet; begin with: streamvid ingest FILE")
