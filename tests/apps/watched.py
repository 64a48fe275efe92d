"""The program while it watches, as a child process, and what it says line by line."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
import time
from typing import IO, Any

from apps.server.protocol import parse_server

TIMEOUT_S = 20.0
PICTURE = "lavfi:testsrc2=size=96x64:rate=10"


class Watched:
    """``streamvid watch SOURCE --json`` under way; lines that are typed are its stdin."""

    def __init__(self, program: Any, *arguments: Any, **environment: str) -> None:
        self.child = subprocess.Popen(
            program.command("watch", *arguments, "--json"),
            env=program.environment(**environment),
            cwd=program.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        program.children.append(self.child)
        self.lines: list[dict[str, Any]] = []
        self.said: list[str] = []
        self._news: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._readers = [
            threading.Thread(target=self._read, args=(self.child.stdout,), daemon=True),
            threading.Thread(target=self._listen, args=(self.child.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def until(self, **fields: Any) -> dict[str, Any]:
        """The next line with all of ``fields``; a message of the protocol or an answer."""
        end_s = time.monotonic() + TIMEOUT_S
        while (left_s := end_s - time.monotonic()) > 0:
            line = self._news.get(timeout=left_s)
            assert line is not None, f"ended without {fields}: {self.end()} {self.lines}"
            if all(line.get(name) == value for name, value in fields.items()):
                return line
        raise AssertionError(f"no {fields} in {self.lines}")

    def ask(self, question: str) -> dict[str, Any]:
        """Type a question; its answer. Afterwards what was seen so far is on the disk."""
        self.put(question)
        return self.until(question=question)

    def put(self, question: str) -> None:
        """Type a question."""
        assert self.child.stdin is not None
        self.child.stdin.write(question + "\n")
        self.child.stdin.flush()

    def end(self, number: signal.Signals | None = None) -> tuple[int, float, str]:
        """Wait for its end, after a signal if one is given: exit code, seconds, what it said."""
        began_s = time.monotonic()
        if number is not None:
            self.child.send_signal(number)
        code = self.child.wait(TIMEOUT_S)
        took_s = time.monotonic() - began_s
        for reader in self._readers:
            reader.join(TIMEOUT_S)
        return code, took_s, "".join(self.said)

    def _read(self, pipe: IO[str]) -> None:
        for text in pipe:
            line = json.loads(text)
            if "question" not in line:
                parse_server(text)  # raises where it is no message of the protocol
            self.lines.append(line)
            self._news.put(line)
        self._news.put(None)

    def _listen(self, pipe: IO[str]) -> None:
        self.said.extend(pipe)


def inspected(program: Any, source: str = PICTURE) -> dict[str, Any]:
    """``inspect --json``, once its ticks add up."""
    done = program.run("inspect", source, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    parts = ("seen", "covered", "dropped", "gapped", "pending")
    assert found["ticks_expected"] == sum(found[f"ticks_{part}"] for part in parts), found
    return found
