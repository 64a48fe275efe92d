from __future__ import annotations

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import capture
from capture.stills import still_size
from tests.capture.untimed import UNTIMED
from tests.capture.videos import picture

PIXELS = picture(3, 90, 50)


def test_a_lossless_still_is_exact() -> None:
    for pixels in (PIXELS, PIXELS[:1, :1], PIXELS[::2, ::-1]):
        coded = capture.encode_still(pixels, lossless=True)
        np.testing.assert_array_equal(capture.decode_still(coded), pixels)
        assert still_size(coded) == pixels.shape[:2]


def test_a_jpeg_still_is_close_small_and_repeatable() -> None:
    coded = capture.encode_still(PIXELS)
    assert coded == capture.encode_still(PIXELS.copy())
    assert coded[:2] == b"\xff\xd8"
    assert still_size(coded) == (50, 90)
    decoded = capture.decode_still(coded)
    assert decoded.shape == PIXELS.shape
    assert abs(decoded.astype(int) - PIXELS).mean() < 8
    assert len(capture.encode_still(PIXELS, quality=30)) < len(coded) < PIXELS.nbytes


def test_colours_keep_their_order() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    for lossless in (True, False):
        decoded = capture.decode_still(capture.encode_still(red, lossless=lossless))
        assert decoded[8, 8, 0] > 250
        assert decoded[8, 8, 1:].max() < 6


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((1, 70_000, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(capture.StillError):
        capture.encode_still(pixels)


def test_quality_has_bounds() -> None:
    with pytest.raises(capture.StillError, match="1 to 100"):
        capture.encode_still(PIXELS, quality=0)


def test_a_still_that_claims_to_be_huge_is_not_decoded() -> None:
    coded = bytearray(capture.encode_still(PIXELS, lossless=True))
    coded[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(capture.StillError, match="60000x60000"):
        capture.decode_still(bytes(coded))


@UNTIMED
@given(st.binary(max_size=100), st.booleans(), st.integers(0, 400), st.integers(0, 10**6))
def test_bad_bytes_raise_our_error_or_decode(
    noise: bytes, lossless: bool, cut: int, seed: int
) -> None:
    coded = bytearray(capture.encode_still(PIXELS[:20, :20], lossless=lossless))
    for at in np.random.default_rng(seed).integers(0, len(coded), 3):
        coded[at] ^= 1 << seed % 8
    for bad in (noise, bytes(coded), bytes(coded[:cut]), bytes(coded[:cut]) + noise):
        with contextlib.suppress(capture.StillError):
            assert capture.decode_still(bad).ndim == 3
