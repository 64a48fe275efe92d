"""``streamvid watch``: a live source, watched into memory and asked in the same terminal."""

from __future__ import annotations

import os
import shlex
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from apps.cli.conversation import converse
from apps.cli.last_resort import LastResort, ended_by_signals
from apps.cli.live_options import LiveChoice, live_options
from apps.cli.options import Needed, Setup, TimeText, Words, open_session, say, takes_settings
from apps.cli.sources import existing_file, is_live
from apps.errors import AddressError, NothingSeenError, StoppedError
from apps.render import one_line
from apps.times import format_time
from capture import Address
from streamvid.answer import TimeRange
from streamvid.live import Watch, WatchEvent
from streamvid.live.sources import parse_address
from streamvid.session import AnswerStream, Conversation, Session

if TYPE_CHECKING:
    from apps.cli.watch_view import WatchView
    from apps.server.live_source import LiveWatched
    from apps.server.protocol import FrameDropped, SourceGap, SourceStatus

SOURCE_NAME = "live"
"""What the one source is called among messages."""
END_WITHIN_S = 3.5
"""From Ctrl-C to where nothing is waited for any more. On a busy machine the process is gone up to
1.6 s later (measured beside six busy processes on two cores), and five seconds are promised."""
_LOOK_S = 0.1
_EPILOG = """\b
Examples:
  streamvid watch rtsp://192.168.1.20/stream1 --name front --keep 20GB
  streamvid watch webcam:0 --for 8h
  streamvid watch talk.mp4 --realtime
  streamvid watch lavfi:testsrc2

\b
While it watches, type questions here, or ask from another terminal: streamvid ask front "…".
Ctrl-C ends it within five seconds, a second one at once; what was watched is kept, and the same
command goes on with it. How long it waits for a silent camera, and how it tries again:
streamvid watch --show-settings (live_…).
"""


@click.command(epilog=_EPILOG)
@click.argument("source", cls=Needed)
@click.option(
    "--name",
    type=Words(),
    metavar="TEXT",
    help="Name of the recording; the same name goes on with it. Default: the address.",
)
@click.option("--for", "for_s", type=TimeText(), metavar="TIME", help="End after this: 8h, 90m.")
@click.option("--realtime", is_flag=True, help="Play a file at filming speed, as if it were live.")
@live_options
@takes_settings
def watch(
    setup: Setup,
    *,
    source: str,
    name: str | None,
    for_s: float | None,
    realtime: bool,
    live: LiveChoice,
) -> None:
    """Watch a live SOURCE into memory until Ctrl-C, and answer questions about it meanwhile.

    SOURCE is an address (rtsp://, http://, webcam:N, lavfi:GRAPH), or with --realtime a file. It is
    lost and found as cameras are; when nothing was seen, and why, is remembered too.
    """
    address = _address(source, realtime=realtime)
    credentials = live.credentials(address.host)
    from apps.cli.watch_view import make_view
    from apps.server.live_source import LiveWatched
    from apps.server.local import LocalServer, local_socket, socket_folder

    view = make_view(setup, one_line(name or address.name))
    with (
        local_socket(socket_folder(os.environ)) as (listening, path),
        LastResort(END_WITHIN_S, partial(path.unlink, missing_ok=True)) as last_resort,
        ended_by_signals(last_resort, goes_on=sys.stdin.isatty) as terminated,
        open_session(setup, quiet=view.draws) as session,
    ):
        server = LocalServer(session, listening)

        def begin(tell: Callable[[WatchEvent], None]) -> Watch:
            def both(event: WatchEvent) -> None:
                tell(event)
                view.tell(event)

            return session.watch(
                address, name=name, live=setup.settings.live, credentials=credentials,
                keep=live.keep, socket=str(path), tell=both,
            )  # fmt: skip

        def notify(message: SourceGap | FrameDropped | SourceStatus) -> None:
            server.notify(message)
            view.notify(message)

        watched = LiveWatched(SOURCE_NAME, address.name, notify, begin)
        server.room.adopt(SOURCE_NAME, watched)
        with server:
            _watch_and_answer(view, watched, setup, session, for_s, terminated, last_resort)
        if not watched.watch.ready:
            # Nobody can stop a model that is loading, and nothing is lost with it.
            path.unlink(missing_ok=True)
            say("ended while the model was loading; what it saw meanwhile is not kept")
            sys.stdout.flush()
            os._exit(0)


def _watch_and_answer(
    view: WatchView,
    watched: LiveWatched,
    setup: Setup,
    session: Session,
    for_s: float | None,
    terminated: threading.Event,
    last_resort: LastResort,
) -> None:
    watching, began_s = watched.watch, time.monotonic()
    last_resort.stops(watching.stop)

    def over() -> bool:
        late = for_s is not None and time.monotonic() - began_s >= for_s
        return late or terminated.is_set() or not watching.running

    talk = LateTalk(session, watching)
    try:
        converse(
            talk, setup,
            within=TimeRange(), stills=None,
            lines=sys.stdin, questions=view.questions(watched, over),
        )  # fmt: skip
    except (KeyboardInterrupt, StoppedError):
        pass  # the ordinary end of a watch, in the middle of an answer as well
    finally:
        last_resort.begin()  # whatever ended it: from here on nothing may wait for long
        watching.stop()
        watching.wait()
        talk.close()
    watching.join()  # raises what ended it
    _say_what_was_seen(watching, view.name)


class LateTalk:
    """A conversation that is opened with its first question: before, nothing is remembered."""

    def __init__(self, session: Session, watching: Watch) -> None:
        self._session, self._watching = session, watching
        self._conversation: Conversation | None = None

    def ask(self, question: str, *, within: TimeRange) -> AnswerStream:
        """The next question. Raises ``NothingSeenError``."""
        if self._conversation is None:
            self._wait_for_the_model()
            self._watching.flush()
            if not self._watching.has_recording:
                raise NothingSeenError("nothing was seen yet; ask again when something is")
            recorded = self._session.recorded(self._watching.recording_id)
            self._conversation = recorded.conversation()
        return self._conversation.ask(question, within=within)

    def _wait_for_the_model(self) -> None:
        if not self._watching.ready:
            say("the model is loading ...")
        while self._watching.running and not self._watching.ready:
            self._watching.wait(_LOOK_S)

    def close(self) -> None:
        """Free what it held."""
        if self._conversation is not None:
            self._conversation.close()


def _say_what_was_seen(watching: Watch, name: str) -> None:
    status = watching.status()
    counters = status.counters
    if not watching.has_recording:
        never = status.source.last_frame_age_s is None
        say(f"nothing {'was seen' if never else 'is remembered'} of it")
        return
    remembered = format_time(counters.expected - counters.pending)
    say(
        f"{remembered} are remembered: seen {counters.seen:,}, covered"
        f" {counters.covered:,}, dropped {counters.dropped:,}, not seen {counters.gapped:,};"
        f" ask on with: streamvid ask {shlex.quote(watching.recording_id)} …"
    )


def _address(source: str, *, realtime: bool) -> Address:
    """Raises ``SourceRefusedError``, ``AddressError``, ``NoFileError``."""
    if not is_live(source):
        existing_file(source)
        if not realtime:
            raise AddressError(
                "a file is watched as fast as it goes by `streamvid ingest`; pass --realtime to"
                " play it as if it were live"
            )
    return parse_address(source, realtime=realtime)
