"""What a caller may set for a live source, checked when it is built."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from capture.errors import SettingsError
from capture.settings import MIN_SHORT_SIDE_PX, Settings

Decode = Literal["auto", "all", "keys"]

_RANGES: dict[str, tuple[float, float]] = {
    "first_frame_s": (0.2, 600),
    "stall_s": (0.2, 3600),
    "frozen_s": (0.2, 86_400),
    "jitter": (0, 1),
    "healthy_s": (0, 3600),
    "refused_retry_s": (0.05, 86_400),
    "queue_frames": (1, 1024),
    "lag_s": (0.5, 600),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """When a live source counts as blind, how it is tried again, and what waits for its reader.

    No picture ``first_frame_s`` after opening, or ``stall_s`` after the last one, ends the
    connection. The same picture for ``frozen_s`` is called frozen and kept. The n-th failure in a
    row is followed by the n-th of ``backoff_s`` (then the last), plus or minus ``jitter`` of it;
    ``healthy_s`` of pictures start the row anew. Refused credentials are tried again every
    ``refused_retry_s``. ``decode``: "all" pictures, key pictures only ("keys"), or keys where they
    come at least once a second ("auto"). ``queue_frames`` wait for the reader at most; the oldest
    are dropped. A connection that stays more than ``lag_s`` behind the clock is opened anew.
    ``short_side_px`` and ``max_frame_px`` are those of ``Settings``.

    Raises SettingsError.
    """

    first_frame_s: float = 20.0
    stall_s: float = 20.0
    frozen_s: float = 30.0
    backoff_s: tuple[float, ...] = (1.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
    jitter: float = 0.2
    healthy_s: float = 10.0
    refused_retry_s: float = 300.0
    decode: Decode = "auto"
    queue_frames: int = 16
    lag_s: float = 3.0
    short_side_px: int = MIN_SHORT_SIDE_PX
    max_frame_px: int = 36_000_000

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise SettingsError(f"{name} is {value}; use {low:g} to {high:g}")
        if not self.backoff_s or not all(0.05 <= delay_s <= 86_400 for delay_s in self.backoff_s):
            raise SettingsError(f"backoff_s is {self.backoff_s}; use seconds, each 0.05 to 86400")
        if self.decode not in ("auto", "all", "keys"):
            raise SettingsError(f"decode is {self.decode!r}; use 'auto', 'all' or 'keys'")
        if not math.isfinite(self.short_side_px) or self.queue_frames != int(self.queue_frames):
            raise SettingsError("queue_frames and short_side_px are whole numbers")
        self.picture  # noqa: B018 - checks the sizes

    @property
    def picture(self) -> Settings:
        """The settings that files and live sources share."""
        return Settings(short_side_px=self.short_side_px, max_frame_px=self.max_frame_px)
