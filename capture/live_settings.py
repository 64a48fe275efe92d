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
    "child_bytes": (100_000_000, 1e15),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """When a live source counts as blind, how it is tried again, and what waits for its reader.

    Raises SettingsError.
    """

    first_frame_s: float = 20.0
    """No picture for so long after opening ends the connection."""
    stall_s: float = 20.0
    """No picture for so long after the last one ends the connection."""
    frozen_s: float = 30.0
    """The same picture for so long is called frozen; it is kept all the same."""
    backoff_s: tuple[float, ...] = (1.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
    """Seconds from the n-th failure in a row to the next attempt; the last stays."""
    jitter: float = 0.2
    """Attempts come earlier or later by up to this share of the wait."""
    healthy_s: float = 10.0
    """So many seconds of pictures start the row of failures anew."""
    refused_retry_s: float = 300.0
    """Refused credentials are tried again so often."""
    decode: Decode = "auto"
    """All pictures, key pictures alone, or key pictures where they come at least once a second."""
    queue_frames: int = 16
    """Frames that wait for the reader; beyond, the oldest are dropped and counted."""
    lag_s: float = 3.0
    """A connection that stays further behind the clock is opened anew."""
    child_bytes: int = 1_500_000_000
    """A capture process that takes more memory is ended, and its source opened anew by another."""
    short_side_px: int = MIN_SHORT_SIDE_PX
    """As in ``Settings``."""
    max_frame_px: int = 36_000_000
    """As in ``Settings``."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise SettingsError(f"{name} is {value}; use {low:g} to {high:g}")
        if not self.backoff_s or not all(0.05 <= delay_s <= 86_400 for delay_s in self.backoff_s):
            raise SettingsError(f"backoff_s is {self.backoff_s}; use seconds, each 0.05 to 86400")
        if self.decode not in ("auto", "all", "keys"):
            raise SettingsError(f"decode is {self.decode!r}; use 'auto', 'all' or 'keys'")
        for name in ("queue_frames", "child_bytes"):
            if getattr(self, name) != int(getattr(self, name)):
                raise SettingsError(f"{name} is a whole number")
        if not math.isfinite(self.short_side_px):
            raise SettingsError("short_side_px is a whole number")
        self.picture  # noqa: B018 - checks the sizes

    @property
    def picture(self) -> Settings:
        """The settings that files and live sources share."""
        return Settings(short_side_px=self.short_side_px, max_frame_px=self.max_frame_px)
