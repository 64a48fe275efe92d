from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import capture
from capture.truncation import is_cut_short
from tests.capture.untimed import UNTIMED
from tests.capture.videos import X264, encode, steady, video


@pytest.fixture(params=["camera.mp4", "pyramid.mkv", "shuffled.avi", "fragments.mp4"])
def whole(request: pytest.FixtureRequest, video_folder: Path) -> Path:
    return video(request.param, video_folder)


def test_a_whole_file_is_whole_and_half_of_it_is_cut(whole: Path, tmp_path: Path) -> None:
    assert not is_cut_short(whole)
    half = tmp_path / whole.name
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert is_cut_short(half)


def test_other_containers_say_nothing(video_folder: Path) -> None:
    assert not is_cut_short(video("offset.ts", video_folder))


def test_a_cut_that_decodes_cleanly_still_leaves_a_record(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", steady(6, 10), fps=10, options=X264)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with capture.open_file(path) as source:
        seen = list(source)
        counters = source.counters()
    assert any(isinstance(one, capture.Frame) for one in seen)
    assert counters.damaged_packets >= 1
    assert capture.probe_file(path).cut_short


@UNTIMED
@given(st.sampled_from([b"RIFF", b"\x1a\x45\xdf\xa3", b"\0\0\0\x18ftyp"]), st.binary(max_size=60))
def test_no_bytes_make_it_fail(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.bin"
    path.write_bytes(start + rest)
    assert is_cut_short(path) in (True, False)


def test_a_file_that_goes_away_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", steady(6, 10), fps=10, options=X264)
    with capture.open_file(path) as source:
        passing = iter(source)
        next(passing)
        path.unlink()
        with pytest.raises(capture.OpenError, match="went away while it was read: no such file"):
            list(passing)
