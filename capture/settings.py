"""What a caller may set for capture, checked when it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from capture.errors import SettingsError

Sampling = Literal["tick", "keys"]

MIN_SHORT_SIDE_PX = 336
"""Stills are kept at least this large where the video is: a later model may want more than ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a file is sampled and what it may cost.

    ``sampling``: "tick" stores the first frame of each whole second; "keys" stores key frames at
    their true times, at most one a second. ``short_side_px`` is what the model wants; frames keep
    max(336, it), never enlarged. ``max_frame_px`` bounds width times height of a coded picture: a
    larger one is refused before it is allocated (default: 8K, 8192x4320, and a little more).
    ``max_stretch_lead_s`` bounds how far before a stretch decoding may have to begin; a file whose
    safe start points lie further apart is not seekable.

    Raises SettingsError.
    """

    sampling: Sampling = "tick"
    short_side_px: int = MIN_SHORT_SIDE_PX
    max_frame_px: int = 36_000_000
    max_stretch_lead_s: float = 64.0

    def __post_init__(self) -> None:
        if self.sampling not in ("tick", "keys"):
            raise SettingsError(f"sampling is {self.sampling!r}; use 'tick' or 'keys'")
        if not 16 <= self.short_side_px <= 4320:
            raise SettingsError(f"short_side_px is {self.short_side_px}; use 16 to 4320")
        if not 4096 <= self.max_frame_px <= 200_000_000:
            raise SettingsError(f"max_frame_px is {self.max_frame_px}; use 4096 to 200000000")
        if not 1 <= self.max_stretch_lead_s <= 3600:
            raise SettingsError(f"max_stretch_lead_s is {self.max_stretch_lead_s}; use 1 to 3600")

    @property
    def kept_short_side_px(self) -> int:
        """Short side that frames are scaled down to, in pixels."""
        return max(MIN_SHORT_SIDE_PX, self.short_side_px)
