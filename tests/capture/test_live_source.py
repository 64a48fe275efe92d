"""A live source from its first frame to its last process."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import cv2
import pytest

import capture
from capture import Address, Frame, Gap, LiveSource, SourceEvent
from capture.picture import PictureMaker
from tests.capture.servers import RtspServer, mjpeg, scripted
from tests.capture.videos import X264, encode, picture, steady
from tests.capture.watching import Reader, check, quick

ROOT = Path(__file__).parent.parent.parent
FPS = 15


def lavfi(seconds: float | None = None) -> Address:
    length = f":duration={seconds}" if seconds else ""
    return Address.parse(f"lavfi:testsrc2=size=160x120:rate=10{length}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("camera")
    options = {**X264, "tune": "zerolatency"}
    encode(made / "cam.mp4", steady(24, FPS), fps=FPS, gop=30, size=(160, 128), options=options)
    encode(made / "film.mp4", steady(2.6, FPS), fps=FPS, gop=60, size=(160, 128), options=X264)
    return made


def pictures_of(path: Path) -> list[bytes]:
    """Every frame of a file as it would be kept."""
    maker = PictureMaker(336)
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [maker.pixels(frame, None).tobytes() for frame in frames]


@pytest.mark.slow  # a film of 2.6 s takes 2.6 s
def test_a_film_at_filming_speed_is_the_film(folder: Path) -> None:
    path = folder / "film.mp4"
    with capture.open_file(path) as file:
        expected = [item for item in file if isinstance(item, Frame)]
    with LiveSource(Address.parse(str(path), realtime=True), quick()) as source:
        reader = Reader(source)
        reader.until(lambda: source.ended, 8)
    assert [frame.tick for frame in reader.frames] == [0, 1, 2]
    for live, filed in zip(reader.frames, expected, strict=True):
        assert live.t_s == pytest.approx(filed.t_s, abs=2e-6)
        assert (live.pixels == filed.pixels).all()
    assert reader.frames[2].received_s - reader.frames[0].received_s == pytest.approx(2, abs=0.3)
    assert reader.states == ["connecting", "seeing", "ended"]
    check(reader.items, source)
    assert source.counters().seen == 3


@pytest.mark.slow  # eight seconds of a camera, and the file behind it
def test_live_frames_are_the_files_frames(folder: Path) -> None:
    numbers = {kept: number for number, kept in enumerate(pictures_of(folder / "cam.mp4"))}
    assert len(numbers) == 24 * FPS
    with RtspServer(folder) as server, LiveSource(Address.parse(server.url("cam.mp4"))) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) >= 8, 20)
        reader.finish()
    found = [numbers[frame.pixels.tobytes()] for frame in reader.frames]  # in pixels, exactly
    first = next(n for n, frame in zip(found, reader.frames, strict=True) if frame.tick == 0)
    for number, frame in zip(found, reader.frames, strict=True):
        assert abs(number - (first + math.ceil(frame.tick * FPS))) <= 1
    assert reader.gaps == []


@pytest.mark.slow  # waits for more ticks than fit the queue
def test_a_busy_reader_loses_the_oldest_frames_and_is_told() -> None:
    with LiveSource(lavfi(), quick(queue_frames=2)) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) == 1, 5)
        time.sleep(5.3)  # the reader is busy
        assert source.status().waiting_frames == 2
        counts = source.counters()
        assert counts.pending >= 4
        assert source.settled_end() == 1
        reader.until(lambda: len(reader.frames) >= 4, 3)
        reader.finish()
        assert [gap.reason for gap in reader.gaps] == ["dropped"]
        assert source.counters().dropped >= 2
        assert source.counters().gapped == 0


@pytest.mark.slow  # the gap must last for some seconds to be told in pieces
def test_a_recording_that_goes_on_is_blind_from_its_first_tick() -> None:
    with scripted(lambda client: time.sleep(9)) as port:
        address = Address.parse(f"rtsp://127.0.0.1:{port}/x")
        with LiveSource(address, quick(first_frame_s=9.0), first_tick=100) as source:
            reader = Reader(source)
            began_s = time.monotonic()
            reader.until(lambda: len([i for i in reader.items if isinstance(i, Gap)]) >= 3, 6)
            pieces = [item for item in reader.items if isinstance(item, Gap)]
            assert pieces[:3] == [
                Gap(float(tick), float(tick + 1), "connecting") for tick in (100, 101, 102)
            ]
            assert time.monotonic() - began_s < 4.5  # told while it lasts, at once
            source.close()
            while not source.ended:
                reader.take(0.1)
        check(reader.items, source, first_tick=100)


@pytest.mark.slow  # two connections of some seconds
def test_ticks_go_on_after_an_older_recording() -> None:
    with LiveSource(lavfi(), quick(), first_tick=40) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) >= 2, 6)
        source.close()
        while not source.ended:
            reader.take(0.1)
        check(reader.items, source, first_tick=40)
        assert reader.frames[0].tick in (40, 41)
        assert reader.event("seeing").t_s >= 40


def threads_and_descriptors() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def is_back(before: tuple[int, int]) -> bool:
    return all(now <= then for now, then in zip(threads_and_descriptors(), before, strict=True))


def descendants(pid: int) -> list[int]:
    """Processes below ``pid``, whatever became of them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == pid:
            found += [int(stat.parent.name), *descendants(int(stat.parent.name))]
    return found


