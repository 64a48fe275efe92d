"""What sampling one frame a second costs, beside decoding everything, ffmpeg and OpenCV.

    python benchmarks/bench_capture.py [--seconds 40] [--rounds 3] [--out FILE.json]

Files are generated; every method runs in a process of its own, methods alternate, and the median
counts. CPU is user + system time of the process: for Python methods from after the imports, for
``ffmpeg`` the whole process. Every method turns the first frame of each second into RGB, 336 px on
the short side. Without an ``ffmpeg`` program its row is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

SEGMENT_S = 10
SHORT_SIDE_PX = 336


@dataclass(frozen=True, slots=True)
class Kind:
    """A way of filming: size, and the options of the encoder."""

    name: str
    size_px: tuple[int, int]
    bit_rate: str
    group: int
    tune: str = ""


KINDS = [
    Kind("720p B-frames, GOP 8.3 s", (1280, 720), "3M", 250),
    Kind("1080p B-frames, GOP 8.3 s", (1920, 1080), "6M", 250),
    Kind("1080p B-frames, GOP 1.6 s", (1920, 1080), "6M", 48),
    Kind("720p camera, IPPP, GOP 2 s", (1280, 720), "3M", 60, "zerolatency"),
    Kind("1080p camera, IPPP, GOP 2 s", (1920, 1080), "6M", 60, "zerolatency"),
]


def make_segment(path: Path, kind: Kind) -> None:
    """Ten seconds of a moving test picture with grain at 30 frames a second."""
    import av

    width_px, height_px = kind.size_px
    graph = (
        f"testsrc2=s={width_px}x{height_px}:r=30:d={SEGMENT_S + 1},"
        "scroll=h=0.003:v=0.002,noise=alls=8:allf=t,format=yuv420p"
    )
    options = {
        "preset": "veryfast",
        "sc_threshold": "0",
        "b": kind.bit_rate,
        "maxrate": kind.bit_rate,
        "bufsize": kind.bit_rate,
    }
    if kind.tune:
        options["tune"] = kind.tune
    with av.open(graph, format="lavfi") as scene, av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        stream.codec_context.gop_size = kind.group
        for number, frame in enumerate(scene.decode(video=0)):
            if number >= SEGMENT_S * 30:
                break
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 30), 0
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def loop(segment: Path, path: Path, times: int) -> None:
    """Copy the packets of ``segment`` again and again, without encoding."""
    import av

    with av.open(str(path), "w") as out:
        made = None
        offset = 0
        for _ in range(times):
            with av.open(str(segment)) as source:
                stream = source.streams.video[0]
                made = made or out.add_stream_from_template(stream)
                length = round(SEGMENT_S / stream.time_base)
                for packet in source.demux(stream):
                    if packet.dts is None:
                        continue
                    packet.pts += offset
                    packet.dts += offset
                    packet.stream = made
                    out.mux(packet)
                offset += length


def decode_everything(path: Path) -> int:
    """Every frame decoded with PyAV's own settings; the first of each second is converted."""
    import av

    from capture.picture import PictureMaker

    maker, tick, kept = PictureMaker(SHORT_SIDE_PX), 0, 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for picture in container.decode(stream):
            if picture.pts * stream.time_base >= tick:
                kept += maker.pixels(picture, None).shape[0] > 0
                tick += 1
    return kept


def capture_with(sampling: str) -> Callable[[Path], int]:
    """Our own pass, timetable included."""

    def run(path: Path) -> int:
        import capture

        with capture.open_file(path, capture.Settings(sampling=sampling)) as source:
            return sum(isinstance(seen, capture.Frame) for seen in source)

    return run


def opencv(path: Path) -> int:
    """``grab`` every frame, ``retrieve`` and scale the first of each second."""
    import cv2

    cv2.setNumThreads(1)
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    number, kept = 0, 0
    while video.grab():
        if number % 30 == 0:
            pixels = video.retrieve()[1]
            height_px, width_px = pixels.shape[:2]
            scale = SHORT_SIDE_PX / min(height_px, width_px)
            size = (round(width_px * scale), round(height_px * scale))
            cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
            kept += 1
        number += 1
    return kept


