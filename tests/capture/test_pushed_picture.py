"""What is taken for a picture, what is refused, and that refusing costs nothing."""

from __future__ import annotations

import struct
import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import capture
from capture import LiveSettings, PictureError
from capture.exif import orientation_of, without_exif
from capture.pushed_picture import PushedDecoder
from tests.capture.pushing import jpeg

DECODER = PushedDecoder(LiveSettings())


def with_size(coded: bytes, width: int, height: int) -> bytes:
    """``coded`` with another size in its frame header."""
    at = coded.index(b"\xff\xc0") + 5
    return coded[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + coded[at + 4 :]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(32, 24), (641, 481), (480, 853)])
def test_a_pushed_picture_is_what_a_file_of_it_would_be(tmp_path, size, progressive):
    coded = jpeg(3, width=size[0], height=size[1], progressive=progressive)
    (tmp_path / "one.jpg").write_bytes(coded)
    with capture.open_file(tmp_path / "one.jpg") as file:
        (expected,) = [item for item in file if isinstance(item, capture.Frame)]
    got = DECODER.decode(coded)
    assert got.coded == size
    assert min(got.pixels.shape[:2]) == min(336, *size)
    assert (got.pixels == expected.pixels).all()


@pytest.mark.parametrize(
    "coded",
    [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + bytes(100), b"GIF89a" + bytes(50), bytes(4000)],
)
def test_what_is_no_jpeg_is_refused(coded):
    with pytest.raises(PictureError):
        DECODER.decode(coded)


def test_a_cut_picture_is_refused_wherever_it_is_cut():
    for progressive in (False, True):
        coded = jpeg(1, width=160, height=120, progressive=progressive)
        for kept in range(len(coded) - 1):
            with pytest.raises(PictureError):
                DECODER.decode(coded[:kept])


def test_a_cut_picture_is_refused_although_somebody_closed_it():
    coded = jpeg(1, width=320, height=240)
    for kept in range(len(coded) - 8):  # the last blocks of one colour may be read from less
        with pytest.raises(PictureError):
            DECODER.decode(coded[:kept] + b"\xff\xd9")


@given(st.binary(max_size=60), st.integers(0, 2000), st.integers(0, 60))
@settings(deadline=None, max_examples=200)
def test_hostile_bytes_give_a_picture_or_a_refusal(wedge, at, gone):
    coded = jpeg(2, width=64, height=48)
    try:
        got = DECODER.decode(coded[:at] + wedge + coded[at + gone :])
    except PictureError:
        return
    assert got.pixels.dtype == np.uint8
    assert got.pixels.ndim == 3


def test_a_huge_picture_is_refused_by_its_header():
    with pytest.raises(PictureError, match="65000x65000"):
        DECODER.decode(with_size(jpeg(), 65_000, 65_000))
    with pytest.raises(PictureError, match="0x24"):
        DECODER.decode(with_size(jpeg(), 0, 24))
    small = PushedDecoder(LiveSettings(max_frame_px=4096))
    with pytest.raises(PictureError, match="128x64; send at most 4096 pixels"):
        small.decode(jpeg(width=128, height=64))


def test_a_second_header_cannot_smuggle_a_huge_picture_in():
    plain, huge = jpeg(), with_size(jpeg(), 65_000, 65_000)
    at = plain.index(b"\xff\xda")
    with pytest.raises(PictureError):
        DECODER.decode(plain[:at] + huge[huge.index(b"\xff\xc0") :])


def test_thousands_of_empty_scans_are_refused_before_they_are_decoded():
    grey = np.full((2304, 4096, 3), 128, np.uint8)
    plain = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    scan = plain[plain.rindex(b"\xff\xc4") : -2]  # the last table and scan: 45 bytes
    assert len(scan) < 60
    few = plain[:-2] + 30 * scan + plain[-2:]
    assert DECODER.decode(few).coded == (4096, 2304)
    bomb = plain[:-2] + 40_000 * scan + plain[-2:]
    began_s = time.process_time()
    with pytest.raises(PictureError, match="tables and scans"):
        DECODER.decode(bomb)
    assert time.process_time() - began_s < 1.0  # decoding them takes twenty seconds


def exif(value: int, order: str = ">") -> bytes:
    """An Exif segment whose orientation is ``value``."""
    head = b"MM\0*" if order == ">" else b"II*\0"
    tiff = head + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)
    return b"\xff\xe1" + (len(tiff) + 8).to_bytes(2, "big") + b"Exif\0\0" + tiff


UPRIGHT_BY_VALUE = {
    1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud,
    5: lambda p: p.transpose(1, 0, 2), 6: lambda p: np.rot90(p, -1),
    7: lambda p: np.rot90(p, 2).transpose(1, 0, 2), 8: np.rot90,
    9: lambda p: p,
}  # fmt: skip


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("value", "upright"), UPRIGHT_BY_VALUE.items())
def test_a_picture_on_its_side_is_turned_upright(value, upright, order):
    plain = jpeg(5, width=64, height=32)
    straight = DECODER.decode(plain).pixels
    turned = DECODER.decode(plain[:2] + exif(value, order) + plain[2:]).pixels
    assert (turned == upright(straight)).all()


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_a_broken_exif_segment_turns_nothing(tiff):
    assert orientation_of(tiff).rotation_deg in (0, 90, 180, 270)
    coded = jpeg(5)
    segment = b"\xff\xe1" + (len(tiff) + 8).to_bytes(2, "big") + b"Exif\0\0" + tiff
    bare, turn = without_exif(coded[:2] + segment + coded[2:])
    assert bare == coded
    assert turn == orientation_of(tiff)


@pytest.mark.parametrize(("value", "quarters"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_a_photo_on_its_side_is_upright_as_a_file_as_well(tmp_path, value, quarters):
    plain = jpeg(5, width=64, height=32)
    (tmp_path / "photo.jpg").write_bytes(plain[:2] + exif(value) + plain[2:])
    with capture.open_file(tmp_path / "photo.jpg") as file:
        (frame,) = [item for item in file if isinstance(item, capture.Frame)]
    assert (frame.pixels == np.rot90(DECODER.decode(plain).pixels, quarters)).all()


def test_decoders_leave_nothing_to_the_next_picture():
    own = jpeg(6, progressive=True)
    start, end = own.index(b"\xff\xc4"), own.index(b"\xff\xda")
    bare = own[:start] + own[end:]  # decoded by whatever Huffman tables there are
    alone = PushedDecoder(LiveSettings()).decode(bare).pixels
    DECODER.decode(own)
    assert (DECODER.decode(bare).pixels == alone).all()
    with pytest.raises(PictureError):
        DECODER.decode(own[:500])
    assert (DECODER.decode(bare).pixels == alone).all()
