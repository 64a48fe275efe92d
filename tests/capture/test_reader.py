from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest

import capture
from capture.reader import PassStoppedError, Reader
from capture.timetable import PacketId
from tests.capture.videos import KINDS, video


def reader_of(path: Path, closed: Event | None = None) -> Reader:
    return Reader(path, capture.Settings(), closed or Event())


@pytest.mark.parametrize("name", sorted(KINDS))
def test_reading_from_a_key_gives_the_packets_that_follow_it(name: str, video_folder: Path) -> None:
    reader = reader_of(video(name, video_folder))
    whole = [(packet.pts, packet.size, packet.is_keyframe) for packet in reader.packets()]
    keys = [number for number, (_, _, is_key) in enumerate(whole) if is_key]
    for number in reversed(keys):
        start = PacketId(*whole[number][:2])
        found = [(packet.pts, packet.size, packet.is_keyframe) for packet in reader.packets(start)]
        assert found == whole[number:]
    reader.close()


def test_a_start_that_is_not_there_is_an_error(video_folder: Path) -> None:
    reader = reader_of(video("b_frames.mp4", video_folder))
    with pytest.raises(capture.OpenError, match="changed while it was read"):
        list(reader.packets(PacketId(pts=123, size=1)))
    reader.close()


def test_a_closed_source_stops_reading_at_the_next_packet(video_folder: Path) -> None:
    closed = Event()
    reader = reader_of(video("b_frames.mp4", video_folder), closed)
    packets = reader.packets()
    next(packets)
    closed.set()
    with pytest.raises(PassStoppedError):
        next(packets)
    reader.close()
    reader.close()


def test_a_drained_decoder_starts_again_as_new(video_folder: Path) -> None:
    reader = reader_of(video("intra.mp4", video_folder))
    packets = list(reader.packets())
    first = [*reader.decode(packets[0]), *reader.drain()]
    again = [*reader.decode(packets[0]), *reader.drain()]
    assert [picture.pts for picture in first] == [picture.pts for picture in again] == [0]
    np.testing.assert_array_equal(reader.pixels(first[0]), reader.pixels(again[0]))
    assert reader.drain() == []
    reader.close()


def test_a_file_that_vanishes_is_an_error_of_ours(video_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone.mp4"
    path.write_bytes(video("b_frames.mp4", video_folder).read_bytes())
    with capture.open_file(path) as source:
        source.index()
        path.unlink()
        with pytest.raises(capture.OpenError, match="no such file"):
            list(source)
