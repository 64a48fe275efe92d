"""Live sources that have ways of their own: playlists, key pictures, turned pictures."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest

import capture
from capture import Address, LiveSource
from capture.picture import PictureMaker
from tests.capture.servers import RtspServer, scripted
from tests.capture.videos import X264, encode, steady
from tests.capture.watching import Reader, quick

pytestmark = pytest.mark.slow  # they watch for seconds, at filming speed


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path):
    """A web server over ``folder``; yields its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_playlist(folder: Path) -> None:
    """Six seconds of HLS that look as if more would come."""
    encode(folder / "film.mp4", steady(6, 15), fps=15, gop=30, size=(160, 128), options=X264)
    options = {"hls_time": "2", "hls_flags": "omit_endlist", "hls_list_size": "0"}
    with (
        av.open(str(folder / "film.mp4")) as film,
        av.open(str(folder / "live.m3u8"), "w", format="hls", options=options) as out,
    ):
        stream = out.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)


def test_a_playlist_that_the_user_named_is_watched_and_stalls_when_it_ends(tmp_path) -> None:
    write_playlist(tmp_path)
    with served(tmp_path) as port:
        address = Address.parse(f"http://127.0.0.1:{port}/live.m3u8")
        with LiveSource(address, quick()) as source:
            reader = Reader(source)
            reader.until(lambda: "stalled" in reader.states, 10)
            assert len(reader.frames) >= 2
            seen = reader.frames
            assert seen[1].received_s - seen[0].received_s == pytest.approx(1.0, abs=0.3)
            assert source.status().anchors == 0  # its bursts are paced
            reader.finish()


def test_a_playlist_in_disguise_leads_nowhere(tmp_path) -> None:
    encode(tmp_path / "secret.ts", steady(2), options=X264)
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{tmp_path}/secret.ts\n"
    head = "HTTP/1.0 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n"

    def talk(client) -> None:
        client.recv(4096)
        client.sendall((head + text).encode())

    for name in ("x.mjpg", "x.m3u8"):  # not even where a playlist was asked for
        with scripted(talk) as port:
            address = Address.parse(f"http://127.0.0.1:{port}/{name}")
            with LiveSource(address, quick(first_frame_s=2.0)) as source:
                reader = Reader(source)
                reader.until(lambda: source.status().attempt >= 1, 6)
                reader.finish()
                assert reader.frames == []


def test_key_pictures_are_enough_where_they_come_each_second(tmp_path) -> None:
    options = {**X264, "tune": "zerolatency"}
    encode(tmp_path / "cam.mp4", steady(20, 15), fps=15, gop=15, size=(160, 128), options=options)
    with RtspServer(tmp_path) as server:
        with LiveSource(Address.parse(server.url("cam.mp4")), quick()) as source:
            reader = Reader(source)
            reader.until(lambda: source.status().keys_only, 8)
            count = len(reader.frames)
            reader.until(lambda: len(reader.frames) >= count + 4, 7)
            changes = [i for i in reader.items if getattr(i, "reason", "") == "decoding"]
            assert [change.detail for change in changes] == [
                "key pictures only: a key picture every 1.00 s"
            ]
            assert reader.states == ["connecting", "seeing"]
            reader.finish()
            assert source.counters().gapped == 0
        with LiveSource(Address.parse(server.url("cam.mp4")), quick(decode="keys")) as source:
            reader = Reader(source)
            reader.until(lambda: len(reader.frames) >= 3, 8)
            assert source.status().keys_only
            keys = key_pictures(tmp_path / "cam.mp4")
            assert all(frame.pixels.tobytes() in keys for frame in reader.frames)
            reader.finish()


def key_pictures(path: Path) -> set[bytes]:
    """The key pictures of a film as they would be kept."""
    maker = PictureMaker(336)
    with av.open(str(path)) as container:
        return {
            maker.pixels(frame, None).tobytes()
            for frame in container.decode(video=0)
            if frame.key_frame
        }


@pytest.mark.parametrize("name", ["rotate_90.mp4", "rotate_180.mp4", "sar_2_1.mp4"])
def test_turned_pictures_and_wide_pixels_are_put_right_as_in_files(robust_folder, name) -> None:
    with capture.open_file(robust_folder / name) as file:
        first = next(item for item in file if isinstance(item, capture.Frame))
    with LiveSource(Address.parse(str(robust_folder / name), realtime=True), quick()) as source:
        reader = Reader(source)
        reader.until(lambda: reader.frames != [], 5)
    assert (reader.frames[0].pixels == first.pixels).all()
