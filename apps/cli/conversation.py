"""A conversation in the terminal: one question a line, until the end of the input."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TextIO

import click

from apps.cli.answer_output import Answering, show_answer
from apps.cli.options import Setup, say
from apps.cli.ranges import to_range
from apps.errors import AppError, StoppedError
from apps.render import plain
from apps.times import parse_moment, parse_time
from streamvid.answer import TimeRange
from streamvid.errors import AnswerError

PROMPT = "> "
_HELP = (
    "/range FROM TO: ask about this part (1:00 or @14:02); /last 10m: about its end; /range: about"
    " all of it;"
    " /quit or Ctrl-D: leave"
)


class Talking(Protocol):
    """A conversation, here or with a server."""

    def ask(self, question: str, *, within: TimeRange) -> Answering:
        """The next question."""


def converse(
    conversation: Talking,
    setup: Setup,
    *,
    within: TimeRange,
    stills: Path | None,
    lines: TextIO,
    questions: Iterator[str] | None = None,
    here: bool = True,
) -> None:
    """Answer each line of ``lines``; a line that starts with ``/`` steers the conversation.

    ``questions`` are the lines where somebody else reads them. Ctrl-C stops an answer and keeps
    what was said; at the prompt it ends the conversation.
    """
    if lines.isatty():
        say(f"Ask one question a line. {_HELP}")
    for line in _questions(lines) if questions is None else questions:
        if line == "/quit":
            return
        try:
            if line.startswith("/"):
                within = _steered(line, within)
            else:
                _answer(conversation, line, setup, within=within, stills=stills, here=here)
        except (AnswerError, AppError) as error:
            # One bad question does not end the talk at a terminal; a script must notice.
            if not lines.isatty():
                raise
            say(plain(str(error)))


def _answer(
    conversation: Talking,
    question: str,
    setup: Setup,
    *,
    within: TimeRange,
    stills: Path | None,
    here: bool,
) -> None:
    stream = conversation.ask(question, within=within)
    try:
        with stream:
            show_answer(stream, setup, stills, here=here)
    except KeyboardInterrupt as error:
        if not sys.stdin.isatty():
            raise StoppedError("stopped in the middle of an answer") from error
        say("\nstopped; ask on, or leave with Ctrl-D")


def _questions(lines: TextIO) -> Iterator[str]:
    """Lines with something on them; with editing and history where a person types."""
    typed = lines.isatty()
    # Where stdout goes elsewhere, ``input`` would write its prompt between the answers.
    edited = typed and sys.stdout.isatty()
    if edited:
        with suppress(ImportError):  # not every Python is built with it
            import readline  # noqa: F401
    while True:
        if edited:
            try:
                line = input(PROMPT) + "\n"
            except EOFError:
                line = ""
        else:
            if typed:
                click.echo(PROMPT, nl=False, err=True)
            line = lines.readline()
        if not line:
            if typed:
                say("")
            return
        if line.strip():
            yield line.strip()


def _steered(line: str, within: TimeRange) -> TimeRange:
    """The range after a line such as ``/range 1:00 2:30``; says what is in force."""
    match line.split():
        case ["/range"]:
            say("asking about all of it")
            return TimeRange()
        case ["/last", length]:
            chosen = TimeRange(last_s=parse_time(length))
            say(f"asking about the last {length}")
            return chosen
        case ["/range", start, end]:
            now_s = time.time()
            chosen = to_range(parse_moment(start, now_s=now_s), parse_moment(end, now_s=now_s))
            say(f"asking about {start} to {end}")
            return chosen
        case _:
            say(_HELP)
            return within
