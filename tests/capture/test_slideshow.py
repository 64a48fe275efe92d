from __future__ import annotations

import numpy as np
import pytest

from capture import CaptureError, Frame, Settings, open_file
from capture.slideshow import write_slideshow

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 40)]


def test_every_second_shows_its_picture(tmp_path):
    shapes = [(60, 80), (90, 50), (40, 40), (300, 200)]
    pictures = [
        np.full((*shape, 3), colour, np.uint8)
        for shape, colour in zip(shapes, COLOURS, strict=True)
    ]
    path = tmp_path / "film.mp4"
    assert write_slideshow(path, iter(pictures * 3), size_px=(160, 120)) == 12
    with open_file(path, Settings()) as source:
        frames = [item for item in source if isinstance(item, Frame)]
    assert [frame.tick for frame in frames] == list(range(12))
    for number, frame in enumerate(frames):
        assert frame.pixels.shape == (120, 160, 3)
        mean = frame.pixels.reshape(-1, 3).mean(0)
        assert np.abs(mean - COLOURS[number % 4]).max() < 12


def test_a_folder_that_is_not_there_is_told(tmp_path):
    black = np.zeros((40, 40, 3), np.uint8)
    with pytest.raises(CaptureError, match=r"cannot write .*film\.mp4"):
        write_slideshow(tmp_path / "none" / "film.mp4", [black], size_px=(160, 120))
