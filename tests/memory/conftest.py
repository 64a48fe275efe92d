from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from memory import Home, ModelIdentity, Recording, Source
from tests.memory.frames import GEOMETRY, RAM_FOLDER


@pytest.fixture
def model() -> ModelIdentity:
    return ModelIdentity("f00d" * 16, GEOMETRY)


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(dir=RAM_FOLDER) as folder:
        yield Home(Path(folder) / "recordings")


@pytest.fixture
def film() -> Source:
    return Source(id="ab" * 32, kind="file", name="film.mp4", path="/films/film.mp4", size_bytes=9)


@pytest.fixture
def recording(home: Home, film: Source, model: ModelIdentity) -> Recording:
    return home.create(film, model, created_wall_s=1_000.0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    with mounted(tmp_path / "disk", mib=1) as folder:
        yield folder


@pytest.fixture
def medium_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB: with room for a live recording's reserve."""
    with mounted(tmp_path / "disk", mib=32) as folder:
        yield folder


@contextmanager
def mounted(folder: Path, *, mib: int) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
