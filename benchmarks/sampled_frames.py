"""Frames of videos at one a second, for benchmarks that look at real footage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from apps.demo import packaged_clip
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


def scenes_of(folder: Path | None, frames: int) -> list[list[Picture]]:
    """The first ``frames`` of each video of ``folder``, or a packaged clip in pieces."""
    if folder is not None:
        videos = sorted(
            p for p in folder.iterdir() if p.suffix in (".mp4", ".mkv", ".avi", ".webm")
        )
        found = [frames_of([video], frames) for video in videos]
        return [scene for scene in found if scene]
    pictures = frames_of([packaged_clip()], 10_000)
    return [pictures[i : i + frames] for i in range(0, len(pictures), frames)]
