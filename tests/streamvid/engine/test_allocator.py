"""In a process of its own: what is told to the C library stays told."""

import subprocess
import sys

import pytest

_CHILD = """
import resource, threading
import numpy as np
from streamvid.engine.allocator import keep_large_buffers
if {kept}:
    assert keep_large_buffers()

def faults():
    for _ in range(30):
        np.full(40 * 2**20, 1, np.uint8)  # as large as a layer's output

def run():
    faults()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    faults()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


def _faults(*, kept: bool) -> int:
    child = [sys.executable, "-c", _CHILD.format(kept=kept)]
    return int(subprocess.run(child, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mallopt is glibc's")
def test_large_buffers_of_a_thread_are_not_mapped_anew() -> None:
    assert _faults(kept=True) < 100
