from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.errors import SourceUnreadableError
from memory.identity import END_BYTES, SAMPLE_BYTES, describe_file, file_identity, sampled_ranges

BIG_BYTES = 8 << 20


@pytest.fixture
def big_file(tmp_path: Path) -> Path:
    path = tmp_path / "big.mp4"
    path.write_bytes(bytes(range(256)) * (BIG_BYTES // 256))
    return path


def overwrite(path: Path, position: int, value: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        file.write(value)


def test_a_renamed_copy_is_the_same_file(big_file: Path, tmp_path: Path) -> None:
    copy = shutil.copy(big_file, tmp_path / "other name.mkv")
    assert file_identity(copy) == file_identity(big_file)


def test_a_grown_file_is_another(big_file: Path) -> None:
    before = file_identity(big_file)
    with big_file.open("ab") as file:
        file.write(b"\0")
    assert file_identity(big_file) != before


@pytest.mark.parametrize("position", [0, END_BYTES - 1, BIG_BYTES - END_BYTES, BIG_BYTES - 1])
def test_a_change_at_either_end_makes_another_file(big_file: Path, position: int) -> None:
    before = file_identity(big_file)
    overwrite(big_file, position, b"!?"[:1])
    assert file_identity(big_file) != before


def test_a_change_in_each_sample_makes_another_file(big_file: Path) -> None:
    seen = {file_identity(big_file)}
    for start, _ in sampled_ranges(BIG_BYTES)[1:-1]:
        overwrite(big_file, start, b"?!")
        seen.add(file_identity(big_file))
    assert len(seen) == 17


@pytest.mark.parametrize("content", [b"", b"x", b"x" * SAMPLE_BYTES, b"y" * END_BYTES])
def test_small_files_have_an_identity(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "small"
    path.write_bytes(content)
    other = tmp_path / "other"
    other.write_bytes(content + b"z")
    assert len(file_identity(path)) == 64
    assert file_identity(path) != file_identity(other)


@settings(deadline=None)
@given(size_bytes=st.integers(0, 1 << 45))
def test_at_most_three_mib_are_read_and_none_outside(size_bytes: int) -> None:
    ranges = sampled_ranges(size_bytes)
    assert sum(length for _, length in ranges) == 3 << 20
    assert all(0 <= start <= max(size_bytes - 1, 0) for start, _ in ranges)
    if size_bytes > END_BYTES:
        assert ranges[-1][0] + ranges[-1][1] == size_bytes
        assert all(start + length <= size_bytes for start, length in ranges)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceUnreadableError, match="is no file"):
        file_identity(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("name", ["missing.mp4", ".", "a\0b", "x" * 5_000])
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceUnreadableError, match=r"pass a .*video file") as caught:
        file_identity(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_described_file_knows_where_it_was(big_file: Path) -> None:
    source = describe_file(big_file)
    assert (source.name, source.path, source.size_bytes) == ("big.mp4", str(big_file), BIG_BYTES)
    assert source.id == file_identity(big_file)
    assert describe_file(big_file, name="cat").name == "cat"
