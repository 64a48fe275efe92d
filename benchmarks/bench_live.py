"""What watching a 1080p30 RTSP source costs, and how it comes through faults.

    python benchmarks/bench_live.py [--minutes 10] [--seconds 30] [--seed 1] [--out FILE.json]

A real RTSP server on loopback, with a proxy in front of it. First the cost: CPU of the capture
process over ``--seconds`` decoding all pictures (a key picture every 2 s), and key pictures only
(every second). Then ``--minutes`` with the default limits and faults of a kind, length and distance
by ``--seed``: a pause longer than the stall limit, connections closed and reset, the server killed,
the capture process killed.
Needs requirements-dev.txt for the server.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import capture
from benchmarks.bench_capture import processor
from tests.capture.proxy import Proxy
from tests.capture.servers import RtspServer

CLIP_S = 20
FAULTS = ("pause", "fin", "rst", "server", "child")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU in cores, memory in MB."""

    clip: str
    decode: str
    keys_only: bool
    child_cores: float
    parent_cores: float
    child_mb: float
    seen: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when it was noticed, and how much later than promised sight came back."""

    kind: str
    noticed_after_s: float
    blind_s: float
    waited_s: float
    back_after_s: float


def make_clip(path: Path, group: int) -> None:
    """A moving picture with grain at 1080p30, 6 Mb/s, without B-frames."""
    import av

    graph = (
        f"testsrc2=s=1920x1080:r=30:d={CLIP_S + 1},"
        "scroll=h=0.003:v=0.002,noise=alls=8:allf=t,format=yuv420p"
    )
    options = {"preset": "veryfast", "sc_threshold": "0", "tune": "zerolatency"}
    options |= {"b": "6M", "maxrate": "6M", "bufsize": "6M"}
    with av.open(graph, format="lavfi") as scene, av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.codec_context.gop_size = group
        for number, frame in enumerate(scene.decode(video=0)):
            if number >= CLIP_S * 30:
                break
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 30), 0
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def cpu_s(pid: int) -> float:
    """User and system time of a process."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS_PER_S


def resident_mb(pid: int) -> float:
    """Memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Watcher:
    """Reads a source and remembers its blind seconds."""

    def __init__(self, source: capture.LiveSource) -> None:
        self.source = source
        self.gapped: dict[str, int] = {}

    def read(self, seconds: float) -> None:
        """Read for so long."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.take(0.05)

    def until(self, *states: str, limit_s: float = 120.0) -> float:
        """Seconds until the source is in one of ``states``."""
        begin_s = time.monotonic()
        while self.source.status().state not in states:
            self.take(0.02)
            if time.monotonic() - begin_s > limit_s:
                raise SystemExit(f"still {self.source.status()} after {limit_s:g} s")
        return time.monotonic() - begin_s

    def take(self, timeout_s: float) -> None:
        """Read one item; the sums must hold."""
        item = self.source.next_item(timeout_s)
        if isinstance(item, capture.Gap):
            ticks = int(item.end_s - item.start_s)
            self.gapped[item.reason] = self.gapped.get(item.reason, 0) + ticks
        counts = self.source.counters()
        told = counts.seen + counts.covered + counts.dropped + counts.gapped + counts.pending
        if counts.expected != told:
            raise SystemExit(f"the sums do not hold: {counts}")


def measure_cost(server: RtspServer, clip: str, decode: Any, seconds: float) -> Cost:
    """What watching ``clip`` takes."""
    address = capture.Address.parse(server.url(clip))
    with capture.LiveSource(address, capture.LiveSettings(decode=decode)) as source:
        watcher = Watcher(source)
        watcher.until("seeing")
        watcher.read(6)  # until "auto" has made up its mind
        child = source.status().child_pid
        assert child is not None
        seen, begin_s = source.counters().seen, time.monotonic()
        before = cpu_s(child), cpu_s(os.getpid())
        watcher.read(seconds)
        passed_s = time.monotonic() - begin_s
        return Cost(
            clip,
            decode,
            source.status().keys_only,
            round((cpu_s(child) - before[0]) / passed_s, 4),
            round((cpu_s(os.getpid()) - before[1]) / passed_s, 4),
            round(resident_mb(child), 1),
            source.counters().seen - seen,
        )


