"""A process of its own that reencodes with a second tiny model, killed or held on the way.

    python -m tests.streamvid.reencode_child HOME SOURCE WHAT

WHAT is ``kill:N`` (SIGKILL at the N-th event, an encode or a report of progress), ``hold`` (wait
for a line on stdin once a block is encoded) or ``through``.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from streamvid.ingest import IngestProgress
from streamvid.session import Session
from tests.streamvid.ingest_child import NOISE
from tests.streamvid.tiny_model import TinyModel


def second_model(**more: object) -> TinyModel:
    """Another model than the tests' usual one, that wants other batches."""
    return TinyModel(seed=7, encode_batch=5, batch_noise=NOISE, **more)  # type: ignore[arg-type]


def main(home: str, source: str, what: str) -> None:
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

    with Session(Path(home), lambda: second_model(on_encode=event)) as session:
        session.reencode(source, progress=progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
