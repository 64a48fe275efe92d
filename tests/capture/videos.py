"""Videos made on the spot with the encoders that come inside PyAV; nothing is downloaded."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

X264 = {"preset": "veryfast", "sc_threshold": "0"}


def x264(params: str) -> dict[str, str]:
    """Options of libx264 with private parameters."""
    return {"preset": "veryfast", "x264-params": params + ":scenecut=0"}


def uneven(seconds: float) -> list[float]:
    """Times of a variable rate: bursts at 60 per second, pauses of up to 3 s."""
    steps = (1 / 60, 1 / 60, 1 / 30, 1 / 30, 1 / 10, 0.4, 1 / 30, 1.3, 1 / 30, 3.0, 1 / 60)
    times, at_s = [], 0.0
    while at_s < seconds:
        times.append(at_s)
        at_s += steps[len(times) % len(steps)]
    return times


def video(name: str, folder: Path) -> Path:
    """The named kind of video, made once per folder."""
    path = folder / name
    if not path.exists():
        arguments = dict(KINDS[name])
        encode(path, arguments.pop("times"), **arguments)
    return path


def picture(number: int, width_px: int, height_px: int) -> np.ndarray:
    """A picture that no other number gives: moving texture and a bar that counts."""
    y, x = np.mgrid[0:height_px, 0:width_px]
    texture = (np.sin(x / 9 + number / 5) + np.cos(y / 7 - number / 3)) * 60 + 120
    pixels = np.stack([texture, np.roll(texture, number * 3, 1), 255 - texture], -1)
    pixels[: height_px // 8, : (number * 7) % width_px] = (number * 37 % 256, 30, 200)
    return pixels.clip(0, 255).astype(np.uint8)


def encode(
    path: Path,
    times: list[float],
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    fps: int = 30,
    gop: int = 30,
    size: tuple[int, int] = (96, 64),
    start_s: float = 0.0,
    container_format: str | None = None,
    container_options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
    ticks_per_s: int = 90000,
    prepare: Any = None,
) -> Path:
    """Write one picture at each of ``times`` (seconds) into ``path``."""
    time_base = Fraction(1, ticks_per_s)
    with av.open(
        str(path), "w", format=container_format, container_options=container_options or {}
    ) as out:
        stream = out.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.time_base = time_base
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = gop
        if prepare is not None:
            prepare(stream)
        for number, at_s in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24")
            frame.pts, frame.time_base = round((start_s + at_s) * ticks_per_s), time_base
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


def steady(seconds: float, fps: float = 30) -> list[float]:
    """Times of a steady rate."""
    return [number / fps for number in range(int(seconds * fps))]


KINDS: dict[str, dict[str, Any]] = {
    "b_frames.mp4": {"times": steady(6), "gop": 48, "options": X264},
    "one_group.mp4": {"times": steady(5), "gop": 250, "options": X264},
    "pyramid.mkv": {
        "times": steady(6),
        "gop": 50,
        "options": x264("bframes=8:b-pyramid=normal:b-adapt=0"),
    },
    "camera.mp4": {"times": steady(6), "gop": 60, "options": {**X264, "tune": "zerolatency"}},
    "open_groups.mp4": {
        "times": steady(6),
        "gop": 25,
        "options": x264("open-gop=1:bframes=3:b-adapt=0"),
    },
    "offset.ts": {"times": steady(6), "gop": 48, "start_s": 5000.0, "options": X264},
    "uneven.mkv": {"times": uneven(12), "gop": 10, "options": X264},
    "intra.mp4": {"times": steady(3), "gop": 1, "options": X264},
    "interlaced.mp4": {"times": steady(4), "gop": 48, "options": x264("interlaced=1")},
    "fragments.mp4": {
        "times": steady(5),
        "gop": 48,
        "options": X264,
        "container_options": {"movflags": "frag_keyframe+empty_moov"},
    },
    "shuffled.avi": {"times": steady(5, 25), "fps": 25, "gop": 12, "ticks_per_s": 25},
    "mpeg2_open.ts": {
        "times": steady(4, 25),
        "codec": "mpeg2video",
        "fps": 25,
        "gop": 12,
        "ticks_per_s": 25,
        "options": {"bf": "2"},
    },
    "mpeg2_closed.mkv": {
        "times": steady(4, 25),
        "codec": "mpeg2video",
        "fps": 25,
        "gop": 12,
        "ticks_per_s": 25,
        "options": {"bf": "2", "flags": "+cgop", "sc_threshold": "1000000000"},
    },
    "hevc.mp4": {
        "times": steady(4),
        "codec": "libx265",
        "gop": 48,
        "options": {"preset": "ultrafast", "x265-params": "log-level=none:open-gop=0:bframes=3"},
    },
    "hevc_open.mp4": {
        "times": steady(4),
        "codec": "libx265",
        "gop": 40,
        "options": {
            "preset": "ultrafast",
            "x265-params": "log-level=none:open-gop=1:bframes=3:keyint=40:min-keyint=40",
        },
    },
    "vp8.webm": {
        "times": steady(4),
        "codec": "libvpx",
        "gop": 40,
        "options": {"auto-alt-ref": "1", "lag-in-frames": "12", "deadline": "good"},
    },
    "vp9.webm": {
        "times": steady(4),
        "codec": "libvpx-vp9",
        "gop": 40,
        "options": {"cpu-used": "8", "deadline": "realtime", "lag-in-frames": "12"},
    },
    "av1.mp4": {"times": steady(3), "codec": "libsvtav1", "gop": 40, "options": {"preset": "12"}},
}
"""Small videos of every way of grouping pictures that matters to the sampler."""