def suffer(kind: str, watcher: Watcher, proxy: Proxy, server: RtspServer, blind_s: float) -> Fault:
    """One fault of ``blind_s``, and what the watcher sees of it."""
    begin_s = time.monotonic()
    if kind == "server":
        server.kill()
    elif kind == "child":
        pid = watcher.source.status().child_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    else:
        proxy.mode = kind  # type: ignore[assignment]
    noticed_s = watcher.until("stalled", "reconnecting")
    if kind != "child":  # there the camera was never gone
        watcher.read(max(0.0, blind_s - (time.monotonic() - begin_s)))
    if kind == "server":
        server.start()
    proxy.mode = "pass"
    waited_s = watcher.source.status().next_attempt_in_s or 0.0
    back_s = watcher.until("seeing")
    lasted_s = noticed_s if kind == "child" else blind_s
    return Fault(
        kind, round(noticed_s, 2), round(lasted_s, 1), round(waited_s, 2), round(back_s, 2)
    )


def kinds(chance: random.Random) -> Iterator[str]:
    """Each kind as often as the others, in whatever order."""
    while True:
        yield from chance.sample(FAULTS, len(FAULTS))


def measure_faults(server: RtspServer, minutes: float, seed: int) -> dict[str, Any]:
    """Faults by seed, and what was seen of them."""
    chance = random.Random(seed)
    faults: list[Fault] = []
    parent_mb: list[float] = []
    with Proxy(server.port) as proxy:
        address = capture.Address.parse(server.url("two.mp4", proxy.port))
        with capture.LiveSource(address) as source:
            watcher = Watcher(source)
            watcher.until("seeing")
            watcher.read(10)
            first_child_mb = resident_mb(source.status().child_pid or 0)
            end_s = time.monotonic() + minutes * 60
            for kind in kinds(chance):
                parent_mb.append(round(resident_mb(os.getpid()), 1))
                if time.monotonic() > end_s:
                    break
                long_s = chance.uniform(25, 60) if kind == "pause" else chance.uniform(1, 30)
                faults.append(suffer(kind, watcher, proxy, server, long_s))
                print(faults[-1], file=sys.stderr)
                watcher.read(chance.uniform(12, 30))
            child = source.status().child_pid
            child_mb = resident_mb(child) if child is not None else 0.0
            source.close()
            while not source.ended:
                watcher.take(0.1)
            return {
                "minutes": minutes,
                "seed": seed,
                "faults": [asdict(fault) for fault in faults],
                "worst_stall_noticed_s": max(
                    (f.noticed_after_s for f in faults if f.kind == "pause"), default=None
                ),
                "worst_back_beyond_wait_s": max(
                    (round(f.back_after_s - f.waited_s, 2) for f in faults), default=None
                ),
                "counters": asdict(source.counters()),
                "gaps": watcher.gapped,
                "reconnects": source.status().reconnects,
                "parent_with_proxy_mb": parent_mb,
                "child_mb": [round(first_child_mb, 1), round(child_mb, 1)],
            }


def main() -> None:
    """Make clips, measure, print, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_clip(Path(folder) / "two.mp4", 60)
        make_clip(Path(folder) / "one.mp4", 30)
        with RtspServer(Path(folder)) as server:
            costs = [
                measure_cost(server, "two.mp4", "all", arguments.seconds),
                measure_cost(server, "one.mp4", "auto", arguments.seconds),
            ]
            for cost in costs:
                print(cost, file=sys.stderr)
            report = {
                "processor": processor(),
                "cores": os.cpu_count(),
                "load_average": [round(load, 1) for load in os.getloadavg()],
                "costs": [asdict(cost) for cost in costs],
                "faults": measure_faults(server, arguments.minutes, arguments.seed),
            }
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
