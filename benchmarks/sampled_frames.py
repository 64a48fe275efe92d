"""Frames of videos at one a second, for benchmarks that look at real footage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from capture import Frame, open_file
from streamvid.model.seam import Picture


def frames_of(videos: Sequence[Path], most: int) -> list[Picture]:
    """Up to ``most`` pictures, uint8 [H, W, 3] RGB, of the videos one behind the other."""
    stills: list[Picture] = []
    for video in videos:
        with open_file(video) as source:
            for found in source:
                if isinstance(found, Frame):
                    stills.append(found.pixels)
                if len(stills) == most:
                    return stills
    return stills
