"""A process killed while it watches and forgets leaves a recording that holds together."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
from pathlib import Path

import pytest

from memory import OFF, Home, Recording
from tests.memory.invariants import check_live
from tests.memory.live_child import AWAY_S, COMMIT_TICKS

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("live_child.py")


def kill_after(home: Home, acknowledgements: int, further_ms: float) -> int:
    """Start a watcher, kill it that much later; return the last tick that it acknowledged."""
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(home.path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdout is not None
        heard = b"".join(child.stdout.readline() for _ in range(acknowledgements))
        # the wait ends in the middle of a later commit, or of forgetting: nothing is read meanwhile
        select.select([], [], [], further_ms / 1000)
        child.kill()
        heard += child.stdout.read()
        child.wait()
    complete_lines = heard[: heard.rfind(b"\n") + 1]
    return int(complete_lines.split()[-1])


def check_seed(seed: int, folder: Path) -> None:
    choose = random.Random(seed)
    home = Home(folder / f"home{seed}")
    runs = choose.randint(2, 3)
    off_s = 0.0
    for run in range(runs):
        acknowledged = kill_after(home, choose.randint(40, 90), choose.uniform(0, 20))
        recording = home.get("cam")
        end_tick = check_live(recording)
        # one commit may have reached the disk before its acknowledgement reached us
        assert end_tick in (acknowledged, acknowledged + COMMIT_TICKS)
        off_s += AWAY_S if run else 0.0
        check_life(recording, runs=run + 1, off_s=off_s)
    assert home.list()[0].first_kept_tick > 0  # it did forget meanwhile


def check_life(recording: Recording, *, runs: int, off_s: float) -> None:
    with recording.snapshot() as now:
        live = now.live()
        assert live.runs == runs
        # what retention did not reach is told still
        kept_off = sum(g.end_s - g.start_s for g in now.gaps() if g.reason == OFF)
        assert kept_off <= off_s
        assert now.counters().gapped >= off_s
        timeline = now.timeline()
        assert timeline is not None
        assert timeline.to_wall_time(timeline.end_s) == timeline.end_s


def test_a_killed_watcher_leaves_a_recording_that_holds_together(tmp_path: Path) -> None:
    check_seed(0, tmp_path)


@pytest.mark.slow  # starts some fifty processes
def test_a_watcher_killed_at_fifty_points_leaves_it_so(tmp_path: Path) -> None:
    for seed in range(1, 21):
        check_seed(seed, tmp_path)
