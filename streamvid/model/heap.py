"""Give freed memory back to the system: glibc keeps it in holes between what stays."""

from __future__ import annotations

import ctypes


def give_back() -> bool:
    """Return what is free on the heap; whether there was something. Only glibc can.

    Loading widens, cuts and packs matrix by matrix: of four 8B layers a third of a gigabyte stayed.
    """
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError, TypeError):
        return False