METHODS: dict[str, Callable[[Path], int]] = {
    "decode everything": decode_everything,
    "ticks": capture_with("tick"),
    "keys": capture_with("keys"),
    "opencv": opencv,
}


def work(method: str, path: Path) -> None:
    """In the child: run one method and print what it took."""
    import av  # noqa: F401 - imports are paid before the clock starts
    import numpy as np  # noqa: F401

    if method == "opencv":
        import cv2  # noqa: F401
    from capture import open_file  # noqa: F401 - what it needs is imported when it is looked up

    before = resource.getrusage(resource.RUSAGE_SELF)
    kept = METHODS[method](path)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu_s": cpu_s, "peak_mb": after.ru_maxrss / 1024, "frames": kept}))


def measure(method: str, path: Path) -> dict[str, float]:
    """Run one method in a process of its own."""
    if method != "ffmpeg":
        command = [sys.executable, __file__, "--work", method, "--file", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout)
        return found
    scale = f"fps=1:round=up,scale=-2:{SHORT_SIDE_PX}:flags=area"
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path), "-vf", scale]
    command += ["-pix_fmt", "rgb24", "-f", "rawvideo", "-y", os.devnull]
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"ffmpeg failed with {child.returncode}")
    return {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def compare(path: Path, methods: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Medians over alternating rounds, and CPU as a ratio to decoding everything."""
    taken: dict[str, list[dict[str, float]]] = {method: [] for method in methods}
    for _ in range(rounds):
        for method in methods:
            taken[method].append(measure(method, path))
    table: dict[str, dict[str, float]] = {}
    base_s = statistics.median(run["cpu_s"] for run in taken["decode everything"])
    for method, runs in taken.items():
        cpu_s = [run["cpu_s"] for run in runs]
        table[method] = {
            "cpu_s": round(statistics.median(cpu_s), 3),
            "cpu_s_min": round(min(cpu_s), 3),
            "cpu_s_max": round(max(cpu_s), 3),
            "cpu_ratio": round(statistics.median(cpu_s) / base_s, 3),
            "peak_mb": round(statistics.median(run["peak_mb"] for run in runs), 1),
        }
        if "frames" in runs[0]:
            table[method]["frames"] = runs[0]["frames"]
    return table


def processor() -> str:
    """The processor's name, for a reader who wants to compare."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Generate, measure, print a table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=40, help="length of each film")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        segment = given.file.with_name("segment.mp4")
        make_segment(segment, next(kind for kind in KINDS if kind.name == given.make))
        loop(segment, given.file, given.seconds // SEGMENT_S)
        return
    if given.work:
        work(given.work, given.file)
        return
    methods = list(METHODS) + (["ffmpeg"] if shutil.which("ffmpeg") else [])
    results = []
    print(f"{processor()}, {os.cpu_count()} cores; films of {given.seconds} s; CPU ratio (peak MB)")
    print(" | ".join(["film", *methods]))
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            film = Path(folder) / "film.mp4"
            # In a child: a process starts with its parent's peak memory as its own.
            make = [sys.executable, __file__, "--make", kind.name, "--file", str(film)]
            subprocess.run([*make, "--seconds", str(given.seconds)], check=True)
            table = compare(film, methods, given.rounds)
            cells = [f"{row['cpu_ratio']:.2f} ({row['peak_mb']:.0f})" for row in table.values()]
            print(" | ".join([kind.name, *cells]), flush=True)
            results.append({"film": asdict(kind), "methods": table})
            if given.out:
                write_report(given.out, given.seconds, given.rounds, results)


def write_report(path: Path, seconds: int, rounds: int, results: list[dict[str, object]]) -> None:
    """Write what was measured so far."""
    report = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "seconds": seconds,
        "rounds": rounds,
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "films": results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
