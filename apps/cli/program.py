"""The program itself: its commands, and the edge where errors become one line and an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

import click

from apps.cli.ask import ask
from apps.cli.doctor import doctor
from apps.cli.flops import flops
from apps.cli.ingest import ingest
from apps.cli.inspect import inspect
from apps.cli.listing import list_recordings
from apps.cli.plan import plan
from apps.cli.probe import probe
from apps.cli.reencode import reencode
from apps.cli.remove import remove
from apps.cli.search import search
from apps.cli.serve import serve
from apps.cli.watch import watch
from apps.errors import FAILED, MISUSE, STOPPED, AppError, exit_code
from apps.render import plain
from streamvid.errors import StreamvidError

NAME = "streamvid"

_EPILOG = """\b
Examples:
  streamvid ask holiday.mp4 "Is there a dog?"
  streamvid search holiday.mp4 "a dog running" --from 10:00
  streamvid list

\b
Exit codes:
  0    done
  1    failed; also where the output cannot be written, as on a full disk
  2    misuse: an unknown flag, a bad time, an empty or far too long question
  3    the video cannot be watched, or is an address
  4    no such file or recording, or another process is writing it
  5    the memory cannot be written or read, for example no space left
  6    the model is missing, or not the one that the recording was made with
  130  stopped by Ctrl-C; what was watched is kept
"""


def _version() -> str:
    try:
        return version("streamvid")
    except PackageNotFoundError:
        return "not installed"


@click.group(
    name=NAME,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(_version(), prog_name=NAME)
def program() -> None:
    """Watch videos of any length once, then answer questions about them.

    A video is watched into a memory, one frame a second. Questions are answered from that memory,
    in words, with the moments that the answer rests on.
    """


for command in (
    ask,
    ingest,
    watch,
    search,
    serve,
    inspect,
    list_recordings,
    reencode,
    remove,
    doctor,
    flops,
    plan,
    probe,
):
    program.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run ``arguments``; return the exit code. What nobody expects keeps its traceback."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not cost the answer.
        _reconfigure(stream, "backslashreplace")
    # A question typed or piped in another encoding is odd, and still a question.
    _reconfigure(sys.stdin, "replace")
    try:
        outcome = program.main(args=list(arguments), prog_name=NAME, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return MISUSE
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else NAME
        _complain(f"{_lower(error.format_message())}; see '{path} --help'")
        return MISUSE
    except click.ClickException as error:
        _complain(_lower(error.format_message()))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("stopped")
        return STOPPED
    except (AppError, StreamvidError) as error:
        _complain(str(error))
        return exit_code(error)
    except OSError as error:
        if not _is_of_output(error):
            raise
        _give_up(sys.stdout)
        _complain(f"cannot write the output: {(error.strerror or str(error)).lower()}")
        return FAILED
    # Without its standalone mode, click returns the code of ``--help`` and ``--version``.
    return outcome if isinstance(outcome, int) else 0


def _is_of_output(error: OSError) -> bool:
    """Whether writing the output raised it: all that we and click write goes through ``echo``."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code is click.echo.__code__


def _give_up(stream: TextIO) -> None:
    """Lose what ``stream`` still holds, which the interpreter would else write at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _open_what_is_closed() -> None:
    """Have all three streams; else a database would get the number of one that is closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # In this order, as the lowest free number is taken.
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))


def _reconfigure(stream: TextIO, errors: str) -> None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=errors)


def _complain(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    with suppress(OSError):  # nobody is left to tell; the exit code stands
        click.echo(f"{NAME}: {plain(' '.join(message.split())) or 'failed'}", err=True)


def _lower(message: str) -> str:
    """Click's messages in the shape of ours: lower-case start, no full stop."""
    return message[:1].lower() + message[1:].rstrip().rstrip(".")
