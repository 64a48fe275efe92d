"""A process that ingests in small commits and says each one once it is acknowledged.

Started by ``test_crash``: the argument is the home.
"""

from __future__ import annotations

import sys

from memory import Batch, GapRow, Home, ModelIdentity, Source, TickSpan
from tests.memory.frames import GEOMETRY, frame_at

FILM_TICKS = 100_000
"""More than is ever reached before the kill."""
PREVIEW_TICKS = 2_000
COMMIT_TICKS = 5
"""What is seen in 5 s of wall time at one frame a second."""


def batch_at(first_tick: int) -> Batch:
    """The commit of COMMIT_TICKS ticks; every hundredth second a gap of two begins."""
    span = TickSpan(first_tick, first_tick + COMMIT_TICKS)
    blind = first_tick % 100 == 0
    seen = range(first_tick + (2 if blind else 0), span.end_tick)
    gaps = (GapRow(float(first_tick), first_tick + 2.0, "lost"),) if blind else ()
    return Batch(span, tuple(frame_at(tick) for tick in seen), gaps)


def main() -> None:
    """Ingest until killed."""
    model = ModelIdentity("m", GEOMETRY)
    home = Home(sys.argv[1])
    recording = home.ensure(Source("d" * 64, "file", "film"), model, created_wall_s=0.0)
    with recording.writer(model) as writer:
        settled = writer.settled()
        start = settled[0].end_tick if settled else 0
        if not settled:
            writer.add_previews(frame_at(tick) for tick in range(1, PREVIEW_TICKS, 50))
        for first_tick in range(start, FILM_TICKS, COMMIT_TICKS):
            writer.commit(batch_at(first_tick))
            sys.stdout.write(f"{first_tick + COMMIT_TICKS}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
