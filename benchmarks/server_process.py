"""A real ``streamvid serve`` as a child process, with what it costs: CPU and memory."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent
START_LIMIT_S = 60.0
END_LIMIT_S = 20.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ServerProcess:
    """Serves ``sources`` (address by name) from ``home`` on a free port until it is left.

    What it says goes to ``log``. ``settings`` are values of ``--set``. Raises ``RuntimeError``
    where it does not start.
    """

    def __init__(
        self,
        home: Path,
        sources: Mapping[str, str],
        *,
        log: Path,
        settings: Sequence[str] = (),
    ) -> None:
        command = [sys.executable, "-m", "apps", "serve", "--port", "0", "--json"]
        command += ["--home", str(home)]
        for name, address in sources.items():
            command += ["--source", f"{name}={address}"]
        for setting in settings:
            command += ["--set", setting]
        paths = (str(ROOT), os.environ.get("PYTHONPATH", ""))
        with log.open("w") as errors:
            self._child = subprocess.Popen(
                command,
                cwd=home,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is for the benchmark, which then ends this one
                text=True,
            )
        try:
            self.url = self._where(log)
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def cpu_s(self) -> float:
        """User and system seconds of the process itself so far; captures are children."""
        words = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / _TICKS_PER_S

    def resident_bytes(self) -> int:
        """What it and all its children hold; pages that they share count for each."""
        return sum(_resident_bytes(pid) for pid in _tree(self._child.pid))

    def _where(self, log: Path) -> str:
        assert self._child.stdout is not None
        ready, _, _ = select.select([self._child.stdout], [], [], START_LIMIT_S)
        line = self._child.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError(f"the server did not start: {log.read_text().strip()}")
        return str(json.loads(line)["url"])

    def _end(self) -> None:
        self._child.send_signal(signal.SIGINT)
        try:
            self._child.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()


def _tree(pid: int) -> list[int]:
    """``pid`` and all below it; those that end meanwhile are left out."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
