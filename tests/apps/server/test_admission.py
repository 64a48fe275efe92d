from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.server.admission import Admission, checked_patterns, matches, real_file
from apps.server.protocol import ProtocolError

CAMERAS = "rtsp://cam-*.lan/live/*"


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://cam-1.lan/live/main",
        "RTSP://CAM-1.LAN/live/main",
        "rtsp://user:secret@cam-1.lan/live/main",
        "rtsp://cam-1.lan/live/a?x=1",
    ],
)
def test_a_pattern_takes_what_it_says(address):
    assert matches(address, CAMERAS)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://cam-x@evil.example/a.lan/live/x",
        "rtsp://cam-x:y@evil.example/.lan/live/x",
        "rtsp://cam-1.lan:9999/live/main",
        "rtsp://cam-1.lan/other",
        "rtsp://cam-1.lan/live/../admin",
        "rtsp://cam-1.lan/live/%2e%2e/admin",
        "rtsp://cam-1.lan/live/%252e%252e/admin",
        "rtsps://cam-1.lan/live/main",
        "http://cam-1.lan/live/main",
        "rtsp://cam-1.lan /live/main",
        "rtsp://cam-1.lan\\@evil.example/live/x",
        "rtsp://[cam-1.lan/live/x",
        "rtsp://cam-1.lan:port/live/x",
        "rtsp:///live/x",
        "rtsp:cam-1.lan/live/x",
        "file:///etc/passwd",
        "concat:a.mp4|b.mp4",
        "",
    ],
)
def test_a_pattern_takes_nothing_else(address):
    assert not matches(address, CAMERAS)


def test_a_playlist_needs_a_pattern_that_names_playlists():
    for name in ("x.m3u8", "x.M3U", "deep/x.m3u8"):
        assert not matches(f"http://cam.lan/{name}", "http://cam.lan/*")
        assert not matches(f"http://cam.lan/{name}?a=b", "http://cam.lan/*")
        assert not matches(f"http://cam.lan/{name}", "http://*/*.mjpg")
    assert matches("http://cam.lan/x.m3u8", "http://cam.lan/*.m3u8")
    assert not matches("http://cam.lan/x.mjpg", "http://cam.lan/*.m3u8")
    assert matches("http://cam.lan/x.mjpg?a=.m3u8", "http://cam.lan/*")


def test_devices_and_pushed_sources_are_matched_whole():
    assert matches("push:", "push:")
    assert matches("webcam:0", "webcam:*")
    assert not matches("webcam:0", "push:")
    assert not matches("file:/etc/passwd", "file:*")


def test_patterns_need_a_scheme():
    assert checked_patterns(["rtsp://*/*", "push:"]) == ("rtsp://*/*", "push:")
    for pattern in ("*", "cam.lan/*", "file:///srv/*"):
        with pytest.raises(ValueError, match="names no scheme"):
            checked_patterns([pattern])


@given(st.text())
def test_no_text_breaks_the_door(address):
    try:
        Admission((CAMERAS, "push:"), None).permitted(address)
    except ProtocolError as error:
        assert error.code == "not_allowed"  # noqa: PT017 - whether it raises depends on the text


@pytest.fixture
def root(tmp_path):
    inside = tmp_path / "media"
    (inside / "deep").mkdir(parents=True)
    (inside / "a.mp4").write_bytes(b"a")
    (inside / "deep" / "b.mp4").write_bytes(b"b")
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "media-2").mkdir()
    (tmp_path / "media-2" / "c.mp4").write_bytes(b"c")
    (inside / "out").symlink_to(tmp_path)
    (inside / "link.mp4").symlink_to(tmp_path / "secret")
    (inside / "good.mp4").symlink_to(inside / "deep" / "b.mp4")
    (inside / "loop").symlink_to(inside / "loop")
    os.mkfifo(inside / "pipe")
    return inside


def test_files_below_the_root_are_found_through_links_that_stay_there(root):
    assert real_file(root, "a.mp4") == root / "a.mp4"
    assert real_file(root, "deep/b.mp4") == root / "deep" / "b.mp4"
    assert real_file(root, "good.mp4") == root / "deep" / "b.mp4"


@pytest.mark.parametrize(
    "address",
    [
        "../secret", "deep/../../secret", "deep/../a.mp4", "out/secret", "out/media/a.mp4/../..",
        "link.mp4", "loop", "pipe", "deep", ".", "", "/etc/passwd", "a.mp4\x00", "x" * 5000,
        "../media-2/c.mp4", "out/media-2/c.mp4", "missing.mp4",
    ],
)  # fmt: skip
def test_nothing_leads_outside(root, address):
    assert real_file(root, address) is None


def test_missing_and_outside_sound_alike(root):
    def words(address):
        with pytest.raises(ProtocolError) as raised:
            Admission((), root).permitted(address)
        return raised.value.message

    assert words("missing.mp4") == words("../secret") == words("/etc/passwd")


def test_an_absolute_path_is_refused_though_it_lies_inside(root):
    assert real_file(root, str(root / "a.mp4")) is None


def test_without_a_root_no_file_is_taken():
    with pytest.raises(ProtocolError, match="media-root"):
        Admission().permitted("a.mp4")
