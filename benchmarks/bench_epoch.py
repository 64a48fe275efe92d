"""What a sealed prefix changes on a recording that grows, against making the context anew.

    python benchmarks/bench_epoch.py [--minutes 1 10 60 180] [--videos FOLDER] [--out FILE.json]

A live recording is simulated: real footage in scenes of 20 to 240 s, one frame a second, kept up in
the background after each commit as a watching program does. Once it is so many minutes long,
questions are put at some moments of an epoch, each in three ways: *sealed*, as a running program
answers; *fresh*, by one that was just started (the same view, the prefix mean of now); *exact*,
about the same range with its end given (a view made for it at once, and prefilled whole). Sealed
and exact are asked first by turns: whichever comes second finds the fused frames' states.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sampled_frames import scenes_of
from benchmarks.simulated_live import COMMIT_FRAMES, SimulatedLive, encode_footage
from memory import FrameRow
from streamvid.answer import Answer, TimeRange
from streamvid.engine import Engine, Priority
from streamvid.ingest.ingest import model_identity
from streamvid.model.seam import Picture, VideoModel
from streamvid.session import EVERYTHING, Session
from streamvid.settings import Settings

MINUTES = (1.0, 10.0, 60.0, 180.0)
PROBES_S = (0, 43, 85, 128, 171, 213)
"""Seconds behind each length at which is asked: an epoch lasts 256."""
QUESTIONS = (
    "What are the people in the video doing?",
    "Is there a bicycle in the video?",
    "Is it indoors or outdoors?",
    "What happens in the video?",
    "Is there an animal in the video?",
    "Which colours stand out?",
)
SCENE_FRAMES = 20
KEEP_UP_LIMIT_S = 600.0
Load = Callable[[], VideoModel]


@dataclass(frozen=True, slots=True)
class Probe:
    """One moment: the same question in three ways."""

    sealed: Answer
    fresh: Answer
    exact: Answer


def probe(
    running: Session, home: Path, load: Load, settings: Settings, live: SimulatedLive,
    questions: Sequence[str], *, exact_first: bool,
) -> list[Probe]:  # fmt: skip
    """Ask all ``questions`` at this moment, in the running program ``exact_first`` or not."""
    name, whole = live.recording.id, TimeRange(0.0, float(live.seconds))
    # Whatever way is asked, the moments have to be looked up in what is new: not compared here.
    running.search(name, questions[0])
    ways = {"sealed": EVERYTHING, "exact": whole}
    answers = {
        way: [running.ask(name, question, within=ways[way]).result() for question in questions]
        for way in (reversed(ways) if exact_first else ways)
    }
    with Session(home, load, settings=settings) as started:
        started.search(name, questions[0])
        fresh = [started.ask(name, question).result() for question in questions]
    return [Probe(*three) for three in zip(answers["sealed"], fresh, answers["exact"], strict=True)]


def table_of(moments: Sequence[Sequence[Probe]]) -> dict[str, Any]:
    """The figures of one length: ``moments`` hold a probe per question each."""
    probes = [probe for moment in moments for probe in moment]
    first = [moment[0] for moment in moments]
    drifts = [probe.sealed.usage.prefix_drift for probe in first]
    return {
        "frames": first[0].sealed.usage.range_frames,
        "view_tokens": first[0].sealed.usage.view_tokens,
        "prefix_error_mean": round(statistics.mean(drifts), 4),
        "prefix_error_max": round(max(drifts), 4),
        "answers": len(probes),
        "sealed_answers": sum("sealed prefix" in probe.sealed.exactness for probe in probes),
        "same_text_as_fresh": _share(p.sealed.text == p.fresh.text for p in probes),
        "same_first_word_as_fresh": _share(_word(p.sealed) == _word(p.fresh) for p in probes),
        "same_text_as_exact": _share(p.sealed.text == p.exact.text for p in probes),
        "fresh_same_text_as_exact": _share(p.fresh.text == p.exact.text for p in probes),
        "first_text_s": {
            "sealed": _median(probe.sealed for probe in first[0::2]),
            "fresh": _median(probe.fresh for probe in first),
            "exact": _median(probe.exact for probe in first[1::2]),
        },
        "extended_tokens": [probe.sealed.usage.extended_tokens for probe in first],
        "full_prefills": [probe.sealed.usage.full_prefills for probe in first],
    }


def measure(
    home: Path,
    load: Load,
    scenes: Sequence[Sequence[Picture]],
    *,
    settings: Settings,
    lengths_s: Sequence[int],
    probes_s: Sequence[int] = PROBES_S,
    questions: Sequence[str] = QUESTIONS,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Film, ask and compare; the result's ``lengths`` are tables by seconds."""
    footage, identity = _encoded(load, scenes)
    live = SimulatedLive(home / "recordings", identity, footage, name="camera")
    lengths: dict[str, Any] = {}
    with Session(home / "recordings", load, settings=settings) as running:
        live.film(lengths_s[0])
        running.ask(live.recording.id, questions[0]).result()  # what is asked of is kept up
        for length_s in lengths_s:
            moments = []
            for place, behind_s in enumerate(probes_s):
                _watch(running, live, length_s + behind_s)
                ask = partial(probe, running, home / "recordings", load, settings, live)
                moments.append(ask(questions, exact_first=place % 2 == 1))
            lengths[str(length_s)] = table_of(moments)
            say(f"{length_s} s {json.dumps(lengths[str(length_s)])}")
        counters = running.context_counters()
    live.close()
    return {
        "lengths": lengths,
        "epochs": counters.epochs,
        "extended_tokens": counters.extended_tokens,
        "language_model": moments[-1][0].sealed.language_model,
    }


