"""``streamvid probe``: what is in a source, or why nothing is seen of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from apps.cli.live_options import LiveChoice
from apps.cli.options import Needed, Setup, print_document, say, takes_settings
from apps.cli.sources import existing_file, is_live
from apps.render import file_probe_lines, source_probe_lines
from streamvid.errors import SourceSilentError
from streamvid.live.sources import parse_address, probe_file, probe_live

_EPILOG = """\b
Examples:
  streamvid probe holiday.mp4
  streamvid probe rtsp://192.168.1.20/stream1
  streamvid probe webcam:0
"""


@click.command(epilog=_EPILOG)
@click.argument("source", cls=Needed)
@click.option(
    "--credentials",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Users and passwords of cameras, in netrc's format.",
)
@takes_settings
def probe(setup: Setup, *, source: str, credentials: Path | None) -> None:
    """Say what SOURCE shows and what of it would be kept, or why nothing is seen.

    SOURCE is a file or an address. A live source is watched for some six seconds.
    """
    if not is_live(source):
        _probe_file(setup, existing_file(source))
        return
    address = parse_address(source)
    if not setup.as_json:
        say(f"looking at {address.public} for some seconds ...")
    try:
        found = probe_live(
            address,
            setup.settings.live,
            credentials=LiveChoice(None, credentials).credentials(address.host),
        )
    except SourceSilentError as error:
        if setup.as_json:
            reason = {"reason": error.reason, "text": str(error)}
            print_document({"source": address.public, "seen": False, **reason})
        raise
    if setup.as_json:
        print_document({"source": address.public, "seen": True, **asdict(found)})
        return
    for line in source_probe_lines(address.public, found):
        click.echo(line)


def _probe_file(setup: Setup, path: Path) -> None:
    found = probe_file(path)
    if setup.as_json:
        print_document({"source": str(path), "seen": True, **asdict(found)})
        return
    for line in file_probe_lines(path.name, found):
        click.echo(line)
