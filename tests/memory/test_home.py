from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memory import (
    AmbiguousSourceError,
    Home,
    ModelIdentity,
    RangeError,
    Recording,
    RecordingBusyError,
    RecordingExistsError,
    RecordingNotFoundError,
    Source,
    StorageDeniedError,
    StorageError,
    describe_file,
    describe_live,
)
from memory.database import DATABASE_NAME
from tests.memory.frames import batch_of


def add(home: Home, model: ModelIdentity, id: str, **more: object) -> Recording:
    source = Source(id=id, kind="file", name=f"{id[:2]}.mp4", path=f"/films/{id[:2]}.mp4")
    source = dataclasses.replace(source, **more)  # type: ignore[arg-type]  # test shorthand
    return home.create(source, model, created_wall_s=float(len(home.list())))


def test_a_home_that_was_never_used_is_empty(home: Home) -> None:
    assert home.list() == ()
    with pytest.raises(RecordingNotFoundError, match="no recording and no file called 'x'"):
        home.find("x")
    assert not home.path.exists()


@pytest.mark.parametrize("text", ["", "\0", "x" * 5_000, "../" * 2_000, "%", "ä" * 300])
def test_nothing_is_too_odd_to_be_asked_for(home: Home, recording: Recording, text: str) -> None:
    with pytest.raises(RecordingNotFoundError):
        home.find(text)


def test_a_home_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="not a directory"):
        Home(tmp_path / "file").list()


def test_a_home_that_cannot_be_made_is_one_line(film: Source, model: ModelIdentity) -> None:
    with pytest.raises(StorageDeniedError, match="'/proc/none/home' cannot be made"):
        Home("/proc/none/home").create(film, model, created_wall_s=1.0)


def test_a_file_that_is_there_and_not_remembered_says_so(home: Home, tmp_path: Path) -> None:
    (tmp_path / "new.mp4").write_bytes(b"new")
    with pytest.raises(RecordingNotFoundError, match=r"new.mp4' is there, but not remembered"):
        home.find(tmp_path / "new.mp4")


def test_what_a_crash_left_half_removed_is_in_nobodys_way(
    home: Home, recording: Recording, film: Source
) -> None:
    left = home.path / f".gone-{film.id}"
    left.mkdir()
    (left / DATABASE_NAME).write_bytes(b"half")
    assert len(home.list()) == 1
    home.remove(film.id)
    assert not left.exists()


def test_a_file_is_found_again_under_another_name(
    home: Home, model: ModelIdentity, tmp_path: Path
) -> None:
    path = tmp_path / "cat.mp4"
    path.write_bytes(b"meow" * 1000)
    made = home.ensure(describe_file(path), model, created_wall_s=1.0)
    renamed = path.rename(tmp_path / "dog.mp4")
    for source in (renamed, str(renamed), "cat.mp4", path, made.id, made.id[:6]):
        assert home.find(source).id == made.id
    renamed.unlink()
    assert home.open("cat.mp4").id == made.id
    with pytest.raises(RecordingNotFoundError):
        home.find("dog.mp4")


def test_a_changed_file_is_a_new_recording_that_names_the_old(
    home: Home, model: ModelIdentity, tmp_path: Path
) -> None:
    path = tmp_path / "growing.mp4"
    path.write_bytes(b"1")
    old = home.ensure(describe_file(path), model, created_wall_s=1.0)
    path.write_bytes(b"12")
    with pytest.raises(RecordingNotFoundError, match=f"has changed .* as {old.id[:12]}"):
        home.find(path)
    assert home.find(old.id[:8]).id == old.id
    new = home.ensure(describe_file(path), model, created_wall_s=2.0)
    assert new.info.replaces == old.id
    assert home.find(path).id == new.id
    path.unlink()
    assert home.find("growing.mp4").id == new.id


def test_ensure_opens_what_is_there(home: Home, film: Source, model: ModelIdentity) -> None:
    first = home.ensure(film, model, created_wall_s=1.0)
    again = home.ensure(film, model, created_wall_s=2.0)
    assert again.info == first.info
    with pytest.raises(RecordingExistsError, match=r"'film.mp4' is remembered already"):
        home.create(film, model, created_wall_s=3.0)


def test_an_ambiguous_beginning_is_refused_with_the_choices(
    home: Home, model: ModelIdentity
) -> None:
    for id in ("abcd1" * 12, "abcd2" * 12):
        add(home, model, id, name=id[4], path=None)
    with pytest.raises(AmbiguousSourceError, match=r"abcd\dabcd\dab, .*name one of these"):
        home.find("abcd")
    assert home.find("abcd1").id == "abcd1" * 12
    with pytest.raises(RecordingNotFoundError):
        home.find("abc")