@pytest.mark.slow  # twenty connections, each with a wait before it
def test_twenty_reconnects_leave_nothing_behind() -> None:
    settings = quick(backoff_s=(0.05,), healthy_s=0.0)
    shown = [cv2.imencode(".jpg", picture(n, 160, 128))[1].tobytes() for n in range(3)]
    one = mjpeg(lambda n: shown[n] if n < 3 else None, 20)
    with LiveSource(lavfi(0.2), settings) as warm:  # the fork server comes and stays
        Reader(warm).until(lambda: warm.ended, 5)
    with scripted(one) as port:
        before, processes = threads_and_descriptors(), descendants(os.getpid())
        with LiveSource(Address.parse(f"http://127.0.0.1:{port}/x.mjpg"), settings) as source:
            reader = Reader(source)
            pids = set()
            while source.status().reconnects < 20:
                reader.take(0.05)
                pid = source.status().child_pid
                if pid is not None and pid not in pids and len(pids) < 10:
                    pids.add(pid)
                    if len(pids) % 2:  # every other child dies a violent death
                        os.kill(pid, signal.SIGKILL)
                assert len(descendants(os.getpid())) <= len(processes) + 2
            reader.finish()
        deadline_s = time.monotonic() + 3  # the scripted server's own threads end as well
        while time.monotonic() < deadline_s and not is_back(before):
            time.sleep(0.05)
        assert is_back(before), (before, threads_and_descriptors())
    assert sorted(descendants(os.getpid())) == sorted(processes)


@pytest.mark.slow  # a dozen connections, each of which must find its stream
def test_a_child_holds_no_more_after_a_dozen_connections(tmp_path: Path) -> None:
    film = encode(tmp_path / "short.ts", steady(0.5), size=(1920, 1080), options=X264).read_bytes()

    def talk(client) -> None:
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + film)

    def held_mb() -> float:
        pages = Path(f"/proc/{source.status().child_pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    settings = quick(backoff_s=(0.05,), healthy_s=0.0)
    with scripted(talk) as port:
        address = Address.parse(f"http://127.0.0.1:{port}/cam.ts")
        with LiveSource(address, settings) as source:
            reader = Reader(source)
            reader.until(lambda: source.status().reconnects >= 2, 15)
            before_mb, pid = held_mb(), source.status().child_pid
            reader.until(lambda: source.status().reconnects >= 12, 20)
            assert source.status().child_pid == pid
            assert held_mb() < before_mb + 20  # 13 MB a connection once stayed


_WATCH_FOREVER = """
import sys, time, capture
if __name__ != "__main__":
    raise SystemExit("the child ran the program again")
source = capture.LiveSource(capture.Address.parse("lavfi:testsrc2=size=64x48"))
source.start()
while source.status().state != "seeing":
    source.next_item(0.1)
print(source.status().child_pid, flush=True)
while True:
    source.next_item(1)
"""


@pytest.mark.slow  # a Python of its own starts and dies
def test_a_killed_parent_takes_its_child_along(tmp_path: Path) -> None:
    script = tmp_path / "watch.py"
    script.write_text(_WATCH_FOREVER)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=environment
    ) as parent:
        child = int(parent.stdout.readline())
        assert "torch" not in Path(f"/proc/{child}/maps").read_text()
        assert "/cv2" not in Path(f"/proc/{child}/maps").read_text()
        parent.kill()
    deadline_s = time.monotonic() + 3
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not Path(f"/proc/{child}").exists()


@pytest.mark.slow  # a child that is stopped takes 2 s to be given up
def test_close_from_another_thread_is_quick_whatever_the_child_does() -> None:
    source = LiveSource(lavfi(), quick())
    source.start()
    reader = Reader(source)
    reader.until(lambda: len(reader.frames) >= 1, 5)
    os.kill(source.status().child_pid, signal.SIGSTOP)
    pid = source.status().child_pid
    began_s = time.monotonic()
    threads = [threading.Thread(target=source.close) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began_s < 4
    assert not Path(f"/proc/{pid}").exists()
    reader.finish()
    assert reader.states[-1] == "stopped"


def test_a_source_that_is_closed_before_it_starts() -> None:
    source = LiveSource(lavfi())
    source.close()
    source.start()
    assert source.ended
    assert source.next_item(0.0) is None
    assert source.counters() == capture.Counters()


def test_a_film_that_is_not_there_has_ended() -> None:
    with LiveSource(Address.parse("/nowhere/film.mp4", realtime=True), quick()) as source:
        reader = Reader(source)
        reader.until(lambda: source.ended, 5)
        last = reader.items[-1]
        assert isinstance(last, SourceEvent)
        assert (last.state, last.reason) == ("ended", "not found")
