"""Downloads that break off, from a hub on loopback, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_hub import FakeHub, running

# The hub's library writes 10 MiB at a time, and what it has not written it fetches again.
SIZE = 32 * 1024 * 1024
PROGRAM = """
import sys
from pathlib import Path
from streamvid.model.llava_mini.hub import fetch
print(fetch("lab/model", say=lambda line: print(line, file=sys.stderr)))
"""
pytestmark = pytest.mark.slow  # three starts of the hub's library, a second each


def run(hub: FakeHub, home) -> subprocess.CompletedProcess[str]:
    environment = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(os.urandom(SIZE))
    (folder / "config.json").write_text("{}")
    return folder


def test_a_download_that_breaks_off_goes_on_where_it_stopped(folder, tmp_path) -> None:
    with running(FakeHub({"lab/model": folder}, cuts=1)) as hub:
        done = run(hub, tmp_path / "hf")
    assert done.returncode == 0, done.stderr
    assert "33.6 MB in 2 files" in done.stderr
    starts = [int(one.removeprefix("bytes=").split("-")[0]) for one in hub.ranges]
    assert starts == [10 * 1024 * 1024]
    found = Path(done.stdout.strip()) / "model.safetensors"
    assert found.read_bytes() == (folder / "model.safetensors").read_bytes()


def test_what_never_comes_whole_is_an_error_and_what_did_is_kept(folder, tmp_path) -> None:
    with running(FakeHub({"lab/model": folder}, cuts=100)) as hub:
        broken = run(hub, tmp_path / "hf")
        assert broken.returncode != 0
        assert "WeightsError" in broken.stderr.splitlines()[-1]
        hub.cuts = 0
        done = run(hub, tmp_path / "hf")
    assert done.returncode == 0, done.stderr
    assert "33.6 MB in 1 file;" in done.stderr
