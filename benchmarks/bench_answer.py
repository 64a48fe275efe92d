"""Time to the first word and words a second, over 60 to 10,800 remembered frames.

    python benchmarks/bench_answer.py [--rounds 3] [--frames 10800] [--out FILE.json]

A film of one frame a second, real footage repeated, is ingested once (kept in --work); then ranges
of it are asked. ``cold``: a new session that has answered about another film, so that the model is
loaded and its kernels are compiled, and is asked about a range for the first time; ``second``:
another question about the same range in the same session. Beside them, in the same run: the plain
prefill of as many tokens by transformers' own Llama on the same weights, in its faster precision.
The median of the rounds counts. Peak memory is that of one `streamvid ask` over the whole film in a
process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import av
import torch
from transformers import LlamaForCausalLM

from apps.demo import packaged_clip
from streamvid.answer.span import TimeRange
from streamvid.model.llama.precision import processor_name
from streamvid.model.nano.language_weights import converted_folder
from streamvid.model.nano.loading import load_nano
from streamvid.model.nano.packages import SMOLLM2
from streamvid.session import Session

OTHER_FRAMES = 64
RANGES = (60, 600, 1800, 3600, 10_800)
FIRST = "What are the people in the video doing?"
SECOND = "Is there a bicycle in the video?"


def write_film(path: Path, seconds: int) -> None:
    """The packaged clip's frames, one a second, over and over, with a drifting crop."""
    with av.open(str(packaged_clip())) as source:
        frames = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)][::5]
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = width - 32, height - 32, "yuv420p"
        stream.time_base = Fraction(1, 1)
        stream.options = {"preset": "ultrafast", "g": "10", "bf": "0"}
        for second in range(seconds):
            picture = frames[second % len(frames)]
            left, top = second % 32, second // 32 % 32
            part = picture[top : top + height - 32, left : left + width - 32]
            frame = av.VideoFrame.from_ndarray(part.copy(), format="rgb24")
            frame.pts, frame.time_base = second, Fraction(1, 1)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def peer_prefill(folder: Path, tokens: int, dtype: torch.dtype, rounds: int) -> float:
    """Seconds that transformers' Llama takes to prefill ``tokens`` embeddings and give one id."""
    model: Any = LlamaForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    embeddings = torch.randn(1, tokens, model.config.hidden_size, dtype=dtype) * 0.1
    times = []
    with torch.inference_mode():
        for _ in range(rounds + 1):
            start_s = time.perf_counter()
            model(inputs_embeds=embeddings, use_cache=True, logits_to_keep=1)
            times.append(time.perf_counter() - start_s)
    return statistics.median(times[1:])


def asked(session: Session, film: Path, question: str, seconds: int) -> dict[str, float]:
    """One answer's figures."""
    answer = session.ask(film, question, within=TimeRange(0.0, float(seconds))).result()
    usage = answer.usage
    return {
        "first_text_s": answer.timings.first_text_s,
        "tokens_per_s": usage.tokens_per_s,
        "context_tokens": usage.context_tokens,
        "view_tokens": usage.view_tokens,
        "fused_frames": usage.fused_frames,
        "range_frames": usage.range_frames,
        "reused": float(usage.context_reused),
    }


def plain_peak_bytes(film: Path, home: Path, cache: Path, weights: Path | None) -> int:
    """Peak resident memory of a process that does nothing but ask about the whole film."""
    with tempfile.TemporaryDirectory() as folder:
        # The program looks for recordings in its home, and keeps stills beside them.
        (Path(folder) / "recordings").symlink_to(home.resolve())
        command = [sys.executable, "-m", "apps", "ask", str(film.resolve()), FIRST]
        command += ["--home", folder, "--set", f"cache={cache.resolve()}"]
        if weights is not None:
            command += ["--set", f"weights={weights.resolve()}"]
        subprocess.run(command, check=True, cwd=Path(__file__).parent.parent, capture_output=True)
    # Of the largest child: no other was started.
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def median_of(rows: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=RANGES[-1])
    parser.add_argument("--work", type=Path, default=Path("out/bench_answer"))
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--weights", type=Path, help="other trained weights")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    film = arguments.work / f"film-{arguments.frames}.mp4"
    if not film.exists():
        print(f"writing {film}")
        write_film(film, arguments.frames)
    other = arguments.work / f"film-{OTHER_FRAMES}.mp4"
    if not other.exists():
        write_film(other, OTHER_FRAMES)

    loaded: list[Any] = []

    def load() -> Any:
        # Once: contexts, states, indexes and views are a session's, and cold in a new one. Never in
        # this thread: OpenMP would keep a second pool for it, and with more threads than processors
        # let none of them wait awake, which halves the speed of decoding.
        if not loaded:
            loaded.append(load_nano(cache=arguments.cache, weights=arguments.weights, say=print))
        return loaded[0]

    home = arguments.work / "home"
    ranges = [seconds for seconds in RANGES if seconds <= arguments.frames]
    start_s = time.perf_counter()
    with Session(home, load) as session:
        report = session.ingest(film, progress=progress_line(arguments.frames))
        # Nothing to tell where an earlier run had watched the film already.
        ingest_s = time.perf_counter() - start_s if report.new_frames else None
        language = session.ask(film, FIRST, within=TimeRange(0.0, 60.0)).result().language_model
    table: dict[str, Any] = {}
    for seconds in ranges:
        cold, second = [], []
        for _ in range(arguments.rounds):
            with Session(home, load) as session:
                asked(session, other, FIRST, OTHER_FRAMES)
                cold.append(asked(session, film, FIRST, seconds))
                second.append(asked(session, film, SECOND, seconds))
        table[str(seconds)] = {"cold": median_of(cold), "second": median_of(second)}
        print(seconds, json.dumps(table[str(seconds)]))
    peak_bytes = plain_peak_bytes(film, home, arguments.cache, arguments.weights)
    folder = converted_folder(SMOLLM2, arguments.cache)
    longest = max(ranges, key=lambda seconds: table[str(seconds)]["cold"]["context_tokens"])
    tokens = int(table[str(longest)]["cold"]["context_tokens"])
    peers = {
        str(dtype).removeprefix("torch."): round(
            peer_prefill(folder, tokens, dtype, arguments.rounds), 3
        )
        for dtype in (torch.float32, torch.bfloat16)
    }
    result = {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "load_average": os.getloadavg()[0],
        "language_model": language,
        "ingest_s": ingest_s and round(ingest_s, 1),
        "remembered_frames": table,
        "transformers_prefill": {"tokens": tokens, "seconds": peers},
        "first_over_fastest_plain_prefill": {
            str(seconds): round(
                table[str(seconds)]["cold"]["first_text_s"] / min(peers.values()), 2
            )
            for seconds in ranges
        },
        "plain_ask_peak_resident_bytes": peak_bytes,
    }
    print(json.dumps(result, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")


def progress_line(frames: int) -> Callable[[Any], None]:
    """Says every tenth of the ingest."""
    said: set[int] = set()

    def say(progress: Any) -> None:
        tenth = 10 * progress.done_ticks // frames
        if tenth not in said:
            said.add(tenth)
            print(f"ingested {progress.done_ticks} of {frames}")

    return say


if __name__ == "__main__":
    main()
