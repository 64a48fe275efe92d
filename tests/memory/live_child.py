"""A process that watches a camera, comes and goes, and forgets, until it is killed.

Started by ``test_live_crash``: the argument is the home. It says each settled end that was
acknowledged.
"""

from __future__ import annotations

import dataclasses
import random
import sys

from memory import Anchor, Batch, FrameRow, GapRow, Home, ModelIdentity, Source, TickSpan
from tests.memory.frames import GEOMETRY, frame_at

MODEL = ModelIdentity("m", GEOMETRY)
CAMERA = Source("cam", "live", "cam", address="rtsp://cam/one")
KEEP_BYTES = 1_500_000
COMMIT_TICKS = 5
AWAY_S = 30.0
MOST_TICKS = 1_000_000
"""More than is ever reached before the kill."""


def batch_at(first_tick: int) -> Batch:
    """Five ticks: all seen, all blind, or one dropped."""
    span = TickSpan(first_tick, first_tick + COMMIT_TICKS)
    match first_tick // COMMIT_TICKS % 10:
        case 7:
            seen, gap = range(0), (float(first_tick), float(span.end_tick), "stalled")
        case 8:
            seen, gap = (
                range(first_tick + 1, span.end_tick),
                (first_tick, first_tick + 1, "dropped"),
            )
        case _:
            return Batch(span, tuple(map(big, range(first_tick, span.end_tick))))
    return Batch(span, tuple(map(big, seen)), (GapRow(*gap),))


def big(tick: int) -> FrameRow:
    """A frame with a still of some size."""
    return dataclasses.replace(frame_at(tick), still=random.Random(tick).randbytes(8_000))


def main() -> None:
    """Watch until killed."""
    recording = Home(sys.argv[1]).ensure(CAMERA, MODEL, created_wall_s=0.0)
    with recording.writer(MODEL) as writer:
        settled = writer.settled()
        end_tick = settled[-1].end_tick if settled else 0
        start = writer.begin_run(end_tick + AWAY_S)
        first_tick = start.first_tick if start else 0
        for tick in range(first_tick, MOST_TICKS, COMMIT_TICKS):
            batch = batch_at(tick)
            if tick == 0:
                batch = dataclasses.replace(batch, anchors=(Anchor(0.0, 0.0, run=True),))
            writer.commit(batch)
            sys.stdout.write(f"{tick + COMMIT_TICKS}\n")
            sys.stdout.flush()
            writer.drop_oldest(KEEP_BYTES, now_wall_s=float(tick))


if __name__ == "__main__":
    main()
