"""Live sources over loopback with everything that goes wrong: what is seen, when, and after.

All of them wait for real time-outs, cut down to seconds; that is what they are about.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import cv2
import pytest

import capture
from capture import Address, LiveSource
from tests.capture.proxy import Proxy
from tests.capture.servers import RtspServer, always, audio_only, gate, mjpeg, scripted
from tests.capture.videos import X264, encode, picture, steady
from tests.capture.watching import Reader, quick

pytestmark = pytest.mark.slow  # each waits for time-outs of a second or more


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("camera")
    options = {**X264, "tune": "zerolatency"}
    encode(made / "cam.mp4", steady(30, 15), fps=15, gop=30, size=(160, 128), options=options)
    return made


@pytest.fixture(scope="module")
def server(folder: Path):
    with RtspServer(folder) as running:
        yield running


def jpeg(number: int, size: tuple[int, int] = (160, 128)) -> bytes:
    return cv2.imencode(".jpg", picture(number, *size))[1].tobytes()


@contextlib.contextmanager
def http_camera(talk, **changes):
    """A source that watches a scripted HTTP camera."""
    with scripted(talk) as port:
        address = Address.parse(f"http://127.0.0.1:{port}/x.mjpg")
        with LiveSource(address, quick(**changes)) as source:
            yield source


def test_a_camera_that_is_killed_and_started_again(folder: Path) -> None:
    with (
        RtspServer(folder) as server,
        LiveSource(Address.parse(server.url("cam.mp4")), quick()) as s,
    ):
        reader = Reader(s)
        reader.until(lambda: len(reader.frames) >= 4, 10)
        before = len(reader.items)
        server.kill()
        reader.until(lambda: "reconnecting" in reader.states, 2)
        assert reader.event("reconnecting").reason == "lost"
        reader.until(lambda: reader.gaps != [], 6)  # told while it lasts
        assert s.status().attempt >= 2
        assert s.status().detail == "connection refused"
        server.start()
        started_s = time.monotonic()
        wait_s = s.status().next_attempt_in_s or 0.0
        reader.until(lambda: s.status().state == "seeing", wait_s + 3)
        assert time.monotonic() - started_s <= wait_s + 3
        count = len(reader.frames)
        reader.until(lambda: len(reader.frames) > count + 2, 6)
        assert {gap.reason for gap in reader.gaps} == {"no signal"}
        assert reader.event("seeing", before).t_s > reader.event("reconnecting").t_s
        assert s.status().reconnects == 1
        reader.finish()


def test_a_pause_is_called_stalled_in_time_and_survived(server: RtspServer) -> None:
    with Proxy(server.port) as proxy:
        address = Address.parse(server.url("cam.mp4", proxy.port))
        with LiveSource(address, quick()) as source:
            reader = Reader(source)
            reader.until(lambda: len(reader.frames) >= 3, 10)
            proxy.mode = "pause"
            paused_s = time.monotonic()
            reader.until(lambda: "stalled" in reader.states, 5)
            assert 1.0 < time.monotonic() - paused_s < 3.0  # the limit is 2 s, and 1 s more
            reader.until(lambda: reader.gaps != [], 5)
            assert [gap.reason for gap in reader.gaps] == ["stalled"]
            assert source.status().state == "reconnecting"
            proxy.mode = "pass"
            reader.until(lambda: source.status().state == "seeing", 6)
            reader.for_s(1.5)
            reader.finish()


def test_a_short_pause_costs_no_connection(server: RtspServer) -> None:
    with Proxy(server.port) as proxy:
        address = Address.parse(server.url("cam.mp4", proxy.port))
        with LiveSource(address, quick(stall_s=8.0)) as source:
            reader = Reader(source)
            reader.until(lambda: len(reader.frames) >= 3, 10)
            proxy.mode = "pause"
            reader.for_s(2)
            proxy.mode = "pass"
            reader.for_s(2)
            assert reader.states == ["connecting", "seeing"]
            assert proxy.accepted == 1
            reader.finish()
            assert source.counters().gapped == 0
            assert source.counters().covered <= 1  # what was held up came late, and counts


def test_a_camera_that_opens_late_is_not_called_undecodable(server: RtspServer) -> None:
    with Proxy(server.port) as proxy:
        proxy.mode = "pause"
        address = Address.parse(server.url("cam.mp4", proxy.port))
        with LiveSource(address, quick(first_frame_s=8.0)) as source:
            reader = Reader(source)
            reader.for_s(0.8 * 8.0)
            proxy.mode = "pass"
            reader.until(lambda: source.status().state == "seeing", 3)
            assert reader.states == ["connecting", "seeing"]
            reader.finish()


def test_a_line_that_is_too_slow_falls_behind_and_is_opened_anew(server, folder) -> None:
    # TCP drops nothing: without this the picture would be later by the hour.
    with Proxy(server.port) as proxy:
        proxy.slow_bytes_s = (folder / "cam.mp4").stat().st_size / 30 / 3
        address = Address.parse(server.url("cam.mp4", proxy.port))
        with LiveSource(address, quick(lag_s=1.0, stall_s=9.0)) as source:
            reader = Reader(source)
            reader.until(lambda: len(reader.frames) >= 2, 10)
            proxy.mode = "slow"
            reader.until(lambda: "reconnecting" in reader.states, 15)
            assert reader.event("reconnecting").reason == "behind"
            assert source.status().lag_s is None  # no connection, no lag
            proxy.mode = "pass"
            reader.until(lambda: source.status().reconnects == 1, 8)
            reader.for_s(1)
            assert source.status().lag_s < 0.5
            reader.finish()


@pytest.mark.parametrize("mode", ["fin", "rst"])
def test_a_connection_that_is_cut(server: RtspServer, mode) -> None:
    with Proxy(server.port) as proxy:
        address = Address.parse(server.url("cam.mp4", proxy.port))
        with LiveSource(address, quick()) as source:
            reader = Reader(source)
            reader.until(lambda: len(reader.frames) >= 2, 10)
            proxy.mode = mode
            reader.until(lambda: "reconnecting" in reader.states, 2)
            assert reader.event("reconnecting").reason == "lost"
            proxy.mode = "pass"
            reader.until(lambda: source.status().reconnects == 1, 6)
            reader.finish()


def test_a_camera_that_accepts_and_never_answers(server: RtspServer) -> None:
    with Proxy(server.port, "blackhole") as proxy:
        address = Address.parse(server.url("cam.mp4", proxy.port))
        with LiveSource(address, quick(first_frame_s=1.0)) as source:
            reader = Reader(source)
            began_s = time.monotonic()
            reader.until(lambda: "reconnecting" in reader.states, 4)
            assert 0.9 < time.monotonic() - began_s < 2.0
            assert reader.event("reconnecting").reason == "nothing arrives"
            proxy.mode = "pass"
            reader.until(lambda: source.status().state == "seeing", 8)
            reader.finish()


def test_a_wrong_password_then_the_right_one(server: RtspServer) -> None:
    password = "first&word"
    with scripted(gate(server.port, lambda: password)) as port:
        address = Address.parse(f"rtsp://eye:s3cret%40x@127.0.0.1:{port}/cam.mp4?play_count=0")
        with LiveSource(address, quick()) as source:
            reader = Reader(source)
            reader.until(lambda: source.status().state == "refused", 5)
            reader.until(lambda: source.status().attempt >= 2, 5)  # the slow lane, not the end
            password = "s3cret@x"  # the camera takes it from now on
            reader.until(lambda: source.status().state == "seeing", 6)
            password = "third word"
            source.renew_credentials(capture.Credentials("eye", "nobody knows"))
            os.kill(source.status().child_pid, signal.SIGKILL)
            reader.until(lambda: source.status().state == "refused", 6)
            source.renew_credentials(capture.Credentials("eye", "third word"))
            reader.until(lambda: source.status().state == "seeing", 6)
            said = repr(reader.items) + repr(source.status()) + repr(source.address)
            child = Path(f"/proc/{source.status().child_pid}")
            said += (child / "cmdline").read_text() + (child / "comm").read_text()
            for secret in ("s3cret", "third", "nobody knows", "play_count"):
                assert secret not in said
            reader.finish()


@pytest.mark.parametrize(
    ("talk", "state", "reason"),
    [
        (always("404 Not Found"), "reconnecting", "not found"),
        (always("403 Forbidden"), "refused", "refused"),
        (always("401 Unauthorized"), "refused", "refused"),
        (audio_only, "audio-only", "audio only"),
        (lambda client: None, "reconnecting", "failed"),
    ],
    ids=["404", "403", "401", "audio only", "closes at once"],
)
def test_what_a_server_says(talk, state, reason) -> None:
    with scripted(talk) as port:
        address = Address.parse(f"rtsp://eye:s3cret@127.0.0.1:{port}/cam")
        # Tick 7 is where an older recording goes on, so that blindness has a time.
        with LiveSource(address, quick(first_frame_s=8.0), first_tick=7) as source:
            reader = Reader(source)
            reader.until(lambda: source.status().state == state, 9)
            assert source.status().reason == reason
            reader.until(lambda: len(reader.gaps) >= 1, 4)
            source.close()
            while not source.ended:
                reader.take(0.1)
            assert reader.gaps[0].start_s == 7.0
            assert "s3cret" not in repr(reader.items)
            assert source.counters().gapped == source.counters().expected >= 1


def test_a_frozen_picture_is_kept_and_called_so() -> None:
    still, moved = jpeg(1), jpeg(2)
    is_frozen = True
    with http_camera(mjpeg(lambda n: still if is_frozen else moved, 10)) as source:
        reader = Reader(source)
        reader.until(lambda: "frozen" in reader.states, 8)
        count = len(reader.frames)
        assert count >= 2  # the third comes behind the event
        reader.until(lambda: len(reader.frames) > count, 3)
        is_frozen = False
        reader.until(lambda: source.status().state == "seeing", 3)
        assert source.status().reason == "moving"
        assert source.status().reconnects == 0
        reader.finish()
        assert source.counters().gapped == 0


def test_a_camera_that_changes_its_size() -> None:
    sizes = [(160, 128)] * 25 + [(64, 48)] * 1000
    with http_camera(mjpeg(lambda n: jpeg(n % 50, sizes[n]), 10)) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) >= 5, 10)
        shapes = {frame.pixels.shape for frame in reader.frames}
        assert shapes == {(128, 160, 3), (48, 64, 3)}
        changes = [i for i in reader.items if getattr(i, "reason", "") == "resolution"]
        assert [change.detail for change in changes] == ["now 64x48"]
        assert reader.states == ["connecting", "seeing"]
        reader.finish()


def test_cut_pictures_are_counted_and_never_shown() -> None:
    whole = [jpeg(n) for n in range(10)]
    cut = [one[: len(one) // 2] for one in whole]
    with http_camera(
        mjpeg(lambda n: (cut if n % 3 else whole)[n % 10], 12), decode="all"
    ) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) >= 4, 10)
        reader.finish()
        assert source.counters().damaged_packets > 10
        assert not any(frame.corrupt for frame in reader.frames)


def test_pictures_that_never_decode_are_told_from_silence() -> None:
    cut = jpeg(1)[:700]
    with http_camera(mjpeg(lambda n: cut, 10), first_frame_s=2.0) as source:
        reader = Reader(source)
        reader.until(lambda: "reconnecting" in reader.states, 4)
        assert reader.event("reconnecting").reason == "undecodable"
        assert "no picture decodes" in reader.event("reconnecting").detail


@pytest.mark.parametrize(
    ("host", "reason", "words"),
    [
        ("nosuchhost.invalid", "unreachable", "no such host"),
        ("127.0.0.1:{port}", "failed", "nothing that can be watched"),
    ],
)
def test_no_such_host_is_told_from_a_page_that_is_no_video(host, reason, words) -> None:
    page = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Welcome</html>"

    def talk(client) -> None:
        client.recv(4096)
        client.sendall(page)

    with scripted(talk) as port:
        address = Address.parse(f"http://{host.format(port=port)}/")
        with LiveSource(address, quick()) as source:
            reader = Reader(source)
            reader.until(lambda: "reconnecting" in reader.states, 4)
            assert reader.event("reconnecting").reason == reason
            assert words in reader.event("reconnecting").detail


def test_a_dead_child_and_a_child_that_hangs(server: RtspServer) -> None:
    with LiveSource(Address.parse(server.url("cam.mp4")), quick()) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) >= 2, 10)
        first = source.status().child_pid
        os.kill(first, signal.SIGKILL)
        reader.until(lambda: "reconnecting" in reader.states, 2)
        assert reader.event("reconnecting").reason == "child died"
        reader.until(lambda: source.status().reconnects == 1, 6)
        second = source.status().child_pid
        os.kill(second, signal.SIGSTOP)
        reader.until(lambda: "stalled" in reader.states, 4)
        reader.until(lambda: source.status().reconnects == 2, 9)  # 2 s until SIGTERM is given up
        third = source.status().child_pid
        assert len({first, second, third}) == 3
        assert not Path(f"/proc/{second}").exists()
        reader.finish()
        assert not Path(f"/proc/{third}").exists()
