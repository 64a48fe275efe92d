"""A process of its own that ingests with the tiny model, for tests that kill it or work beside it.

    python -m tests.streamvid.ingest_child HOME FILE TWO_PASSES WHAT

WHAT is ``kill:N`` (SIGKILL at the N-th event, an encode or a report of progress), or ``hold`` (wait
for a line on stdin once something is committed). Each commit is acknowledged on stdout by the
number of ticks that are settled.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from streamvid.ingest import IngestProgress
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel

NOISE = 1e-3
ONE_PASS = Settings(commit_frames=16)
TWO_PASSES = Settings(commit_frames=16, two_pass_min_s=60.0, preview_frames=40)


def main(home: str, file: str, two_passes: str, what: str) -> None:
    events = itertools.count(1)
    kill_at = int(what.removeprefix("kill:")) if what.startswith("kill:") else 0
    held: list[bool] = []

    def event(_: object) -> None:
        if next(events) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(told: IngestProgress) -> None:
        sys.stdout.write(f"{told.done_ticks}\n")
        sys.stdout.flush()
        event(told)
        if what == "hold" and told.done_ticks and not held:
            held.append(True)
            sys.stdin.readline()

    def load() -> TinyModel:
        return TinyModel(batch_noise=NOISE, on_encode=event)

    settings = TWO_PASSES if two_passes == "1" else ONE_PASS
    with Session(Path(home), load, settings=settings) as session:
        session.ingest(Path(file), progress=progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
