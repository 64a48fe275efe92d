"""What the process of a live source holds with pictures of 4K and more: how its bound was chosen.

    python benchmarks/bench_child_memory.py [--seconds 20] [--out FILE.json]

Made-up pictures, and films of them at filming speed in the codecs that cameras use, with as many
reference pictures as 4K and 8K have room for. The figure is the most that was held, in memory and
swapped out, from the first picture on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import capture
from benchmarks.bench_capture import processor
from capture.child_memory import held_bytes

_FPS = 5
_PICTURES = 40


@dataclass(frozen=True, slots=True)
class Held:
    """Most memory that a child held, in MB, and how many ticks it showed."""

    name: str
    most_mb: float
    seen: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A film to be made; ``size`` is ``WIDTHxHEIGHT`` in pixels."""

    name: str
    codec: str
    size: str
    pix_fmt: str
    options: dict[str, str]


_X265 = "log-level=none:bframes=4:rc-lookahead=6:frame-threads=1:ref="
GRAPHS = {
    "graph 3840x2160": "lavfi:testsrc2=size=3840x2160:rate=30",
    "graph 8192x4320": "lavfi:testsrc2=size=8192x4320:rate=10",
}
CLIPS = (
    Clip("H.264 3840x2160, camera", "libx264", "3840x2160", "yuv420p", {"tune": "zerolatency"}),
    Clip("H.264 3840x2160, 16 references", "libx264", "3840x2160", "yuv420p",
         {"x264-params": "ref=16:bframes=3:scenecut=0"}),
    Clip("HEVC 3840x2160, 10 bits", "libx265", "3840x2160", "yuv420p10le",
         {"x265-params": f"{_X265}6"}),
    Clip("H.264 8192x4320", "libx264", "8192x4320", "yuv420p",
         {"x264-params": "ref=5:bframes=3:scenecut=0"}),
    Clip("HEVC 8192x4320, 10 bits", "libx265", "8192x4320", "yuv420p10le",
         {"x265-params": f"{_X265}4"}),
)  # fmt: skip


def make_clip(clip: Clip, path: Path) -> None:
    """Moving test pictures, one group."""
    import av

    graph = f"testsrc2=size={clip.size}:rate={_FPS},format={clip.pix_fmt}"
    with av.open(graph, format="lavfi") as scene, av.open(str(path), "w") as out:
        options = {"preset": "ultrafast"} | clip.options
        stream = out.add_stream(clip.codec, rate=_FPS, options=options)
        stream.width, stream.height = map(int, clip.size.split("x"))
        stream.pix_fmt = clip.pix_fmt
        stream.codec_context.gop_size = _PICTURES
        for number, frame in enumerate(scene.decode(video=0)):
            if number >= _PICTURES:
                break
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def measure(name: str, address: capture.Address, seconds: float) -> Held:
    """Watch for so long, or to the end."""
    most_bytes = 0
    with capture.LiveSource(address) as source:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s and not source.ended:
            source.next_item(0.1)
            most_bytes = max(most_bytes, held_bytes(source.status().child_pid) or 0)
        held = Held(name, round(most_bytes / 1e6), source.counters().seen)
    print(held, file=sys.stderr)
    return held


def main() -> None:
    """Make clips, measure, print, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    found = [
        measure(name, capture.Address.parse(graph), arguments.seconds)
        for name, graph in GRAPHS.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        for clip in CLIPS:
            path = Path(folder) / "film.mkv"
            make_clip(clip, path)
            address = capture.Address.parse(str(path), realtime=True)
            found.append(measure(clip.name, address, arguments.seconds))
    report = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "bound_mb": capture.LiveSettings().child_bytes / 1e6,
        "held": [asdict(held) for held in found],
    }
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
