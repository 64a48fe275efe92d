"""What a watch looks like: a live line and a prompt at a terminal, lines or JSON elsewhere."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import click

from apps.cli.options import Setup, say
from apps.render import event_line, watch_line
from streamvid.live import WatchEvent

if TYPE_CHECKING:
    from apps.server.live_source import LiveWatched
    from apps.server.protocol import FrameDropped, SourceGap, SourceStatus

LOOK_S = 0.2
STATUS_EVERY_S = 10.0
_WITHOUT_CURSOR = ("dumb", "unknown")


class WatchView(Protocol):
    """Where a watch is shown and questions come from; ``tell`` and ``notify`` from any thread."""

    name: str
    draws: bool
    """Whether it has the screen for itself."""

    def tell(self, event: WatchEvent) -> None:
        """Something happened."""

    def notify(self, message: SourceGap | FrameDropped | SourceStatus) -> None:
        """The same, as clients are told it."""

    def questions(self, watched: LiveWatched, over: Callable[[], bool]) -> Iterator[str]:
        """Lines that are typed, until ``over``."""


def make_view(setup: Setup, name: str) -> WatchView:
    """The one that fits where the program runs."""
    screen = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    if screen and not setup.as_json and os.environ.get("TERM") not in _WITHOUT_CURSOR:
        return TerminalView(name)
    return PlainView(name, as_json=setup.as_json)


class TerminalView:
    """A prompt with the watch's state below it, and what happens above."""

    draws = True

    def __init__(self, name: str) -> None:
        self.name = name
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()

    def tell(self, event: WatchEvent) -> None:
        """Shown above the prompt; while an answer is written, after it."""
        line = event_line(event)
        if line is not None:
            self._news.put(line)

    def notify(self, message: SourceGap | FrameDropped | SourceStatus) -> None:
        """``tell`` hears it as well."""

    def questions(self, watched: LiveWatched, over: Callable[[], bool]) -> Iterator[str]:
        """One line after the other; Ctrl-D ends them."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.patch_stdout import patch_stdout

        def below() -> str:
            watch = watched.watch
            line = watch_line(self.name, watch.status())
            return line if watch.ready else f"{line}  loading the model"

        session: PromptSession[str | None] = PromptSession(
            "> ", bottom_toolbar=below, refresh_interval=0.5, style=_style()
        )
        done = threading.Event()
        threading.Thread(target=self._mind, args=(session, over, done), daemon=True).start()
        try:
            while not over():
                with patch_stdout(raw=True):
                    try:
                        line = session.prompt(handle_sigint=False)
                    except EOFError:
                        return
                if line is None:
                    return
                if line.strip():
                    yield line.strip()
        finally:
            done.set()
            while not self._news.empty():
                say(self._news.get())

    def _mind(self, session: Any, over: Callable[[], bool], done: threading.Event) -> None:
        """Beside the prompt: show news while it stands, end it when all is over."""
        while not done.wait(LOOK_S):
            app = session.app
            if not app.is_running or app.loop is None:
                continue
            while not self._news.empty():
                print(self._news.get(), flush=True)  # noqa: T201 - patched: goes above the prompt
            if over():
                app.loop.call_soon_threadsafe(_leave, app)


class PlainView:
    """Lines on stderr, or messages of the protocol (docs/protocol.md) as JSON lines on stdout."""

    draws = False

    def __init__(self, name: str, *, as_json: bool) -> None:
        self.name = name
        self._as_json = as_json

    def tell(self, event: WatchEvent) -> None:
        """A line."""
        line = event_line(event)
        if line is not None and not self._as_json:
            say(f"{self.name}: {line}")

    def notify(self, message: SourceGap | FrameDropped | SourceStatus) -> None:
        """A document."""
        if self._as_json:
            from apps.server.protocol import text_of

            click.echo(text_of(message))

    def questions(self, watched: LiveWatched, over: Callable[[], bool]) -> Iterator[str]:
        """Lines of stdin, each once something can be asked; after their end it watches on."""
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(lines,), name="questions", daemon=True).start()
        told_s, held = time.monotonic(), list[str]()
        while not over():
            with suppress(queue.Empty):
                held.append(lines.get(timeout=LOOK_S))
            if held and watched.recording_id is not None:
                yield held.pop(0)
            if time.monotonic() - told_s >= STATUS_EVERY_S:
                told_s = time.monotonic()
                self.notify(watched.status())
                if not self._as_json:
                    say(watch_line(self.name, watched.watch.status()))


def _read(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        if line.strip():
            lines.put(line.strip())


def _leave(app: Any) -> None:
    if app.is_running and not app.is_done:
        app.exit(result=None)


def _style() -> Any:
    from prompt_toolkit.styles import Style

    return Style.from_dict({"bottom-toolbar": "noreverse"})
