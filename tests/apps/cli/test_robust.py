"""Every awkward file of the test data through the whole program; what must happen stands in it."""

import json
import os
from pathlib import Path

import pytest

DATA = os.environ.get("STREAMVID_DATA")
ROBUST = Path(DATA or "") / "videos" / "robust"


def expectations():
    if DATA is None:
        return []
    return [json.loads(line) for line in (ROBUST / "robust.jsonl").read_text().splitlines()]


def check_frames(expected, seen):
    """Stored, covered and gapped ticks against what the file is known to hold."""
    n_max = expected.get("n_max")
    if "n_min" in expected or n_max is not None:
        assert expected.get("n_min", 0) <= seen["frames"]
        assert n_max is None or seen["frames"] <= n_max
    else:
        assert seen["frames"] == expected["distinct_frames_at_1fps"]
    ticks = seen["frames"] + seen["ticks_covered"] + seen["ticks_gapped"]
    if expected["file"] == "pts_backwards.ts":
        # Two recordings glued: the record counts the first alone, and allows both (n_max). Both
        # are kept, since what is dropped would be neither stored nor in a gap (docs/capture.md).
        assert seen["frames"] == ticks == n_max
    elif expected["frames_at_1fps"] is not None:
        assert ticks == expected["frames_at_1fps"]


@pytest.mark.slow  # sixty-five files, one of them with pictures of 33 million pixels
@pytest.mark.skipif(DATA is None, reason="STREAMVID_DATA is not set")
@pytest.mark.parametrize("expected", expectations(), ids=lambda expected: expected["file"])
def test_an_awkward_file_does_what_is_expected(inside, refused, expected):
    path = ROBUST / expected["file"]
    done = inside.run("ingest", path)
    may_refuse = expected["expected"] == "error" or expected.get("n_min") == 0
    may_give = expected["expected"] != "error" or expected.get("n_max", 0) > 0
    if done.returncode != 0:
        assert may_refuse, done.stderr
        assert path.name in refused(done)
        return
    assert may_give, f"{path.name} was not refused"
    assert "Traceback" not in done.stderr
    seen = json.loads(inside.run("inspect", path, "--json").stdout)
    parts = ("seen", "covered", "dropped", "gapped", "pending")
    assert seen["ticks_expected"] == sum(seen[f"ticks_{part}"] for part in parts)
    assert seen["complete"]
    check_frames(expected, seen)
    if expected["expected"] == "frames" and not expected["pyav"].get("errors"):
        assert seen["damage"]["packets"] == 0
    if expected["expected"] == "partial":
        assert seen["gaps"] or sum(seen["damage"].values())
