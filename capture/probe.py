"""What a video file is and what would be sampled of it, in plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Event

from capture.file_source import FileSource
from capture.geometry import UPRIGHT, Orientation
from capture.reader import Reader
from capture.scan import first_picture
from capture.settings import Settings
from capture.truncation import is_cut_short


@dataclass(frozen=True, slots=True)
class FileProbe:
    """One file described. Sizes in pixels are [width, height].

    ``claimed_*`` is what headers say; ``seen_s`` and ``mean_fps`` come from the packets themselves.
    ``kept`` is the size of the frames that would be stored. ``ticks`` is None where only decoding
    can tell. ``key_interval_s`` is the longest time between key frames of different ticks, None
    with fewer than two. ``not_seekable`` says why the file must be read in one go, "" otherwise.
    """

    container: str
    codec: str
    pixel_format: str
    coded: tuple[int, int]
    kept: tuple[int, int]
    pixel_aspect: str
    rotation_deg: int
    mirrored: bool
    claimed_fps: float | None
    mean_fps: float | None
    claimed_s: float | None
    seen_s: float | None
    packets: int
    key_packets: int
    key_interval_s: float | None
    ticks: int | None
    not_seekable: str
    cut_short: bool
    has_sound: bool


def probe_file(path: str | Path, settings: Settings | None = None) -> FileProbe:
    """Describe the file; it is demuxed once and one picture is decoded.

    Raises what ``open_file`` raises: the one line that says why nothing would be sampled.
    """
    path, settings = Path(path), settings or Settings()
    with FileSource(path, settings) as source:
        index = source.index()
    orientations: dict[int, Orientation] = {}
    reader = Reader(path, settings, Event(), orientations)
    try:
        picture = first_picture(reader, path)
        kept = reader.pixels(picture).shape
        turned = next(iter(orientations.values()), UPRIGHT)
        stream = reader.stream
        steps = index.key_times_s[1:] - index.key_times_s[:-1]
        seen_s = index.last_s if index.ticks is not None else None
        return FileProbe(
            container=reader.format,
            codec=reader.codec.name,
            pixel_format=picture.format.name,
            coded=(picture.width, picture.height),
            kept=(kept[1], kept[0]),
            pixel_aspect=str(stream.sample_aspect_ratio or 1),
            rotation_deg=turned.rotation_deg,
            mirrored=turned.is_mirrored,
            claimed_fps=float(stream.average_rate) if stream.average_rate else None,
            mean_fps=(index.packets - 1) / seen_s if seen_s else None,
            claimed_s=reader.claimed_s,
            seen_s=seen_s,
            packets=index.packets,
            key_packets=index.key_packets,
            key_interval_s=float(steps.max()) if len(steps) else None,
            ticks=index.ticks,
            not_seekable=index.why_not_seekable,
            cut_short=is_cut_short(path),
            has_sound=reader.has_sound,
        )
    finally:
        reader.close()
