"""What a watch says of itself: values for screens, scripts and the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from capture import SourceStatus
from memory import Counters

WatchEventKind = Literal["state", "gap", "dropped", "retention", "disk"]


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """One moment of a watch.

    ``source`` is what the capture says, ``counters`` every tick of the recording since its first
    frame (``pending``: not yet on the disk, and not dropped), ``held_bytes`` what all files of the
    recording take there, ``waiting_frames`` are encoded and not yet committed, ``first_kept_s`` is
    where what is still kept begins, ``newest_s`` the time of the newest frame on the disk, once it
    is known. ``recording_id`` is empty until there is a recording.
    """

    source: SourceStatus
    recording_id: str
    counters: Counters
    held_bytes: int
    waiting_frames: int
    first_kept_s: float
    end_s: float
    trouble: str = ""
    newest_s: float | None = None


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """Something that happened, at ``t_s`` of the recording and ``wall_s`` since the epoch.

    ``kind`` "state": the source's state is ``state`` from now on, because of ``reason``; "gap":
    nothing was seen from ``t_s`` on because of ``reason``, up to ``end_s`` once it has ended;
    "dropped": frames from ``t_s`` to ``end_s`` were thrown away; "retention": what lay before
    ``end_s`` was forgotten; "disk": it takes nothing, or takes on, in words.
    """

    kind: WatchEventKind
    t_s: float
    wall_s: float
    state: str = ""
    reason: str = ""
    detail: str = ""
    end_s: float | None = None
