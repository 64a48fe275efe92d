from __future__ import annotations

import os
import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import pytest

import capture
from capture.container import open_container
from tests.capture.videos import X264, encode, steady, video


def refusal(path: Path, **settings: int) -> str:
    with pytest.raises(capture.CaptureError) as caught:
        capture.open_file(path, capture.Settings(**settings))
    message = str(caught.value)
    assert "\n" not in message
    assert not message.endswith(".")
    return message


def test_paths_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "absent.mp4")
    assert "is a directory" in refusal(tmp_path)
    (tmp_path / "empty.mp4").touch()
    assert "is empty" in refusal(tmp_path / "empty.mp4")
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in refusal(tmp_path / "pipe")
    assert "not a valid name" in refusal(Path("nul\0name"))
    assert isinstance(capture.OpenError("x"), OSError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "private.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    assert "permission denied" in refusal(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"just some words\n" * 50, "is text"),
        ("ünïcode wörds, früh und spät, mit Umlauten überall und überäll".encode(), "is text"),
        (b"<html><body>404</body></html>", "is text"),
        (bytes(range(256)) * 20, "is not a video"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(3000), "is not a video"),
        (b"y" * 20_000, "is not a video"),
        (b"words " * 60 + bytes(range(128, 256)) * 40, "is not a video"),
        (("wörter " * 500).encode(), "is text"),
        (b"hm", "is text"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n", "names other files"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "claims.mp4"
    path.write_bytes(content)
    assert reason in refusal(path)


def test_a_script_cannot_make_us_open_another_file(tmp_path: Path, video_folder: Path) -> None:
    (tmp_path / "other.mp4").write_bytes(video("intra.mp4", video_folder).read_bytes())
    script = tmp_path / "script.mp4"
    script.write_text("ffconcat version 1.0\nfile other.mp4\n")
    with av.open(str(script)) as followed:  # what happens without the white list
        assert followed.format.name == "concat"
    assert "names other files" in refusal(script)


def test_a_playlist_cannot_make_us_open_an_address(tmp_path: Path) -> None:
    asked: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Recorder)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/a.ts"
        for name in ("list.m3u8", "list.mp4"):
            path = tmp_path / name
            path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n")
            assert "names other files" in refusal(path)
        with pytest.raises(av.error.FFmpegError):
            av.open(address, options={"protocol_whitelist": "file"})
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
    assert asked == []


def test_a_name_full_of_signs_is_just_a_name(tmp_path: Path, video_folder: Path) -> None:
    for name in ("a%03d.mp4", "http:x.mp4", "видео 50% #2 [x] ?.mp4", "-i.mp4"):
        path = tmp_path / name
        path.write_bytes(video("intra.mp4", video_folder).read_bytes())
        with capture.open_file(path) as source:
            assert source.index().ticks == 3


def test_sound_alone_is_refused_even_with_a_cover(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as out:
        sound = out.add_stream("aac", rate=44100)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.sample_rate = 44100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for packet in (*sound.encode(frame), *sound.encode(None)):
            out.mux(packet)
    assert "only sound" in refusal(path)


def test_pictures_beyond_the_pixel_limit_are_refused(tmp_path: Path) -> None:
    path = encode(tmp_path / "wide.mp4", steady(1, 5), fps=5, size=(320, 240), options=X264)
    assert "320x240" in refusal(path, max_frame_px=320 * 240 - 1)
    with capture.open_file(path, capture.Settings(max_frame_px=320 * 240)) as source:
        assert len(list(source)) == 1


def test_a_picture_bomb_is_refused(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    path = tmp_path / "bomb.png"
    body = zlib.compress(bytes(1000))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )
    assert "can be decoded" in refusal(path)


def test_the_opened_stream_decodes_with_one_thread_and_a_pixel_limit(video_folder: Path) -> None:
    container, stream = open_container(video("intra.mp4", video_folder), max_frame_px=1_000_000)
    with container:
        assert stream.codec_context.thread_count == 1
        assert stream.codec_context.options["max_pixels"] == "1000000"
