"""A socket for other processes of the same user: who watches answers with the model it has loaded.

It is a file that only its owner may open, found through the recording's lock (memory.lock).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from apps.errors import ListenError
from apps.server.access import Access
from apps.server.admission import Admission
from apps.server.lobby import Lobby
from apps.server.protocol import Limits
from apps.server.room import Room
from apps.server.serving import QuietServer, Serving, server_config
from apps.server.sources import Notify
from apps.server.web import build_app
from streamvid.session import Session

LONGEST_PATH_BYTES = 107 if sys.platform.startswith("linux") else 103
"""What a socket's path may take; the BSDs and macOS have four bytes less room than Linux."""
_SHORTEST = Path("/tmp")
"""Where the folder for temporaries has a long path as well."""
_LONGEST_NAME = f"{2**32}.sock"
_END_WITHIN_S = 2.0
_START_WITHIN_S = 10.0


def socket_folder(variables: Mapping[str, str]) -> Path:
    """A folder of this user alone with a short path: in ``XDG_RUNTIME_DIR``, else for temporaries.

    The first of them where a socket's path fits. Raises ``ListenError`` where others could open or
    replace it, and where none is short enough.
    """
    runtime = Path(variables.get("XDG_RUNTIME_DIR", ""))
    name = f"streamvid-{os.getuid()}"
    if runtime.is_absolute() and _fits(runtime / "streamvid"):
        return _private(runtime / "streamvid")
    temporary = Path(tempfile.gettempdir())
    for base in (temporary, _SHORTEST):
        if _fits(base / name):
            _refuse_replaceable(base)
            return _private(base / name)
    raise ListenError(
        f"{str(temporary)!r} is too long for a socket's path; set XDG_RUNTIME_DIR to a shorter one"
    )


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _LONGEST_NAME)) <= LONGEST_PATH_BYTES


def _private(folder: Path) -> Path:
    """``folder``, made if need be, of this user alone. Raises ``ListenError``."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ListenError(f"cannot make {str(folder)!r}: {reason}; set XDG_RUNTIME_DIR") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ListenError(f"{str(folder)!r} is open to others; remove it or set XDG_RUNTIME_DIR")
    return folder


def _refuse_replaceable(base: Path) -> None:
    """Raises ``ListenError`` where others may rename what this user has in ``base``."""
    try:
        found = base.stat()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ListenError(f"cannot look at {str(base)!r}: {reason}; set XDG_RUNTIME_DIR") from error
    shared = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    if shared or found.st_uid not in (0, os.getuid()):
        raise ListenError(f"what is in {str(base)!r} can be replaced by others; set TMPDIR")


@contextlib.contextmanager
def local_socket(folder: Path) -> Iterator[tuple[socket.socket, Path]]:
    """A listening socket of this process in ``folder``, removed at the end.

    Those that killed processes left there go. Raises ``ListenError``.
    """
    _remove_left(folder)
    path = folder / f"{os.getpid()}.sock"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)  # of a process of the same number that was killed
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        listening.listen(16)
    except OSError as error:
        listening.close()
        reason = (error.strerror or str(error)).lower()
        raise ListenError(f"cannot listen at {str(path)!r}: {reason}") from error
    try:
        yield listening, path
    finally:
        listening.close()
        with contextlib.suppress(OSError):
            path.unlink()


def _remove_left(folder: Path) -> None:
    for path in folder.glob("*.sock"):
        with contextlib.suppress(OSError):
            if path.is_socket() and _is_left(path):
                path.unlink()


def _is_left(path: Path) -> bool:
    """Whether its process is gone and nobody listens: a container's processes have no number here.

    A process that lives may be about to listen.
    """
    try:
        os.kill(int(path.stem), 0)
    except ProcessLookupError:
        pass
    except (OSError, ValueError, OverflowError):  # another user's, or no number
        return False
    else:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False


class LocalServer:
    """Serves a room on a local socket, in a thread of its own; a context manager.

    The room's sources are those that it adopts. Leaving it sends clients away; sources and
    ``session`` are left to whoever made them.
    """

    def __init__(self, session: Session, listening: socket.socket) -> None:
        self._listening = listening
        self._serving = Serving(Access(None, "localhost"), Admission(), Limits())
        self._lobby = Lobby(
            limits=self._serving.limits,
            admission=self._serving.admission,
            most_clients=self._serving.most_clients,
            answer_threads=self._serving.answer_threads,
            kept_talks=self._serving.kept_talks,
        )
        self.notify: Notify = self._lobby.notify
        self.room = Room(session, (), most_sources=self._serving.limits.sources, notify=self.notify)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="local-server", daemon=True)

    def __enter__(self) -> LocalServer:
        self._thread.start()
        self._ready.wait(_START_WITHIN_S)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(2 * _END_WITHIN_S)
        self._lobby.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        telling = self._lobby.start(self.room)
        app = build_app(self._lobby, self._serving.access)
        server = QuietServer(server_config(self._serving, app))
        running = asyncio.create_task(server.serve(sockets=[self._listening]))
        self._ready.set()
        await self._stopping.wait()
        await self._lobby.see_off("the watch ends", patience_s=0.5, within_s=_END_WITHIN_S)
        server.should_exit = True
        telling.cancel()
        await asyncio.wait({running}, timeout=_END_WITHIN_S)
