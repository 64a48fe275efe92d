from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import cv2
import numpy as np
import pytest

from capture import Address, LiveSource
from capture.child_memory import held_bytes
from tests.capture.servers import mjpeg, scripted
from tests.capture.videos import picture
from tests.capture.watching import Reader, quick

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")


GROWS = (
    "print(flush=True); input(); kept = bytearray(b'x') * 40_000_000; print(flush=True); input()"
)


@needs_proc
def test_what_a_process_takes_is_told_and_grows_with_it() -> None:
    # One of its own: this one may give back as much as it takes meanwhile.
    command = [sys.executable, "-c", GROWS]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        before = held_bytes(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        after = held_bytes(child.pid)
        child.stdin.write("\n")
    assert before is not None
    assert after is not None
    assert before > 1_000_000
    assert after - before > 0.9 * 40_000_000


def test_of_a_process_that_is_gone_nothing_is_told() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert held_bytes(gone.pid) is None
    assert held_bytes(None) is None


@needs_proc
@pytest.mark.slow  # its memory is looked at every two seconds, and it is seen before and after
def test_a_child_that_takes_too_much_is_replaced_and_told_of() -> None:
    small = [cv2.imencode(".jpg", picture(n, 160, 128))[1].tobytes() for n in range(20)]
    full = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    flat = np.zeros((4320, 8192, 3), np.uint8)
    huge = cv2.imencode(".jpg", flat, full)[1].tobytes()  # decoded, it takes 106 MB
    grows = True
    camera = mjpeg(lambda n: huge if grows and n > 15 else small[n % 20], 10)
    with scripted(camera) as port:
        address = Address.parse(f"http://127.0.0.1:{port}/x.mjpg")
        settings = quick(child_bytes=100_000_000, backoff_s=(3.5,), jitter=0)
        with LiveSource(address, settings) as source:
            reader = Reader(source)
            reader.until(lambda: len(reader.frames) >= 1, 5)
            first = source.status().child_pid
            reader.until(lambda: "reconnecting" in reader.states, 8)
            grows = False
            event = reader.event("reconnecting")
            assert event.reason == "memory"
            assert event.detail.endswith(" MB, and may take 100 MB")
            assert source.status().attempt == 1
            reader.until(lambda: source.status().reconnects == 1, 8)
            assert source.status().child_pid != first
            assert not Path(f"/proc/{first}").exists()
            reader.for_s(2.5)  # another look, and it stays
            reader.finish()
            assert reader.states == ["connecting", "seeing", "reconnecting", "seeing", "stopped"]
            assert {gap.reason for gap in reader.gaps} == {"restarted"}