def _watch(running: Session, live: SimulatedLive, until_s: int) -> None:
    """Film in commits, each read ahead for the next question as while watching."""
    while live.seconds < until_s:
        live.film(min(until_s, live.seconds + COMMIT_FRAMES))
        running.upkeep.tell(live.recording)
        if not running.upkeep.wait_until_idle(KEEP_UP_LIMIT_S):
            raise TimeoutError("what is new was not read in time; run it on an idle machine")


def _encoded(load: Load, scenes: Sequence[Sequence[Picture]]) -> tuple[list[list[FrameRow]], Any]:
    with Engine(load) as engine:
        identity = model_identity(engine.facts())
        rows = engine.submit(
            lambda model: encode_footage(model, scenes), priority=Priority.FILE, owner="footage"
        ).result()
    return rows, identity


def _share(holds: Iterable[bool]) -> float:
    found = [*holds]
    return round(sum(found) / len(found), 3)


def _word(answer: Answer) -> str:
    return answer.text.split(" ")[0].strip(".,!?").lower()


def _median(answers: Iterable[Answer]) -> float:
    return round(statistics.median(answer.timings.first_text_s for answer in answers), 3)


def main() -> None:
    """Measure, print, write."""
    from streamvid.model.llama.precision import processor_name
    from streamvid.model.nano.loading import load_nano

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=list(MINUTES))
    parser.add_argument("--videos", type=Path, help="folder of videos; default: a packaged clip")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--max-new-tokens", type=int, default=24)
    parser.add_argument("--drift", type=float, default=Settings().epoch_drift)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    loaded: list[VideoModel] = []

    def load() -> VideoModel:
        # Once, in an engine's thread; contexts, views and indexes are a session's own.
        if not loaded:
            loaded.append(load_nano(cache=arguments.cache, say=print))
        return loaded[0]

    settings = Settings(max_new_tokens=arguments.max_new_tokens, epoch_drift=arguments.drift)
    scenes = scenes_of(arguments.videos, SCENE_FRAMES)
    lengths_s = [round(60 * minutes) for minutes in arguments.minutes]
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), load, scenes, settings=settings, lengths_s=lengths_s)
    result |= {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "epoch_drift": settings.epoch_drift,
        "scenes": len(scenes),
        "pictures": sum(map(len, scenes)),
    }
    print(json.dumps(result, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
