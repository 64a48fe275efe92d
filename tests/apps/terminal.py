"""The program on a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time
from typing import Any

CURSOR_ASKED = b"\x1b[6n"


class Terminal:
    """The program on a pseudo-terminal; ``until`` reads on until a text has come."""

    def __init__(
        self,
        program: Any,
        *arguments: Any,
        stdout: Any = None,
        term: str = "dumb",
        **environment: str,
    ) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 160))
        self.child = subprocess.Popen(
            program.command(*arguments),
            env=program.environment(TERM=term, **environment),
            cwd=program.home,
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, *, timeout_s: float = 20) -> str:
        end_s = time.monotonic() + timeout_s  # a live line is drawn again and again
        while text not in self.seen:
            left_s = max(0.0, end_s - time.monotonic())
            ready, _, _ = select.select([self.master], [], [], left_s)
            assert ready, f"no {text!r} in {self.seen!r}"
            try:
                piece = os.read(self.master, 4096)
            except OSError:  # how Linux tells that the other end is closed
                piece = b""
            assert piece, f"ended without {text!r}: {self.seen!r}"
            if CURSOR_ASKED in piece:  # as every terminal that a person has does
                os.write(self.master, b"\x1b[1;1R")
            self.seen += piece.decode(errors="replace")
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self.master)
