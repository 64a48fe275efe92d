"""What stands around an ingest: its progress, and what Ctrl-C leaves behind."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.cli.options import say
from apps.errors import StoppedError
from apps.render import ProgressView, one_line
from apps.times import format_time
from streamvid.errors import IngestInterruptedError, StreamvidError
from streamvid.session import Session


@contextmanager
def watching(
    source: str, *, tip: str = "", kept: str = "what was watched is kept"
) -> Iterator[ProgressView]:
    """A progress to pass to an ingest of ``source``; ``tip`` is for one that takes long.

    Ctrl-C leaves as ``StoppedError``, which says how far it came, what is ``kept`` and how to go
    on.
    """
    view = ProgressView(sys.stderr, name=one_line(Path(source).name), tip=tip)
    try:
        with view:
            yield view
    except (KeyboardInterrupt, IngestInterruptedError) as error:
        raise StoppedError(
            f"stopped {_how_far(view)} of {source!r}; {kept},"
            " run the same command again to go on from there"
        ) from error


def _how_far(view: ProgressView) -> str:
    """``at 1:04``; of a long file that has previews alone, ``after 48 previews``."""
    if view.last is None:
        return "at 0:00"
    if view.last.previews and not view.last.done_ticks:
        return f"after {view.last.previews} previews"
    return f"at {format_time(view.last.done_ticks)}"


def say_what_is_left(session: Session, source: str) -> None:
    """After a conversation: how far the watching behind it came, and the command that goes on."""
    session.stop_watching()
    if not Path(source).exists():  # a recording by its name: nothing was watched behind
        return
    try:
        seen = session.inspect(source)
    except StreamvidError:
        return
    if seen.summary.complete or seen.summary.busy:  # busy: another streamvid goes on with it
        return
    done = format_time(seen.ticks_expected - seen.ticks_pending)
    previews = f" and {seen.previews} previews" if seen.previews else ""
    say(
        f"watched {done} of {format_time(seen.ticks_expected)}{previews}; all of it is kept,"
        f" `streamvid ingest {shlex.quote(source)}` goes on"
    )


def going_on(session: Session, source: str) -> bool:
    """Whether another process watches ``source`` right now; then says so.

    A question is answered from what that process has remembered so far, not after its end.
    """
    try:
        seen = session.inspect(source)
    except StreamvidError:
        # Not remembered yet, or no video: the command itself tells, with the remedy.
        return False
    if not seen.summary.busy or seen.summary.complete:
        return False  # what is complete may be encoded anew: until that is done, all is as it was
    say("another streamvid is watching this; the answer rests on what it has seen so far")
    return True
