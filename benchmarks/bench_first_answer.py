"""How long one waits for the first answer about a long file, and what memory the program takes.

    python benchmarks/bench_first_answer.py [--hours 3] [--film FILE] [--out FILE.json]

Every command is the whole program in a process of its own, imports included. Without --film one is
generated: 720p, B-frames, a key frame every 2 s, 3 Mb/s. In order:

- first command ever: nothing in the cache of converted weights, nothing remembered;
- new file: weights converted already, the file not remembered;
- remembered file: the same question again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_capture import SEGMENT_S, Kind, loop, make_segment, processor

QUESTION = "Is there a dog in the video?"
KIND = Kind("720p B-frames, GOP 2 s", (1280, 720), "3M", 60)
ROOT = Path(__file__).parent.parent


def ask(film: Path, home: Path, cache: Path) -> dict[str, object]:
    """One ``ask --json``: wall time, peak resident memory, what it says of itself."""
    command = [sys.executable, "-m", "apps", "ask", str(film), QUESTION, "--json"]
    command += ["--home", str(home), "--set", f"cache={cache}"]
    began = time.monotonic()
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert child.stdout is not None
    said = json.loads(child.stdout.read())
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"ask failed with {child.returncode}")
    wall_s = time.monotonic() - began
    timings = said["timings"]
    # The answer's own clock starts at the question: what follows its first word is taken off.
    first_word_s = wall_s - (timings["total_s"] - timings["first_text_s"])
    return {
        "wall_s": round(wall_s, 2),
        "first_word_s": round(first_word_s, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "text": said["text"],
        "coverage": said["coverage"],
        "timings": timings,
    }


def make_film(path: Path, hours: float) -> None:
    """Generate ten seconds and repeat them."""
    segment = path.with_name("segment.mp4")
    make_segment(segment, KIND)
    loop(segment, path, round(hours * 3600 / SEGMENT_S))
    segment.unlink()


def main() -> None:
    """Generate, ask three times, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=3.0, help="length of the generated film")
    parser.add_argument("--film", type=Path, help="a film of your own")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make_film(given.make, given.hours)
        return
    with tempfile.TemporaryDirectory() as folder:
        film, cache = given.film, Path(folder) / "cache"
        if film is None:
            film = Path(folder) / "film.mp4"
            # In a child: a process starts with its parent's peak memory as its own.
            make = [sys.executable, __file__, "--make", str(film), "--hours", str(given.hours)]
            subprocess.run(make, check=True)
        report: dict[str, object] = {
            "processor": processor(),
            "cores": os.cpu_count(),
            "load_average": [round(load, 1) for load in os.getloadavg()],
            "film": str(given.film.name) if given.film else f"{given.hours} h, {KIND.name}",
            "film_mb": round(film.stat().st_size / 1e6),
        }
        first, second = Path(folder) / "home1", Path(folder) / "home2"
        for name, home in (
            ("first command ever", first),
            ("new file", second),
            ("remembered file", second),
        ):
            report[name] = found = ask(film, home, cache)
            print(
                f"{name}: first word {found['first_word_s']} s, all {found['wall_s']} s,"
                f" peak {found['peak_mb']} MB",
                flush=True,
            )
            if given.out:
                given.out.parent.mkdir(parents=True, exist_ok=True)
                given.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
