"""The process that watches one live source, because a blocked read cannot be interrupted.

It obeys orders from its pipe, one connection after the other, and is gone when the pipe closes.
It is killed without ceremony: it owns nothing but sockets.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

from capture.live_connection import LiveConnection
from capture.live_messages import Failed, Order, decode_order, encode_message
from capture.live_open import OpeningError, clean
from capture.live_outbox import Outbox
from capture.live_probe import probe_stream

_PR_SET_PDEATHSIG = 1


def serve(pipe: Connection) -> None:
    """Obey orders from ``pipe`` until it closes; the target of the child process."""
    _die_with_parent()
    orders: SimpleQueue[Order] = SimpleQueue()
    outbox = Outbox()
    Thread(target=_listen, args=(pipe, orders), daemon=True).start()
    Thread(target=_talk, args=(pipe, outbox), daemon=True).start()
    while True:
        order = orders.get()
        outbox.put(_obey(order, outbox))
        # A decoder hangs in reference cycles with its pictures: measured, 13 MB a connection at
        # 1080p, and so little else is allocated here that the collector would not come by itself.
        gc.collect()


def _obey(order: Order, outbox: Outbox) -> Failed:
    """One connection or probe, to its end."""
    try:
        if order.is_probe:
            for message in probe_stream(order):
                outbox.put(message)
            return Failed("end")
        return LiveConnection(order, outbox.put).watch()
    except OpeningError as error:
        return Failed(error.reason, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is: the parent says it and tries again
        return Failed("failed", clean(f"{type(error).__name__}: {error}", order))


def _listen(pipe: Connection, orders: SimpleQueue[Order]) -> None:
    try:
        while True:
            orders.put(decode_order(pipe.recv_bytes()))
    except (EOFError, OSError):
        os._exit(0)  # the parent is gone, whatever the other threads are blocked in


def _talk(pipe: Connection, outbox: Outbox) -> None:
    try:
        while True:
            pipe.send_bytes(encode_message(outbox.take()))
    except (BrokenPipeError, OSError):
        os._exit(0)


def _die_with_parent() -> None:
    """Signals as the parent wants them: Ctrl-C is its business, and SIGTERM ends C code too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):  # the pipe's end is the sure sign
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
