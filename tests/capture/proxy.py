"""A TCP proxy with faults on demand; it knows nothing of what passes through it."""

from __future__ import annotations

import contextlib
import struct
import time
from select import select
from socket import SHUT_RDWR, SO_LINGER, SOL_SOCKET, create_connection, create_server, socket
from threading import Thread
from typing import Literal

Mode = Literal["pass", "slow", "pause", "blackhole", "vanish", "fin", "rst"]


class Proxy:
    """Passes connections on to ``upstream_port`` until ``mode`` says otherwise.

    ``pause`` stops reading (so the sender feels it), ``blackhole`` accepts and never answers,
    ``vanish`` says nothing more, not even good-bye, and refuses new connections (a half-open peer);
    ``fin`` and ``rst`` end connections, and refuse new ones the same way; ``slow`` lets
    ``slow_bytes_s`` through, and what is too much waits.
    """

    def __init__(self, upstream_port: int, mode: Mode = "pass") -> None:
        self.mode: Mode = mode
        self.slow_bytes_s = 10_000.0
        self.accepted = 0
        self._upstream_port = upstream_port
        self._is_open = True
        self._listener = create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[Thread] = []
        self._spawn(self._accept)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _spawn(self, target, *arguments) -> None:
        thread = Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while self._is_open:
            if self.mode == "vanish":
                self._listener.close()
                while self._is_open and self.mode == "vanish":
                    time.sleep(0.02)
                self._listener = create_server(("127.0.0.1", self.port))
            if select([self._listener], [], [], 0.05)[0]:
                client, _ = self._listener.accept()
                self.accepted += 1
                self._spawn(self._serve, client)

    def _serve(self, client: socket) -> None:
        """One client: both directions in one thread, never a blocking read."""
        with client:
            while self._is_open and self.mode == "blackhole":
                time.sleep(0.02)
            if not self._is_open or self.mode in ("fin", "rst"):
                self._end(client)
                return
            try:
                server = create_connection(("127.0.0.1", self._upstream_port), 5)
            except OSError:
                return
            with server:
                self._pump(client, server)

    def _pump(self, client: socket, server: socket) -> None:
        other = {client: server, server: client}
        with contextlib.suppress(OSError):
            while self._is_open:
                if self.mode in ("fin", "rst"):
                    self._end(client)
                    return
                if self.mode in ("pause", "blackhole", "vanish"):
                    time.sleep(0.02)
                    continue
                for ready in select([client, server], [], [], 0.05)[0]:
                    received = ready.recv(1024 if self.mode == "slow" else 65536)
                    if not received:
                        return
                    other[ready].sendall(received)
                    if self.mode == "slow":
                        time.sleep(len(received) / self.slow_bytes_s)

    def _end(self, client: socket) -> None:
        with contextlib.suppress(OSError):
            if self.mode == "rst":
                client.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            else:
                client.shutdown(SHUT_RDWR)
