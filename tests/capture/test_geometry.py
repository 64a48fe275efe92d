from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.geometry import UPRIGHT, kept_size, orientation, shown_size
from tests.capture.untimed import UNTIMED

ONE = 1 << 16
PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack("=9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(
    ("entries", "turned", "rotation_deg", "is_mirrored"),
    [
        ((1, 0, 0, 1), PIXELS, 0, False),
        ((0, -1, 1, 0), np.rot90(PIXELS, 1), 90, False),
        ((-1, 0, 0, -1), np.rot90(PIXELS, 2), 180, False),
        ((0, 1, -1, 0), np.rot90(PIXELS, 3), 270, False),
        ((-1, 0, 0, 1), PIXELS[:, ::-1], 0, True),
        ((1, 0, 0, -1), PIXELS[::-1], 180, True),
        ((0, 1, 1, 0), PIXELS.transpose(1, 0, 2), 270, True),
    ],
)
def test_a_display_matrix_turns_and_mirrors(
    entries: tuple[int, int, int, int], turned: np.ndarray, rotation_deg: int, is_mirrored: bool
) -> None:
    found = orientation(matrix(*entries))
    np.testing.assert_array_equal(found.apply(PIXELS), turned)
    assert found.apply(PIXELS).flags["C_CONTIGUOUS"]
    assert found.rotation_deg == rotation_deg
    assert found.is_mirrored == is_mirrored


def test_a_skewed_or_broken_matrix_leaves_the_picture_alone() -> None:
    assert orientation(struct.pack("=9i", *[ONE] * 9)) == UPRIGHT
    assert orientation(b"short") == UPRIGHT
    assert orientation(bytes(36)) == UPRIGHT


def test_wide_pixels_widen_the_picture_and_absurd_ones_do_not() -> None:
    assert shown_size(96, 160, Fraction(2)) == (192, 160)
    assert shown_size(96, 160, None) == (96, 160)
    assert shown_size(96, 160, Fraction(1000)) == (96, 160)
    assert shown_size(96, 160, Fraction(0)) == (96, 160)


@UNTIMED
@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(16, 2000))
def test_the_short_side_is_met_and_nothing_is_enlarged(
    width_px: int, height_px: int, short_side_px: int
) -> None:
    kept = kept_size(width_px, height_px, short_side_px)
    assert min(kept) == min(width_px, height_px, short_side_px)
    assert kept[0] <= width_px
    assert kept[1] <= height_px
    if min(width_px, height_px) > short_side_px:
        scale = min(kept) / min(width_px, height_px)
        assert abs(max(kept) - max(width_px, height_px) * scale) <= 1
        assert max(kept) % 2 == 0 or max(kept) == min(kept)
