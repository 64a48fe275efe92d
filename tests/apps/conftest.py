"""The real program as a child process, on small real videos, with the tiny model."""

from __future__ import annotations

import io
import logging
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import pytest

from apps.cli import main
from tests.apps.served import Served, await_served

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
    """The program with a home of its own; ``children`` are ended with the test."""

    home: Path
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("STREAMVID_", "XDG_"))}
        return kept | own_environment(self.home) | more

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
        child = subprocess.Popen(
            self.command(*arguments),
            env=self.environment(**environment),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.children.append(child)
        return child


@pytest.fixture
def program(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    made = Program(home)
    yield made
    for child in made.children:
        with child:  # closes its pipes
            child.kill()


@pytest.fixture
def serve(program):
    """``serve(*arguments, **environment)``: a server on a free port, ended with the test."""

    def start(*arguments: str | Path, **environment: str) -> Served:
        return await_served(
            program.start("serve", "--port", "0", "--json", *arguments, **environment)
        )

    return start


@dataclass(frozen=True, slots=True)
class Inside:
    """The same program called in this process, for the many cases that need none of their own.

    Each call of ``run`` sets the variables, the folder and the streams that a process would have.
    """

    home: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(
        self, *arguments: str | Path, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        handlers, level = logging.root.handlers[:], logging.root.level
        with self.monkeypatch.context() as patch:
            for name in [n for n in os.environ if n.startswith(("STREAMVID_", "XDG_"))]:
                patch.delenv(name)
            for name, value in {**own_environment(self.home), **environment}.items():
                patch.setenv(name, value)
            for folder in MODELS:
                patch.syspath_prepend(folder)
            patch.chdir(self.home)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            try:
                with pytest.raises(SystemExit) as ended:
                    main([str(argument) for argument in arguments])
            finally:
                logging.root.handlers[:], logging.root.level = handlers, level
        output = self.capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, output.out, output.err)


def own_environment(home: Path) -> dict[str, str]:
    """Variables that give the program a home and the tiny model."""
    return {
        "HOME": str(home),
        "STREAMVID_MODEL": "tiny_model:TinyModel",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *MODELS))),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "90",
    }


@pytest.fixture
def inside(tmp_path, monkeypatch, capsys):
    home = tmp_path / "home"
    home.mkdir()
    return Inside(home, monkeypatch, capsys)


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Nine seconds: red, then green, then blue."""
    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "colours.mp4", ["red"] * 3 + ["green"] * 3 + ["blue"] * 3)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory):
    """A hundred and forty seconds: two blocks of 64 ticks and a part of a third."""
    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "long.mp4", ["red", "green", "blue", "green"] * 35)


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


@dataclass(frozen=True, slots=True)
class Pipes:
    """Both ends of a held model (held_model.py) and the variables that lead it to them."""

    reached: int
    go_on: int
    environment: dict[str, str]

    def wait(self) -> None:
        """Until the model stands still."""
        ready, _, _ = select.select([self.reached], [], [], TIMEOUT_S)
        assert ready, "the model never came to where it waits"
        assert os.read(self.reached, 1) == b"r"

    def let_go(self) -> None:
        """Let it go on, this time and every further time."""
        os.write(self.go_on, b"g" * 4096)


@pytest.fixture
def pipes(tmp_path):
    ends = {}
    for name in ("reached", "go_on"):
        os.mkfifo(tmp_path / name)
        ends[name] = os.open(tmp_path / name, os.O_RDWR)  # both ways: nobody waits to open it
    variables = {f"HELD_{name.upper()}": str(tmp_path / name) for name in ends}
    yield Pipes(**ends, environment=variables)
    for end in ends.values():
        os.close(end)
