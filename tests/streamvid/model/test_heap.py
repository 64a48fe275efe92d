from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from streamvid.model.heap import give_back

PROGRAM = """
from pathlib import Path
from streamvid.model.heap import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

held = [bytearray(100_000) for _ in range(2000)]  # below the size that is mapped by itself
pins = [bytearray(1000) for _ in range(10)]
before = resident()
del held
give_back()
print(before - resident())
"""


def test_freed_memory_goes_back_to_the_system() -> None:
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        assert give_back() is False
        pytest.skip("this C library is not glibc")
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert int(told.stdout) > 100e6
