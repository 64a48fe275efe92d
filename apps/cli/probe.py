"""``streamvid probe``: what is in a source, or why nothing is seen of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

import capture
from apps.cli.live_options import LiveChoice
from apps.cli.options import Needed, Setup, print_document, say, takes_settings
from apps.cli.sources import existing_file, is_live
from apps.errors import SourceSilentError
from apps.render import file_probe_lines, source_probe_lines
from capture import Address, CaptureError, SourceError

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
    try:
        address = Address.parse(source)
        if not setup.as_json:
            say(f"looking at {address.public} for some seconds ...")
        found = capture.probe_source(
            address,
            setup.settings.live,
            credentials=LiveChoice(None, credentials).credentials(address.host),
        )
    except SourceError as error:
        if setup.as_json:
            print_document(
                {
                    "source": address.public,
                    "seen": False,
                    "reason": error.reason,
                    "text": str(error),
                }
            )
        raise SourceSilentError(str(error)) from error
    except CaptureError as error:
        raise SourceSilentError(str(error)) from error
    if setup.as_json:
        print_document({"source": address.public, "seen": True, **asdict(found)})
        return
    for line in source_probe_lines(address.public, found):
        click.echo(line)


def _probe_file(setup: Setup, path: Path) -> None:
    try:
        found = capture.probe_file(path)
    except CaptureError as error:
        raise SourceSilentError(str(error)) from error
    if setup.as_json:
        print_document({"source": str(path), "seen": True, **asdict(found)})
        return
    for line in file_probe_lines(path.name, found):
        click.echo(line)
