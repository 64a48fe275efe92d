"""What a watch may take of the disk, and what a rule for that is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keep:
    """A recording's folder may take ``most_bytes``; its oldest blocks go first.

    Where fewer than ``leave_bytes`` are free on its disk it grows no further.
    """

    most_bytes: int
    leave_bytes: int = 0


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """What there is when a watch begins.

    ``held_bytes`` is what the recording takes while it is watched, without growing; a new one takes
    some megabytes too. ``free_bytes`` are free on its disk, of which the ``watched`` other live
    sources of this process may still take ``promised_bytes``.
    """

    held_bytes: int
    free_bytes: int
    promised_bytes: int = 0
    watched: int = 0


KeepRule = Callable[[DiskRoom], Keep]
