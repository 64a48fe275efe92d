"""Training from its command line on a folder of made pictures, to weights that answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from streamvid.model.nano.loading import load_nano
from streamvid.model.seam import Finished, Sampling
from streamvid.training.__main__ import Steps

ROOT = Path(__file__).parent.parent.parent.parent
COLOURS = {"red": (200, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 200)}
# It trains the real language model: six steps, each a few seconds, and four loads of it.
pytestmark = [pytest.mark.slow, pytest.mark.weights]


@pytest.fixture
def captions(tmp_path):
    folder = tmp_path / "captions"
    (folder / "images").mkdir(parents=True)
    lines = []
    for split in ("train", "dev"):
        for number, (colour, rgb) in enumerate(list(COLOURS.items()) * 3):
            name = f"images/{split}-{number}.jpg"
            picture = np.full((60, 80, 3), rgb, np.uint8)
            picture[10 + number : 40, 20:50] = 240
            Image.fromarray(picture).save(folder / name)
            said = [f"A {colour} ball lies on the grass.", f"A dog plays with a {colour} ball."]
            lines.append({"image": name, "captions": said, "split": split})
    (folder / "captions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def run(captions, work, *more):
    return subprocess.run(
        [
            *(sys.executable, "-m", "streamvid.training", str(captions), "--work", str(work)),
            *("--fp32", "--threads", "1", "--cooldown-steps", "0", *more),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_one_command_trains_ships_and_goes_on(captions, tmp_path, language_folder, nano_cache):
    work, weights = tmp_path / "work", tmp_path / "weights"
    (work).mkdir()
    # The conversion is not what is tested here.
    (work / "cache").symlink_to(language_folder.parent)
    first = run(captions, work, "--warmup-steps", "1", "--main-steps", "0")
    assert first.returncode == 0, first.stderr
    steps = ("--warmup-steps", "1", "--cooldown-steps", "1", "--closing-steps", "1")
    second = run(captions, work, *steps, "--main-steps", "1,2", "--ship", str(weights))
    assert second.returncode == 0, second.stderr
    assert "warmup: going on from step 1" in second.stderr
    assert "main: going on from step 1" in second.stderr
    assert "mean of cooldown-1, cooldown-2" in second.stderr
    assert (work / "closing-1-2.pt").is_file()
    late = run(captions, work, *steps, "--main-steps", "0,2")
    assert late.returncode == 1
    assert "no cool-down can branch off at 0" in late.stderr
    nano = load_nano(cache=nano_cache, weights=weights, precision="fp32")
    picture = np.asarray(Image.open(captions / "images/dev-0.jpg").convert("RGB"))
    encoded, head = nano.encode([picture]), nano.spec.prefix_head_tokens
    context = nano.context(encoded.fused_prefix[0, :head])
    context.extend(encoded.tokens[0])
    fused = nano.fuse("What colour is the ball?", [picture], [1.0]).mean()
    prompt = np.concatenate([encoded.fused_prefix[0, head:], fused])
    *_, finished = nano.generate(context, prompt, Sampling(max_new_tokens=4))
    assert isinstance(finished, Finished)


def test_a_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    told = run(tmp_path / "empty", tmp_path / "work")
    assert told.returncode not in (0, None)
    assert "Traceback" not in told.stderr
    assert "captions.jsonl" in told.stderr


@pytest.mark.parametrize("steps", ["many", "5,3", "3,3", "-1"])
def test_main_steps_that_do_not_rise_are_refused(steps):
    with pytest.raises(click.BadParameter, match="900,3700"):
        Steps().convert(steps, None, None)


def test_main_steps_are_one_number_or_several():
    assert Steps().convert("4", None, None) == (4,)
    assert Steps().convert("900,3700", None, None) == (900, 3700)
