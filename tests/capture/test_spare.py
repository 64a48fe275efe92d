from __future__ import annotations

from pathlib import Path
from threading import Event

import av
import pytest

import capture
from capture.reader import Reader
from capture.spare import Spare
from capture.timetable import PacketId
from tests.capture.videos import video


def reader(folder: Path) -> Reader:
    return Reader(video("b_frames.mp4", folder), capture.Settings(), Event())


def is_open(one: Reader) -> bool:
    try:
        return next(one.packets(), None) is not None
    except (AssertionError, av.error.FFmpegError, ValueError):
        return False


def test_what_is_kept_is_taken_once(video_folder: Path) -> None:
    spare, mine = Spare(), reader(video_folder)
    assert spare.take() == (None, None)
    spare.keep(mine)
    assert spare.take() == (mine, None)
    assert spare.take() == (None, None)
    assert is_open(mine)
    mine.close()


def test_what_nobody_takes_is_closed(video_folder: Path) -> None:
    spare, first, second, late = Spare(), *(reader(video_folder) for _ in range(3))
    spare.keep(first)
    spare.keep(second)
    assert not is_open(first)
    spare.close()
    assert not is_open(second)
    spare.keep(late)
    assert spare.take() == (None, None)
    assert not is_open(late)


@pytest.mark.parametrize("sampling", ["tick", "keys"])
def test_one_container_serves_opening_and_the_timetable(
    video_folder: Path, monkeypatch: pytest.MonkeyPatch, sampling: capture.Sampling
) -> None:
    opened: list[str] = []
    really_open = av.open

    def counting_open(name: str, *rest: object, **options: object) -> object:
        opened.append(name)
        return really_open(name, *rest, **options)

    path = video("camera.mp4", video_folder)
    monkeypatch.setattr(av, "open", counting_open)
    with capture.open_file(path, capture.Settings(sampling=sampling)) as source:
        assert source.index().ticks == 6
        assert len(opened) == 1
        list(source)
    # Key frames need no decoder that has seen nothing: the same container serves them as well.
    assert len(opened) == (1 if sampling == "keys" else 2)


def test_a_key_frame_that_no_seek_leads_to_is_not_found(video_folder: Path) -> None:
    one = reader(video_folder)
    assert one.packet_at(PacketId(10**9, 1)) is None
    one.close()
