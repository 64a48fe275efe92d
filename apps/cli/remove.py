"""``streamvid remove``: forget a recording."""

from __future__ import annotations

import shutil
import sys

import click

from apps.cli.options import Needed, Setup, open_session, print_document, takes_settings
from apps.cli.sources import SourceText
from apps.errors import StoppedError
from apps.render import format_bytes, one_line, removal_document
from apps.times import format_time

_EPILOG = """\b
Examples:
  streamvid remove holiday.mp4
  streamvid remove 3f9a --yes
"""


@click.command(epilog=_EPILOG)
@click.argument("source", cls=Needed, type=SourceText())
@click.option("--yes", is_flag=True, help="Do not ask first.")
@takes_settings
def remove(setup: Setup, *, source: str, yes: bool) -> None:
    """Forget SOURCE: delete its memory and its saved stills. The video itself is left alone.

    SOURCE is a file, or the name or first characters of the id of a recording.
    """
    with open_session(setup) as session:
        summary = session.find(source)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("nobody can be asked here; pass --yes to remove it")
            length = "broken" if summary.problem else format_time(summary.length_s)
            name = one_line(summary.name) or summary.recording_id[:12]
            question = f"Forget {name!r} ({length}, {format_bytes(summary.size_bytes)})?"
            if not click.confirm(question, err=True):
                raise StoppedError("nothing was removed")
        removed = session.remove(summary.recording_id)
    # Only what this program saved there: a folder chosen with --stills is the user's own.
    shutil.rmtree(setup.settings.stills(removed.recording_id), ignore_errors=True)
    if setup.as_json:
        print_document(removal_document(removed))
    else:
        name = one_line(removed.name) or "a broken recording"
        of = f" ({removed.recording_id[:12]})" if removed.kind == "file" else ""
        click.echo(f"removed {name}{of}")
