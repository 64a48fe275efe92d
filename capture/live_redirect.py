"""RTSP servers that lead elsewhere, inside the child: judged before anything is sent there.

FFmpeg follows them whatever it is told, and takes user and password along to any host. (Over HTTP
it has an option, and takes none along.) It says so in its log before it goes there, in the thread
that waits for the log's reader: here the reader judges, and takes away the means to go.
"""

from __future__ import annotations

import logging
import os
import re
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from capture.live_messages import Order

_SAID = re.compile(r"Status 3\d\d: Redirecting to (?P<target>.*)", re.DOTALL)
_LONGEST_CHARS = 900
"""A line of the log is cut off at 1,023 bytes, and behind that may stand another host."""


def refusal(url: str, target: str, *, follow: bool) -> str | None:
    """Why whoever opened ``url`` is not led on to ``target``; None where it may be.

    ``follow``: anywhere, but a password in ``url`` stays with its host, and within TLS.
    """
    if not follow:
        return "the server leads to another address, which is not followed"
    try:
        ours, theirs = urlsplit(url), urlsplit(target)
        host, other = ours.hostname, theirs.hostname
    except ValueError:
        return "the server leads to an address that cannot be read"
    if ours.username is None:
        return None
    plain = target.isascii() and target.isprintable() and not set(target) & {" ", "\\"}
    if not plain or not other or len(target) > _LONGEST_CHARS:
        return "the server leads to an address that cannot be read"
    if other != host:
        return f"the server leads to {other}, which is shown no password; watch that address"
    if theirs.scheme not in (("rtsps",) if ours.scheme == "rtsps" else ("rtsp", "rtsps")):
        return f"the server leads to {theirs.scheme}://, which is shown no password"
    return None


class RedirectJudge(logging.Handler):
    """Within it, the child opens what ``order`` names, and follows RTSP servers only as it may.

    ``refusal`` says where one was not followed; what was being opened has failed then.
    """

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.refusal: str | None = None
        self._order = order
        self._is_needed = order.kind == "rtsp" and (
            not order.follow_redirects or urlsplit(order.url).username is not None
        )
        self._logger = logging.getLogger("libav")
        self._limits: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        if self._is_needed:
            import av.logging

            self._logger.addHandler(self)
            self._logger.setLevel(logging.INFO)
            self._logger.propagate = False  # its lines hold passwords
            av.logging.set_skip_repeated(False)
            av.logging.set_level(av.logging.INFO)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_needed:
            import av.logging

            av.logging.set_level(None)
            self._logger.removeHandler(self)
        if self._limits is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)

    def emit(self, record: logging.LogRecord) -> None:
        """A line of FFmpeg's log; it goes on once this returns."""
        said = _SAID.fullmatch(record.getMessage())
        if said is None or self.refusal is not None:
            return
        self.refusal = refusal(self._order.url, said["target"], follow=self._order.follow_redirects)
        if self.refusal is not None:
            self._allow_no_socket()

    def _allow_no_socket(self) -> None:
        """Have the next socket refused: nothing else keeps FFmpeg from connecting."""
        try:
            import resource
        except ImportError:  # no such limits here: better to be gone, and to be started anew
            os._exit(1)
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, self._limits[1]))
