"""Length and resolution never decide memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

from tests.capture.videos import X264, encode, steady

PASS = """
import json, resource, sys
import capture

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

with capture.open_file(sys.argv[1]) as source:
    index = source.index()
    after_index_mb = peak_mb()
    previews = sum(1 for _ in source.previews(32))
    for first in (0, 5376, 10_752):
        assert len(list(source.stretch(first, first + 7))) == 8
    after_three_mb = peak_mb()
    for first in range(64, 10_752, 1024):
        assert len(list(source.stretch(first, first + 3))) == 4
    running = source.frames()
    linear = sum(1 for _, _ in zip(range(16), running))
    print(json.dumps({
        "ticks": index.ticks, "packets": index.packets, "previews": previews, "linear": linear,
        "after_index_mb": after_index_mb, "after_three_mb": after_three_mb, "peak_mb": peak_mb(),
    }))
"""


def in_a_small_process(code: str, path: Path) -> str:
    """What ``code`` prints about ``path``. A process starts with the peak memory of the one that
    started it; so a shell stands between it and this one, which encodes."""
    command = ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-c", code, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def loop(clip: Path, path: Path, times: int, length_s: int) -> None:
    """Copy the packets of ``clip`` again and again, without encoding."""
    with av.open(str(clip)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        times_of = [(packet.pts, packet.dts) for packet in packets]
        base, length = stream.time_base, round(length_s / stream.time_base)
        with av.open(str(path), "w") as out:
            copied = out.add_stream_from_template(stream)
            for number in range(times):
                for packet, (pts, dts) in zip(packets, times_of, strict=True):
                    packet.stream, packet.time_base = copied, base
                    packet.pts, packet.dts = pts + number * length, dts + number * length
                    out.mux(packet)


@pytest.mark.slow  # 324,000 packets are written and read, and some 70 s of 1080p decoded
def test_a_three_hour_1080p_file_stays_within_300_mb(tmp_path: Path) -> None:
    clip = encode(
        tmp_path / "clip.mp4", steady(2), gop=30, size=(1920, 1080), options={**X264, "crf": "40"}
    )
    film = tmp_path / "film.mp4"
    loop(clip, film, times=5400, length_s=2)
    found = json.loads(in_a_small_process(PASS, film))
    assert (found["ticks"], found["packets"]) == (10_800, 324_000)
    assert (found["previews"], found["linear"]) == (32, 16)
    assert found["peak_mb"] < 300
    assert found["peak_mb"] - found["after_three_mb"] < 30, "memory grows with what was watched"


@pytest.mark.slow  # a process of its own for 8K pictures: some 3 s
def test_an_8k_file_stays_within_300_mb(robust_folder: Path) -> None:
    code = (
        "import sys, resource, capture\n"
        "source = capture.open_file(sys.argv[1])\n"
        "assert len(list(source)) == 2\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )
    assert int(in_a_small_process(code, robust_folder / "large_8k.mp4")) < 300
