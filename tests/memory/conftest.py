from __future__ import annotations

import tempfile
from collections.abc import Iterator
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
