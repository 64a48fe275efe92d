"""Frames a second of each model stage of ingest, alone and together, by batch size.

    python benchmarks/bench_ingest.py [--rounds 5] [--frames 64] [--out FILE.json]

Stills are real footage from an installed package, 336 px on the short side. Stages: JPEG decoding
and resizing, tower, compressor and projector, pre-fusion, the whole of ``encode``, and ``encode``
with the commit to a memory on disk. The best of the rounds counts, as what disturbs only slows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch

from apps.demo import packaged_clip
from capture import Frame, Settings, decode_still, encode_still, open_file
from memory import Batch, FrameRow, Geometry, Home, ModelIdentity, TickSpan, describe_file
from streamvid.model.llama.precision import processor_name
from streamvid.model.nano.frames import squares
from streamvid.model.nano.loading import load_nano
from streamvid.model.nano.model import NanoModel
from streamvid.model.seam import Picture

BATCHES = (1, 8, 16, 32)


def stills(count: int) -> list[bytes]:
    """``count`` JPEG stills of the packaged clip, repeated."""
    with open_file(packaged_clip(), Settings()) as source:
        pictures = [item.pixels for item in source if isinstance(item, Frame)]
    encoded = [encode_still(picture) for picture in pictures]
    return [encoded[number % len(encoded)] for number in range(count)]


def per_second(work: Callable[[], object], frames: int, rounds: int) -> float:
    """Frames a second in the best round."""
    best = float("inf")
    for _ in range(rounds):
        start_s = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start_s)
    return round(frames / best, 1)


def in_batches(items: Sequence[Picture], size: int, work: Callable[[Sequence[Picture]], object]):
    """A call of ``work`` on every batch of ``items``."""
    return lambda: [work(items[start : start + size]) for start in range(0, len(items), size)]


def stages(
    nano: NanoModel, pictures: Sequence[Picture], size: int, rounds: int
) -> dict[str, float]:
    """Frames a second of each stage at one batch size."""
    parts = nano._parts
    count = len(pictures)
    with torch.inference_mode():
        square = [squares(pictures[start : start + size]) for start in range(0, count, size)]
        tower, vision = parts.side.frames._tower, parts.side.frames._vision
        features = [tower(pixels) for pixels in square]
        seen = [vision(feature) for feature in features]
        prefix = nano._prefix
        sequences = [
            torch.cat((s.grid.float(), s.token.float(), prefix.expand(len(s.grid), -1, -1)), 1)
            for s in seen
        ]
        kept = 1 + len(prefix)
        work: dict[str, Callable[[], object]] = {
            "resize": in_batches(pictures, size, squares),
            "tower": lambda: [tower(pixels) for pixels in square],
            "compressor and projector": lambda: [vision(feature) for feature in features],
            "pre-fusion": lambda: [
                parts.side.prefusion.run_frames(s, outputs=kept) for s in sequences
            ],
            "encode": in_batches(pictures, size, nano.encode),
        }
        return {name: per_second(call, count, rounds) for name, call in work.items()}


def stored(nano: NanoModel, jpegs: Sequence[bytes], rounds: int) -> float:
    """Frames a second from stills to committed rows: decode, encode, one commit for 64 frames."""
    spec = nano.spec
    geometry = Geometry(
        width=spec.width,
        tokens_per_frame=spec.tokens_per_frame,
        embedding_width=spec.embedding_width,
        prefix_tokens=spec.prefix_tokens,
        keeps_fused_prefix=spec.keeps_fused_prefix,
    )
    model = ModelIdentity(nano.fingerprint, geometry)

    def work(folder: str) -> None:
        home = Home(Path(folder))
        recording = home.create(describe_file(packaged_clip()), model, created_wall_s=0.0)
        with recording.writer(model) as writer:
            for first in range(0, len(jpegs), 64):
                block = jpegs[first : first + 64]
                rows = []
                for start in range(0, len(block), spec.encode_batch):
                    part = block[start : start + spec.encode_batch]
                    encoded = nano.encode([decode_still(jpeg) for jpeg in part])
                    for number, jpeg in enumerate(part):
                        tick = first + start + number
                        rows.append(
                            FrameRow(
                                tick=tick,
                                t_s=float(tick),
                                tokens=encoded.tokens[number],
                                embedding=encoded.embeddings[number].astype(np.float16),
                                fused_prefix=encoded.fused_prefix[number],
                                still=jpeg,
                                kind="tick",
                                wall_s=0.0,
                                corrupt=False,
                            )
                        )
                writer.commit(Batch(TickSpan(first, first + len(block)), frames=tuple(rows)))

    best = float("inf")
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            start_s = time.perf_counter()
            work(folder)
            best = min(best, time.perf_counter() - start_s)
    return round(len(jpegs) / best, 1)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--weights", type=Path, help="other trained weights")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    nano = load_nano(cache=arguments.cache, weights=arguments.weights, say=print)
    jpegs = stills(arguments.frames)
    pictures = [decode_still(jpeg) for jpeg in jpegs]
    start_s = time.perf_counter()
    for jpeg in jpegs:
        decode_still(jpeg)
    decoding = round(len(jpegs) / (time.perf_counter() - start_s), 1)
    rows = {str(size): stages(nano, pictures, size, arguments.rounds) for size in BATCHES}
    result = {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "precision": nano.language_model,
        "still_px": list(pictures[0].shape[:2]),
        "frames_per_s": {
            "still decoding": decoding,
            "by batch": rows,
            "stills to committed rows": stored(nano, jpegs, arguments.rounds),
        },
    }
    for size, row in rows.items():
        print(f"batch {size:>3}: " + ", ".join(f"{name} {value}" for name, value in row.items()))
    print(
        f"stills to committed rows: {result['frames_per_s']['stills to committed rows']} frames/s"
    )
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
