"""What bounded fusion loses: a question fused with F chosen frames instead of all of them.

    python benchmarks/fusion_error.py VIDEO… [--model FOLDER]… [--frames 512] [--out JSON]

The videos, one behind the other at one frame a second, stand for one recording. Each question is
fused with every frame by itself, so that the mean over all frames (``full``) and over any choice of
them are sums of the same numbers. Frames are chosen as answers choose them: newest, retrieved by
search, and spread (``span``, weighted by the seconds nearest to each) or not (``focus``). The error
is the norm of the difference over the norm of what fusion added to the plain embeddings; beside it
stands that of a random choice of F frames, counted alike.

nano is always measured; FOLDERs are LLaVA-Mini checkpoints. Where one cannot search by words, the
frames are retrieved in an order drawn by seed, and the row says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import numpy.typing as npt

from benchmarks.sampled_frames import frames_of
from streamvid.answer.fusion_set import choose
from streamvid.evaluation.progress import SAY_EVERY_S, Steps
from streamvid.model.errors import NoTextSearchError
from streamvid.model.llama.precision import processor_name
from streamvid.model.llava_mini.loading import load_llava_mini
from streamvid.model.nano.loading import load_nano
from streamvid.model.seam import Picture, VideoModel

QUESTIONS = (
    "Is there a dog in the video?",
    "What is the man holding?",
    "What happens at the end?",
    "Describe the video.",
)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
Floats = npt.NDArray[np.float32]


def measure(model: VideoModel, stills: Sequence[Picture], seed: int = 0) -> dict[str, Any]:
    """Errors by weighting and F, mean over the questions."""
    steps = Steps(say, every_s=SAY_EVERY_S)
    steps.begin(f"{model.spec.name}: encoding", len(stills), "frames")
    embeddings = []
    for still in stills:
        embeddings.append(model.embed_image(still))
        steps.step()
    rng = np.random.default_rng(seed)
    errors: dict[str, dict[int, list[float]]] = {}
    searched = True
    for question in QUESTIONS:
        fused = fuse_each(model, question, stills)
        full = fused.mean(0)
        plain = plain_question(model, question, fused)
        size = float(np.linalg.norm(full - plain))
        try:
            scores = np.stack(embeddings) @ model.embed_text(question)
        except NoTextSearchError:
            scores, searched = rng.random(len(stills)), False
        retrieved = np.argsort(-scores, kind="stable").tolist()
        for limit in [size for size in SIZES if size < len(stills)]:
            for name, found in choices(fused, retrieved, limit, rng).items():
                share = float(np.linalg.norm(found - full)) / size
                errors.setdefault(name, {}).setdefault(limit, []).append(share)
    return {
        "frames": len(stills),
        "retrieved_by": "search" if searched else "seed",
        "errors": {
            name: {str(limit): float(np.mean(found)) for limit, found in row.items()}
            for name, row in errors.items()
        },
    }


def fuse_each(model: VideoModel, question: str, stills: Sequence[Picture]) -> Floats:
    """The question fused with each frame alone, [T, Q, d]."""
    steps = Steps(say, every_s=SAY_EVERY_S)
    steps.begin(f"{model.spec.name}: {question}", len(stills), "frames")
    fused = []
    for still in stills:
        fused.append(model.fuse(question, [still], [1.0]).mean())
        steps.step()
    return np.stack(fused)


def plain_question(model: VideoModel, question: str, fused: Floats) -> Floats:
    """Its embeddings without fusion, [Q, d]."""
    parts: Any = model._parts  # type: ignore[attr-defined]
    ids = parts.prompt.question(question)
    language = parts.core.language if hasattr(parts, "core") else parts.language
    plain: Floats = language.embed(ids).numpy()
    assert plain.shape == fused.shape[1:]
    return plain


def choices(
    fused: Floats, retrieved: Sequence[int], limit: int, rng: np.random.Generator
) -> dict[str, Floats]:
    """The mean over F frames, chosen in each way."""
    ticks = np.arange(len(fused))
    found = {}
    for weighting in ("span", "focus"):
        chosen = choose(ticks, retrieved, limit, weighting=weighting)
        weights = np.asarray(chosen.weights, np.float32)
        found[weighting] = np.average(fused[list(chosen.ticks)], axis=0, weights=weights)
    drawn = rng.choice(len(fused), limit, replace=False)
    found["random"] = fused[drawn].mean(0)
    return found


def say(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--frames", type=int, default=512)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    stills = frames_of(options.videos, options.frames)
    models: list[VideoModel] = [load_nano(cache=options.cache, say=say)]
    models += [load_llava_mini(folder, cache=options.cache, say=say) for folder in options.model]
    result: dict[str, Any] = {"processor": processor_name(), "models": {}}
    for model in models:
        result["models"][model.spec.name] = found = measure(model, stills)
        for name, row in found["errors"].items():
            print(model.spec.name, name, {limit: round(one, 3) for limit, one in row.items()})
        if options.out:
            options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
