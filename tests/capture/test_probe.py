from __future__ import annotations

from pathlib import Path

import pytest

import capture
from tests.capture.videos import video


def test_a_probe_tells_what_is_claimed_and_what_is_there(video_folder: Path) -> None:
    found = capture.probe_file(video("b_frames.mp4", video_folder))
    assert (found.container.split(",")[0], found.codec) == ("mov", "h264")
    assert found.coded == found.kept == (96, 64)
    assert found.claimed_fps == pytest.approx(30)
    assert found.mean_fps == pytest.approx(30)
    assert found.seen_s == pytest.approx(179 / 30)
    assert found.claimed_s == pytest.approx(6, abs=0.1)
    assert (found.packets, found.ticks) == (180, 6)
    assert found.key_packets == 4
    assert found.key_interval_s == pytest.approx(1.6)
    assert (found.rotation_deg, found.mirrored, found.pixel_aspect) == (0, False, "1")
    assert found.not_seekable == ""
    assert (found.cut_short, found.has_sound) == (False, False)


def test_a_probe_says_why_a_file_must_be_read_in_one_go(video_folder: Path) -> None:
    found = capture.probe_file(video("shuffled.avi", video_folder))
    assert found.ticks is None
    assert found.seen_s is None
    assert "display times" in found.not_seekable


def test_a_probe_sees_rotation_and_pixel_aspect(robust_folder: Path) -> None:
    turned = capture.probe_file(robust_folder / "rotate_90.mp4")
    assert (turned.rotation_deg, turned.coded, turned.kept) == (90, (192, 108), (108, 192))
    wide = capture.probe_file(robust_folder / "sar_2_1.mp4")
    assert (wide.pixel_aspect, wide.kept) == ("2", (192, 160))
    lie = capture.probe_file(robust_folder / "duration_lie_100h.mkv")
    assert (lie.claimed_s, lie.seen_s) == (360_000.0, 9.9)


def test_a_probe_refuses_what_open_file_refuses(tmp_path: Path) -> None:
    with pytest.raises(capture.OpenError):
        capture.probe_file(tmp_path / "absent.mp4")
