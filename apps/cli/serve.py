"""``streamvid serve``: sources, a page and a websocket on one port."""

from __future__ import annotations

import asyncio
import os
import shlex
import ssl
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apps.cli.live_options import LiveChoice, live_options
from apps.cli.options import Setup, open_session, print_document, say, takes_settings
from apps.cli.sources import is_live
from apps.cli.token import token_options
from apps.errors import FAILED, AddressError, ListenError, SettingError
from apps.render import plain
from streamvid.errors import EngineClosedError, StreamvidError
from streamvid.session import Session

if TYPE_CHECKING:
    from apps.server.room import Room
    from apps.server.serving import Serving

DEFAULT_PORT = 8765
_EPILOG = """\b
Examples:
  streamvid serve --source talk=./talk.mp4 --source front=rtsp://192.168.1.20/stream1
  streamvid serve --source a=a.mp4 --source b=b.mp4 --port 9000 --media-root ~/Videos
  streamvid serve --source talk=talk.mp4 --host 0.0.0.0 --token-file token.txt
    --tls-cert cert.pem --tls-key key.pem

\b
A browser gives its camera to https pages and to this machine's own address alone. Ctrl-C ends the
server within five seconds; what was watched is kept. The protocol is docs/protocol.md.
"""


class NamedSource(click.ParamType[tuple[str, str]]):
    """``NAME=ADDRESS`` on the command line."""

    name = "source"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Name and address; a misuse where either is missing or the name is none."""
        from apps.server.protocol.bounds import SOURCE_NAME, OutOfBoundsError

        if isinstance(value, tuple):
            return value
        name, equals, address = str(value).partition("=")
        if not equals or not address:
            self.fail("write NAME=ADDRESS, such as talk=./talk.mp4", param, ctx)
        try:
            SOURCE_NAME.check(name)
        except OutOfBoundsError as error:
            self.fail(f"the name {error}", param, ctx)
        return name, address


@click.command(epilog=_EPILOG)
@click.option(
    "--source",
    "sources",
    multiple=True,
    type=NamedSource(),
    metavar="NAME=ADDRESS",
    help="Watch this under that name: a file, a live source's address, or a recording's name or id."
    " More than once.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; any but this machine's own needs a token.",
)
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0 takes a free one.",
)
@token_options
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Certificate (PEM), for https and wss.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Its key (PEM), where the certificate's file has none.",
)
@click.option(
    "--allow-source",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Addresses that clients may add, such as rtsp://cam-*.lan/*; more than once.",
)
@click.option(
    "--media-root",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of files that clients may add.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Another page's origin (https://example.org) that may connect; more than once.",
)
@live_options
@takes_settings
def serve(
    setup: Setup,
    *,
    sources: tuple[tuple[str, str], ...],
    host: str,
    port: int,
    token: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    patterns: tuple[str, ...],
    media_root: Path | None,
    origins: tuple[str, ...],
    live: LiveChoice,
) -> None:
    """Watch sources and answer questions about them on a page and over a websocket.

    Each SOURCE is watched into a memory of its own, and can be asked while that goes on. Clients
    add only what --allow-source and --media-root permit. Without a token, only this machine is
    served.
    """
    serving = _serving(
        host, token, tls=(tls_cert, tls_key), patterns=patterns, media_root=media_root,
        origins=origins, setup=setup,
    )  # fmt: skip
    if not (sources or patterns or media_root):
        raise click.UsageError("nothing to serve; pass --source, --media-root or --allow-source")
    from apps.server.file_source import FileOpener
    from apps.server.live_source import LiveOpener
    from apps.server.local import local_socket, socket_folder
    from apps.server.pushed_source import PushedOpener, is_pushed
    from apps.server.serving import bound_socket
    from apps.server.serving import serve as run

    try:
        listening = bound_socket(host, port)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ListenError(f"cannot listen on {host} port {port}: {reason}; pass --port") from error
    scheme = "https" if tls_cert is not None else "http"
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{shown}:{listening.getsockname()[1]}/"
    with (
        listening,
        local_socket(socket_folder(os.environ)) as (nearby, path),
        open_session(setup) as session,
    ):
        live_sources = sum(is_live(address) or is_pushed(address) for _, address in sources)
        keep = partial(live.keep, sources=live_sources)
        live_opener = LiveOpener(
            session, setup.settings.live,
            find_credentials=live.credentials, named_credentials=live.named_credentials,
            keep=keep, socket=str(path),
        )  # fmt: skip
        pushed_opener = PushedOpener(
            session, setup.settings.live,
            keep=keep, socket=str(path),
        )  # fmt: skip
        openers = (live_opener, pushed_opener, FileOpener(session))
        begin = partial(_begin, sources=sources, url=url, as_json=setup.as_json)
        # The first question must not wait for the model; a daemon, since loading cannot be stopped.
        threading.Thread(target=_load, args=(session,), name="load", daemon=True).start()
        committed = asyncio.run(
            run(serving, session, (listening, nearby), openers=openers, begin=begin)
        )
        if not committed:
            # Waiting for it would only take longer; what was committed is there as after a kill.
            say("ended in the middle of a step; what was committed is kept")
            sys.stdout.flush()
            os._exit(FAILED)
    say("ended; what was watched is kept")


def _load(session: Session) -> None:
    """Load the model; where that fails, say so: questions will be told the same."""
    try:
        session.load()
    except EngineClosedError:
        return  # ended before
    except StreamvidError as error:
        say(plain(str(error)))


def _begin(room: Room, *, sources: tuple[tuple[str, str], ...], url: str, as_json: bool) -> None:
    """Add the first sources and say where the server is. Raises ``AddressError``."""
    from apps.server.live_source import LiveWatched
    from apps.server.protocol import ProtocolError

    for name, address in sources:
        try:
            source = room.add(name, address)
        except ProtocolError as error:
            raise AddressError(f"source {name!r}: {error.message}") from error
        if isinstance(source, LiveWatched) and source.watch.recording_id != name:
            where = shlex.quote(source.watch.recording_id)
            say(plain(f"{name}: goes on with what is remembered as {where}"))
    if as_json:
        print_document({"url": url, "sources": [name for name, _ in sources]})
    say(f"serving {len(sources)} sources at {url}; Ctrl-C ends it")


def _serving(
    host: str,
    token: str | None,
    *,
    tls: tuple[Path | None, Path | None],
    patterns: tuple[str, ...],
    media_root: Path | None,
    origins: tuple[str, ...],
    setup: Setup,
) -> Serving:
    """The server's rules. Raises ``SettingError``."""
    from apps.server.access import Access, is_loopback
    from apps.server.admission import Admission, checked_patterns
    from apps.server.protocol import Limits
    from apps.server.serving import Serving

    if token is None and not is_loopback(host):
        raise SettingError(f"anybody could reach {host!r}; pass --token-file with a token")
    for origin in origins:
        if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
            raise SettingError(f"{origin!r} is no origin; write https://HOST or https://HOST:PORT")
    try:
        allowed = checked_patterns(patterns)
    except ValueError as error:
        raise SettingError(str(error)) from error
    if media_root is not None and not media_root.is_dir():
        raise SettingError(f"no folder {str(media_root)!r}; pass --media-root with one")
    certificate, key = tls
    if certificate is None and key is not None:
        raise SettingError("--tls-key is given without --tls-cert; pass both")
    if certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            reason = (error.strerror or str(error)).lower()
            raise SettingError(f"cannot use {str(certificate)!r} for TLS: {reason}") from error
    return Serving(
        access=Access(token, host, certificate is not None, frozenset(origins)),
        admission=Admission(allowed, media_root),
        limits=Limits(),
        tls_cert=certificate,
        tls_key=key,
        answer_threads=setup.settings.core.waiting_questions,
    )
