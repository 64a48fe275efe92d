"""One process ingests while another reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from memory import Home, ModelIdentity, TickSpan
from tests.memory.crash_child import COMMIT_TICKS
from tests.memory.frames import GEOMETRY, frame_at

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("crash_child.py")


def test_a_reader_sees_whole_commits_only_and_never_disturbs_the_writer(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(home.path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdout is not None
        acknowledged = int(child.stdout.readline())
        recording = home.get("d" * 64)
        ends: list[int] = []
        for turn in range(20):
            with recording.snapshot() as now:
                (span,) = now.settled()
                assert span.end_tick % COMMIT_TICKS == 0
                assert span.end_tick >= acknowledged
                frames = now.frames()
                assert frames.ticks[-1] == span.end_tick - 1
                assert now.frame_count() == len(frames)
                assert sum(s.frames for s in now.segments()) == len(frames)
                assert sum(len(c.ticks) for c in now.tokens(chunk_frames=50)) == len(frames)
                assert now.frames(TickSpan(0, span.end_tick), previews=True).preview.sum() == 0
                last = int(frames.ticks[-1])
                assert now.stills([last]) == {last: frame_at(last).still}
            ends.append(span.end_tick)
            if turn % 5 == 0:
                recording.wanted(float(turn), turn + 1.0)
            acknowledged = int(child.stdout.readline())
        holder = recording.ingester()
        assert holder is not None
        assert holder.pid == child.pid
        child.kill()
        child.wait()
    assert ends == sorted(ends)
    assert ends[-1] > ends[0]
    with recording.writer(ModelIdentity("m", GEOMETRY)) as writer:
        assert writer.take_wanted() == [(t, t + 1.0) for t in (0.0, 5.0, 10.0, 15.0)]
