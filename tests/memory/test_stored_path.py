from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from memory import Home, ModelIdentity, describe_file
from memory.stored_path import clean_text, path_of, stored_path
from memory.summary import SUMMARY_NAME
from tests.memory.frames import batch_of

paths = st.binary(max_size=40).map(lambda raw: "/" + os.fsdecode(raw.replace(b"\0", b"")))


@given(paths)
def test_every_path_comes_back_from_a_text_that_can_be_stored(path: str) -> None:
    stored = stored_path(path)
    stored.encode("utf-8")
    assert path_of(stored) == path


@given(st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: f"/{text}"))
def test_an_ordinary_path_is_stored_as_it_is(path: str) -> None:
    assert stored_path(path) == path


@given(paths)
def test_a_cleaned_text_can_be_stored(text: str) -> None:
    assert clean_text(text).encode("utf-8").decode("utf-8") == clean_text(text)


def test_a_file_whose_name_is_no_utf_8_is_remembered_and_found(
    tmp_path: Path, model: ModelIdentity
) -> None:
    folder = tmp_path / os.fsdecode(b"h\xe9")
    folder.mkdir()
    film = folder / os.fsdecode(b"caf\xe9.mp4")
    film.write_bytes(b"film" * 100)
    home = Home(folder / "home")
    made = home.create(describe_file(film), model, created_wall_s=1.0)
    with made.writer(model) as writer:
        writer.commit(batch_of(0, 3))
    film.unlink()
    for source in (film, str(film), film.name, "caf?.mp4"):
        assert home.find(source).id == made.id
    assert "caf%E9.mp4" in (made.folder / SUMMARY_NAME).read_text()
    assert home.list()[0].path == home.open("caf?.mp4").info.source.path == str(film)