def test_live_sources_that_begin_alike_are_told_apart_by_their_whole_ids(
    home: Home, model: ModelIdentity
) -> None:
    for address in ("push:camera-3f9a1c07", "push:camera-3f9b55d2"):
        home.create(describe_live(address), model, created_wall_s=1.0)
    with pytest.raises(AmbiguousSourceError, match=r"push:camera-3f9.{5}, push:camera-3f9.{5};"):
        home.find("push:camera-")
    assert home.find("push:camera-3f9a").id == "push:camera-3f9a1c07"


def test_two_files_of_one_name_are_told_apart(home: Home, model: ModelIdentity) -> None:
    add(home, model, "1" * 64, name="a.mp4", path="/x/a.mp4")
    add(home, model, "2" * 64, name="a.mp4", path="/y/a.mp4")
    with pytest.raises(AmbiguousSourceError):
        home.find("a.mp4")
    assert home.find("/y/a.mp4").id == "2" * 64


@pytest.mark.parametrize("id", ["rtsp://cam:554/one", "garden/gate", "..", "grün", "a b"])
def test_a_live_id_may_be_an_address_or_a_name(home: Home, model: ModelIdentity, id: str) -> None:
    if id == "..":
        with pytest.raises(RangeError, match="no dot first"):
            add(home, model, id)
        return
    add(home, model, id, kind="live", name=id, path=None)
    assert home.find(id).id == id
    assert home.get(id).info.source.kind == "live"
    assert [p.parent.parent for p in home.path.rglob("memory.db")] == [home.path]


def test_removing_forgets_all_of_it(home: Home, recording: Recording, film: Source) -> None:
    home.remove(film.id)
    assert home.list() == ()
    assert [p.name for p in home.path.iterdir()] == [".door"]
    with pytest.raises(RecordingNotFoundError, match="see the list"):
        home.remove(film.id)


def test_what_is_being_ingested_is_not_removed(
    home: Home, recording: Recording, model: ModelIdentity
) -> None:
    with recording.writer(model) as writer:
        with pytest.raises(RecordingBusyError, match=r"'film.mp4' is being .* stop that first"):
            home.remove(recording.id)
        writer.commit(batch_of(0, 2))
    assert home.list()[0].frames == 2


def test_a_broken_recording_is_listed_with_what_is_wrong_and_can_be_removed(
    home: Home, model: ModelIdentity
) -> None:
    add(home, model, "1" * 64)
    broken = add(home, model, "2" * 64)
    assert len(home.list()) == 2
    broken.path.write_bytes(b"not a database at all" * 500)
    good, bad = sorted(home.list(), key=lambda s: s.id)
    assert good.problem is None
    assert bad.problem is not None
    assert "damaged" in bad.problem
    assert home.find("22.mp4").id == bad.id  # from the line that was kept of it
    home.remove(bad.id)
    assert [s.id for s in home.list()] == [good.id]


def test_a_broken_recording_of_which_no_line_was_kept_can_be_removed(
    home: Home, model: ModelIdentity
) -> None:
    broken = add(home, model, "garden/gate", kind="live", name="gate", path=None)
    broken.path.write_bytes(b"not a database at all" * 500)
    (line,) = home.list()
    assert (line.id, line.name, line.created_wall_s) == ("garden/gate", "", 0.0)
    assert home.find("garden/gate").id == line.id
    home.remove(line.id)
    assert home.list() == ()


def test_what_a_crash_left_half_made_is_not_listed_and_not_in_the_way(
    home: Home, film: Source, model: ModelIdentity
) -> None:
    left = home.path / f".new-{film.id}"
    left.mkdir(parents=True)
    (left / DATABASE_NAME).write_bytes(b"half")
    assert home.list() == ()
    home.create(film, model, created_wall_s=1.0)
    assert not left.exists()


CREATE = """
import sys
from memory import Home, ModelIdentity, RecordingExistsError, Source
from tests.memory.frames import GEOMETRY
sys.stdin.readline()
source = Source("e" * 64, "file", "x.mp4")
try:
    Home(sys.argv[1]).create(source, ModelIdentity("m", GEOMETRY), created_wall_s=1.0)
    print("made")
except RecordingExistsError:
    print("exists")
"""


def test_of_processes_that_create_at_once_one_does(home: Home) -> None:
    root = str(Path(__file__).parents[2])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE, str(home.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": root},
            text=True,
        )
        for _ in range(3)
    ]
    answers = []
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        out, _ = child.communicate()
        answers.append(out.strip())
    assert sorted(answers) == ["exists", "exists", "made"]
