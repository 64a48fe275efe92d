"""The real program as a child process, on small real videos, with the tiny model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
MODELS = (ROOT / "tests" / "streamvid", ROOT / "tests" / "apps")
COLOURS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220)}
TIMEOUT_S = 60.0


def write_video(path: Path, seconds: Sequence[str], *, fps: int = 4) -> Path:
    """A real H.264 file in ``path``'s container: one colour of ``COLOURS`` for each second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(fps * 2)}
        for number, colour in enumerate(np.repeat(seconds, fps)):
            picture = np.full((64, 96, 3), COLOURS[colour], np.uint8)
            # A moving bar, so that no two frames are the same.
            picture[:, number % 96] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@dataclass(frozen=True, slots=True)
class Program:
    """The program with a home of its own."""

    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("STREAMVID_", "XDG_"))}
        return kept | {
            "HOME": str(self.home),
            "STREAMVID_MODEL": "tiny_model:TinyModel",
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *MODELS))),
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "90",
            **more,
        }

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "apps", *map(str, arguments)]

    def run(
        self, *arguments: str | Path, stdin: str | bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end and return exit code and output."""
        done = subprocess.run(
            self.command(*arguments),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            env=self.environment(**environment),
            cwd=self.home,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def start(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Start and leave running, output in pipes."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(**environment),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def program(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Program(home)


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Nine seconds: red, then green, then blue."""
    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "colours.mp4", ["red"] * 3 + ["green"] * 3 + ["blue"] * 3)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory):
    """A hundred seconds, more than one block of ticks."""
    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "long.mp4", ["red", "green", "blue", "green"] * 25)


def one_line(finished: subprocess.CompletedProcess[str]) -> str:
    """The one line of a refusal; fails on a traceback, a signal or more than one line."""
    assert 1 <= finished.returncode <= 127, finished.stderr
    assert "Traceback" not in finished.stderr
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("streamvid: ")
    return lines[0]


@pytest.fixture
def refused():
    """``refused(finished)``: the one line of a refusal, after checking that it is one."""
    return one_line
