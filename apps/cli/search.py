"""``streamvid search``: moments that look like a phrase."""

from __future__ import annotations

import time
from pathlib import Path

import click

from apps.cli.answer_output import say_what_is_missing, stills_folder
from apps.cli.options import (
    Needed,
    Setup,
    Words,
    open_session,
    print_document,
    takes_settings,
)
from apps.cli.ranges import time_options
from apps.cli.sources import SourceText
from apps.cli.watching import going_on, watching
from apps.render import search_document, search_lines
from apps.stills import save_stills
from streamvid.answer import SearchResult, TimeRange
from streamvid.session import Session

_EPILOG = """\b
Examples:
  streamvid search holiday.mp4 "a dog running"
  streamvid search holiday.mp4 "a red car" --limit 3 --from 10:00 --stills found
"""


@click.command(epilog=_EPILOG)
@click.argument("source", cls=Needed, type=SourceText())
@click.argument("phrase", cls=Needed, type=Words())
@time_options
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=10, help="Most moments. Default: 10."
)
@click.option(
    "--stills",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Save the moments' stills here. Default: stills/ in --home.",
)
@click.option("--wait", is_flag=True, help="Watch all of a long file first, not previews alone.")
@takes_settings
def search(
    setup: Setup,
    *,
    source: str,
    phrase: str,
    within: TimeRange,
    limit: int,
    stills: Path | None,
    wait: bool,
) -> None:
    """Find the moments of SOURCE that look most like PHRASE, best first, with scores.

    A score is a cosine: 1 would be a perfect match, 0 none. SOURCE is a file, or the name or first
    characters of the id of a recording; a file that is not remembered yet is watched first, one of
    more than ten minutes searched in previews, as `streamvid ask` does.
    """
    with open_session(setup) as session:
        found = _search_watcher(session, source, phrase, within, limit)
        if found is None:
            with watching(source) as progress:
                now = going_on(session, source) or not wait
                found = session.search(
                    source, phrase, limit=limit, within=within, now=now, progress=progress
                )
    folder = stills_folder(setup, found.recording_id, stills)
    moments = save_stills(folder, found.moments, recording_id=found.recording_id)
    if setup.as_json:
        print_document(search_document(found, moments))
        return
    for line in search_lines(found, moments, now_s=time.time()):
        click.echo(line)
    say_what_is_missing(found.coverage)


def _search_watcher(
    session: Session, source: str, phrase: str, within: TimeRange, limit: int
) -> SearchResult | None:
    """What the process finds that watches ``source`` now; ``None`` where none does."""
    listener = session.listener_of(source)
    if listener is None:
        return None
    from apps.cli.remote import asking_watcher

    recording_id, local = listener
    with asking_watcher(local, recording_id, conversation="none") as remote:
        return None if remote is None else remote.search(phrase, within=within, limit=limit)
