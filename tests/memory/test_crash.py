"""A process killed while it ingests loses nothing that it acknowledged."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
from pathlib import Path

import pytest

from memory import Home, ModelIdentity, Source, TickSpan
from tests.memory.crash_child import COMMIT_TICKS, PREVIEW_TICKS, batch_at
from tests.memory.frames import GEOMETRY, frame_at

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("crash_child.py")
MODEL = ModelIdentity("m", GEOMETRY)


def kill_after(home: Home, acknowledgements: int, further_ms: float) -> int:
    """Start an ingester, kill it that much later; return the last tick that it acknowledged."""
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(home.path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdout is not None
        heard = b"".join(child.stdout.readline() for _ in range(acknowledgements))
        # the wait ends in the middle of some later commit: nothing is read meanwhile
        select.select([], [], [], further_ms / 1000)
        child.kill()
        heard += child.stdout.read()
        child.wait()
    complete_lines = heard[: heard.rfind(b"\n") + 1]
    return int(complete_lines.split()[-1])


def uninterrupted_digest(folder: Path, end_tick: int) -> str:
    """What a recording of the same ticks holds that nobody killed."""
    recording = Home(folder).create(Source("d" * 64, "file", "film"), MODEL, created_wall_s=5.0)
    with recording.writer(MODEL) as writer:
        writer.add_previews(frame_at(tick) for tick in range(1, PREVIEW_TICKS, 50))
        for first_tick in range(0, end_tick, COMMIT_TICKS):
            writer.commit(batch_at(first_tick))
    with recording.snapshot() as now:
        return now.digest()


def check_seeds(seeds: range, tmp_path: Path) -> None:
    for seed in seeds:
        choose = random.Random(seed)
        home = Home(tmp_path / f"home{seed}")
        acknowledged = 0
        for _ in range(choose.randint(1, 2)):  # a second one goes on where the first was killed
            acknowledged = kill_after(home, choose.randint(1, 30), choose.uniform(0, 12))
        recording = home.get("d" * 64)
        assert recording.ingester() is None
        with recording.snapshot() as now:
            (span,) = now.settled()
            assert span.first_tick == 0
            # one commit may have reached the disk before its acknowledgement reached us
            assert span.end_tick in (acknowledged, acknowledged + COMMIT_TICKS)
            digest = now.digest()
        assert digest == uninterrupted_digest(tmp_path / f"whole{seed}", span.end_tick)
        assert home.list()[0].length_s == span.end_tick
        with recording.writer(MODEL) as writer:
            assert writer.settled() == [TickSpan(0, span.end_tick)]


def test_a_killed_ingester_loses_nothing_acknowledged(tmp_path: Path) -> None:
    check_seeds(range(1), tmp_path)


@pytest.mark.slow  # starts some thirty processes
def test_an_ingester_killed_at_twenty_points_loses_nothing_acknowledged(tmp_path: Path) -> None:
    check_seeds(range(1, 21), tmp_path)
