"""``--model owner/name``: a checkpoint from a hub, which is a server on loopback here."""

from __future__ import annotations

import json

import pytest

from tests.fake_hub import FakeHub, running
from tests.streamvid.model.llava_mini.tiny_checkpoint import TOWER, write_checkpoint

MODEL, TOWER_NAME = "lab/tiny-llava-mini", "lab/tiny-clip"
# Each run is a whole start of the program, which loads torch and transformers.
pytestmark = pytest.mark.slow


@pytest.fixture
def hub(tmp_path):
    folder = write_checkpoint(tmp_path / "made")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "mm_vision_tower": TOWER_NAME}))
    (folder / "pytorch_model.bin").write_bytes(b"the same once more, pickled")
    with running(FakeHub({MODEL: folder, TOWER_NAME: folder.parent / TOWER})) as hub:
        yield hub


@pytest.fixture
def ask(program, clip, hub, tmp_path):
    def run(model=MODEL, url=None):
        environment = {
            "HF_ENDPOINT": url or hub.url,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        return program.run("ask", clip, "What is green?", "--json", "--model", model, **environment)

    return run


def test_a_name_is_downloaded_once_with_its_tower_and_then_found(ask, tmp_path):
    first = ask()
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["language_model"].startswith(MODEL)
    told = [line for line in first.stderr.splitlines() if "downloading" in line]
    assert [line.split("downloading ")[1].split(":")[0] for line in told] == [MODEL, TOWER_NAME]
    assert all(" MB in " in line for line in told)
    # Nobody reads pickled weights where there are safetensors.
    assert not list((tmp_path / "hf").rglob("pytorch_model.bin"))
    second = ask()
    assert second.returncode == 0, second.stderr
    assert "downloading" not in second.stderr
    # Without a hub as well.
    third = ask(url="http://127.0.0.1:9")
    assert third.returncode == 0, third.stderr


@pytest.mark.parametrize(
    ("model", "url", "told"),
    [
        ("lab/nothing", None, "lab/nothing"),
        (MODEL, "http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_what_cannot_be_had_is_one_line(ask, model, url, told):
    done = ask(model, url)
    assert done.returncode == 6
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("streamvid: ")
    assert told in last
