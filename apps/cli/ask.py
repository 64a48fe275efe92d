"""``streamvid ask``: one question about a video, or a conversation about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from apps.cli.answer_output import show_answer
from apps.cli.conversation import converse
from apps.cli.options import (
    Needed,
    Setup,
    Words,
    open_session,
    say,
    setting_option,
    takes_settings,
)
from apps.cli.ranges import time_options
from apps.cli.sources import SourceText
from apps.cli.token import token_options
from apps.cli.watching import going_on, say_what_is_left, watching
from streamvid.answer import TimeRange
from streamvid.session import Session

if TYPE_CHECKING:
    from apps.cli.remote import Remote

_EPILOG = """\b
Examples:
  streamvid ask holiday.mp4 "Is there a dog?"
  streamvid ask holiday.mp4 "What is the man riding?" --from 1:00 --to 2:30
  streamvid ask holiday.mp4
  streamvid ask front "Who came to the door?" --from @14:02 --to @14:10
  streamvid ask --server ws://127.0.0.1:8765 talk "Who is speaking?" --last 5:00
  streamvid ask --server ws://127.0.0.1:8765 front "Who is there?" --from @14:02 --to @14:10
"""


@click.command(epilog=_EPILOG)
@click.argument("source", cls=Needed, type=SourceText())
@click.argument("question", required=False, type=Words())
@time_options
@click.option(
    "--phrase", type=Words(), metavar="TEXT", help="Look this up for moments, not the question."
)
@click.option("--wait", is_flag=True, help="Watch all of a long file first, not previews alone.")
@setting_option(
    "--fusion",
    "fusion",
    type=click.Choice(["bounded", "full"]),
    help="Fuse the question with a few frames (the default), or with all: slower.",
)
@click.option(
    "--stills",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Save the moments' stills here. Default: stills/ in --home.",
)
@click.option(
    "--server",
    metavar="URL",
    help="Ask that server (ws://HOST:PORT) about its source SOURCE; nothing is watched here.",
)
@token_options
@takes_settings
def ask(
    setup: Setup,
    *,
    source: str,
    question: str | None,
    within: TimeRange,
    phrase: str | None,
    wait: bool,
    stills: Path | None,
    server: str | None,
    token: str | None,
) -> None:
    """Answer QUESTION about SOURCE, with the moments that the answer rests on.

    SOURCE is a file, or the name or first characters of the id of a recording. A file that is not
    remembered yet is watched first, and never again; one of more than ten minutes is answered from
    previews, spread over all of it, within minutes (`streamvid ingest` watches every second).
    Without QUESTION, a conversation starts: one question a line, until Ctrl-D; a long file is
    watched on behind it.
    """
    if server is not None:
        _ask_server(
            setup, server, source, question,
            within=within, phrase=phrase, stills=stills, token=token,
        )  # fmt: skip
        return
    with open_session(setup) as session:
        if _ask_watcher(
            setup, session, source, question, within=within, phrase=phrase, stills=stills
        ):
            return
        now = going_on(session, source) or not wait
        if question is None:
            with watching(source) as progress:
                conversation = session.conversation(source, now=now, progress=progress)
            try:
                with conversation:
                    converse(conversation, setup, within=within, stills=stills, lines=sys.stdin)
            finally:
                say_what_is_left(session, source)
            return
        with watching(source) as progress:
            stream = session.ask(
                source, question, within=within, phrase=phrase, now=now, progress=progress
            )
        with stream:
            show_answer(stream, setup, stills)


def _ask_server(
    setup: Setup,
    server: str,
    source: str,
    question: str | None,
    *,
    within: TimeRange,
    phrase: str | None,
    stills: Path | None,
    token: str | None,
) -> None:
    """The same answer from a server that watches ``source``."""
    from apps.cli.remote import asking_server  # websockets come in here

    conversation: Literal["auto", "none"] = "auto" if question is None else "none"
    with asking_server(server, source, token=token, conversation=conversation) as remote:
        _put(remote, setup, question, within=within, phrase=phrase, stills=stills)


def _ask_watcher(
    setup: Setup,
    session: Session,
    source: str,
    question: str | None,
    *,
    within: TimeRange,
    phrase: str | None,
    stills: Path | None,
) -> bool:
    """Ask the process that watches ``source`` now and has the model loaded; whether one did."""
    found = session.listener_of(source)
    if found is None:
        return False
    from apps.cli.remote import asking_watcher

    recording_id, local = found
    conversation: Literal["auto", "none"] = "auto" if question is None else "none"
    with asking_watcher(local, recording_id, conversation=conversation) as remote:
        if remote is None:
            return False
        say("asking the streamvid that watches it, with its settings")
        _put(remote, setup, question, within=within, phrase=phrase, stills=stills)
    return True


def _put(
    remote: Remote,
    setup: Setup,
    question: str | None,
    *,
    within: TimeRange,
    phrase: str | None,
    stills: Path | None,
) -> None:
    if question is None:
        converse(remote, setup, within=within, stills=stills, lines=sys.stdin, here=False)
        return
    with remote.ask(question, within=within, phrase=phrase) as stream:
        show_answer(stream, setup, stills, here=False)
