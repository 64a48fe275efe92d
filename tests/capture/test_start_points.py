from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.start_points import INTRA_ONLY, KEY_RESETS, is_start_point
from tests.capture.untimed import UNTIMED
from tests.capture.videos import KINDS, video

CUTS_NOWHERE = {"uneven.mkv", "one_group.mp4"}  # too few key frames to tell anything


def starts_and_keys(path: Path) -> tuple[int, int]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec, extradata = stream.codec_context.name, stream.codec_context.extradata or b""
        packets = [packet for packet in container.demux(stream) if packet.size]
    keys = [packet for packet in packets if packet.is_keyframe]
    starts = [
        packet
        for packet in packets
        if is_start_point(codec, extradata, bytes(packet), is_key=packet.is_keyframe)
    ]
    return len(starts), len(keys)


@pytest.mark.parametrize(
    "name",
    [name for name in sorted(KINDS) if "open" not in name and name not in CUTS_NOWHERE],
)
def test_closed_groups_start_at_every_key(name: str, video_folder: Path) -> None:
    starts, keys = starts_and_keys(video(name, video_folder))
    assert starts == keys > 1


@pytest.mark.parametrize("name", ["open_groups.mp4", "hevc_open.mp4", "mpeg2_open.ts"])
def test_open_groups_start_at_the_first_key_at_most(name: str, video_folder: Path) -> None:
    starts, keys = starts_and_keys(video(name, video_folder))
    assert starts <= 1
    assert keys > 1


def test_both_ways_to_frame_nal_units_are_read() -> None:
    annex_b = b"\0\0\0\1\x67abc\0\0\1\x68de\0\0\1\x65slice"
    prefixed = b"\0\0\0\4\x67abc\0\0\0\3\x68de\0\0\0\6\x65slice"
    avcc = b"\1\x64\0\x1f\xff\xe1"
    assert is_start_point("h264", b"", annex_b, is_key=True)
    assert is_start_point("h264", avcc, prefixed, is_key=True)
    assert not is_start_point("h264", b"", annex_b.replace(b"\x65", b"\x61"), is_key=True)
    assert not is_start_point("h264", avcc, prefixed.replace(b"\x65", b"\x61"), is_key=True)
    assert not is_start_point("h264", b"", annex_b, is_key=False)


def test_unknown_codecs_start_nowhere_and_single_pictures_anywhere() -> None:
    assert not is_start_point("theora", b"", b"x" * 20, is_key=True)
    assert is_start_point("mjpeg", b"", b"", is_key=False)
    assert not is_start_point("vp9", b"", b"", is_key=False)


@UNTIMED
@given(
    st.sampled_from(["h264", "hevc", "mpeg2video", "libdav1d", *INTRA_ONLY, *KEY_RESETS]),
    st.binary(max_size=40),
    st.binary(max_size=200),
    st.booleans(),
)
def test_no_bytes_make_it_fail(codec: str, extradata: bytes, packet: bytes, is_key: bool) -> None:
    assert is_start_point(codec, extradata, packet, is_key=is_key) in (True, False)
