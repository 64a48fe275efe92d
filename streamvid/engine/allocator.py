"""Have the C library keep the model's large buffers, not give them back after every layer.

By default glibc maps buffers of tens of megabytes anew for each product and unmaps them behind it,
above all in threads other than the first, whose heaps end at 64 MB. The kernel then fills them with
zeros page by page: encoding 16 frames took 110 to 170 ms from run to run, and 110 with this.
Source: mallopt(3).
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 256 * 2**20
"""Buffers up to this size come from the heap, and so much of it may lie free at its end."""


def keep_large_buffers() -> bool:
    """Tell the C library, for the whole process; call it before threads that compute start.

    Gives whether it listened: only glibc does, elsewhere nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    wishes = {
        _M_ARENA_MAX: 1,
        _M_MMAP_THRESHOLD: _KEPT_BYTES,
        _M_TRIM_THRESHOLD: _KEPT_BYTES,
    }
    heard = [mallopt(option, value) for option, value in wishes.items()]
    return all(heard)
