"""The parent's side of a live child: started, listened to, and ended for certain."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from threading import Lock, Thread
from types import ModuleType
from typing import Any

from capture.live_child import serve
from capture.live_messages import (
    MAX_MESSAGE_BYTES,
    Message,
    Order,
    decode_message,
    encode_order,
)

TERMINATE_S = 2.0
"""How long a child may take to die of SIGTERM before it is killed."""

_starting = Lock()


class ChildProcess:
    """One process that obeys orders. ``take`` gets its messages, and None once when it is gone.

    ``take`` runs in a thread of its own, with this object as its first argument.
    """

    def __init__(self, take: Callable[[ChildProcess, Message | None], None]) -> None:
        context = _context()
        self._take = take
        self._pipe, child_end = context.Pipe()
        self._process = context.Process(
            target=serve, args=(child_end,), name="streamvid-capture", daemon=True
        )
        try:
            with _starting, _nameless_main():
                self._process.start()
        except BaseException:
            self._pipe.close()
            raise
        finally:
            child_end.close()  # else a child killed while it speaks would be waited for forever
        self.pid: int | None = self._process.pid
        self.is_gone = False
        self._listener = Thread(target=self._listen, name="streamvid-listener", daemon=True)
        self._listener.start()

    def send(self, order: Order) -> None:
        """Give an order; a child that is gone is reported through ``take``, not here."""
        with contextlib.suppress(OSError):
            self._pipe.send_bytes(encode_order(order))

    def stop(self) -> None:
        """End the process: SIGTERM, and SIGKILL after 2 s. Not to be called from ``take``."""
        self._process.terminate()
        self._process.join(TERMINATE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._listener.join()  # ends at the pipe's end, which the child's death is
        self._process.close()

    def _listen(self) -> None:
        try:
            while True:
                self._take(self, decode_message(self._pipe.recv_bytes(MAX_MESSAGE_BYTES)))
        except (
            EOFError,
            OSError,
            ValueError,
        ):  # gone, killed within a message, or not to be trusted
            self._pipe.close()
            self.is_gone = True
            self._take(self, None)


def _context() -> Any:
    """A forkserver that has PyAV loaded where there is one, else spawn; never a plain fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["av", "numpy"])
    return context


@contextlib.contextmanager
def _nameless_main() -> Iterator[None]:
    """Keep the child from running the program's main module again, and loading torch with it.

    ``multiprocessing`` tells a child where ``__main__`` came from. While it starts, a module
    stands there that has everything of the real one but its origin.
    """
    main = sys.modules.get("__main__")

    class Nameless(ModuleType):
        def __getattr__(self, name: str) -> Any:
            return getattr(main, name)

    stand_in = Nameless("__main__")
    stand_in.__file__ = None
    stand_in.__spec__ = None
    sys.modules["__main__"] = stand_in
    try:
        yield
    finally:
        if main is not None:
            sys.modules["__main__"] = main
