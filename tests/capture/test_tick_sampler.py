"""Pixels, not times: a wrong reference picture has a perfect timestamp."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

import capture
from capture.picture import PictureMaker
from capture.reader import Reader
from tests.capture.videos import KINDS, video


def decode_everything(path: Path) -> dict[int, tuple[float, np.ndarray]]:
    """For each tick the first picture in it, with nothing skipped and nothing sought."""
    maker, chosen, origin = PictureMaker(336), {}, None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = stream.time_base
        for picture in container.decode(stream):
            origin = picture.pts if origin is None else origin
            units = picture.pts - origin
            tick = units * base.numerator // base.denominator
            if tick >= 0 and tick not in chosen:
                pixels = maker.pixels(picture, stream.sample_aspect_ratio)
                chosen[tick] = (float(units * base), pixels)
    return chosen


def test_pixels_are_those_of_decoding_everything(any_video: Path) -> None:
    expected = decode_everything(any_video)
    with capture.open_file(any_video) as source:
        frames = [seen for seen in source if isinstance(seen, capture.Frame)]
    assert {frame.tick: frame.t_s for frame in frames} == {
        tick: t_s for tick, (t_s, _) in expected.items()
    }
    for frame in frames:
        np.testing.assert_array_equal(frame.pixels, expected[frame.tick][1])
        assert not frame.corrupt


@pytest.mark.parametrize(
    ("name", "share"),
    [("b_frames.mp4", 0.55), ("camera.mp4", 0.60), ("intra.mp4", 0.05), ("pyramid.mkv", 0.30)],
)
def test_most_pictures_are_never_decoded(
    name: str, share: float, video_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, decoded = video(name, video_folder), 0
    with capture.open_file(path) as source:
        source.index()
        plain_decode, plain_drain = Reader.decode, Reader.drain

        def counting(pictures: list) -> list:
            nonlocal decoded
            decoded += len(pictures)
            return pictures

        with monkeypatch.context() as patch:
            patch.setattr(Reader, "decode", lambda *a, **k: counting(plain_decode(*a, **k)))
            patch.setattr(Reader, "drain", lambda self: counting(plain_drain(self)))
            assert len(list(source)) == source.index().ticks
    assert decoded <= share * len(KINDS[name]["times"])


def test_a_clean_picture_is_preferred_to_a_corrupt_one_of_its_tick(robust_folder: Path) -> None:
    with capture.open_file(robust_folder / "corrupt_middle.mp4") as source:
        frames = [seen for seen in source if isinstance(seen, capture.Frame)]
    counters = source.counters()
    assert counters.damaged_packets > 0
    assert sum(frame.corrupt for frame in frames) <= counters.damaged_frames
    assert not frames[0].corrupt
    assert not frames[-1].corrupt
