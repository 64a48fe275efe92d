"""The program with a checkpoint's folder as its model; nano in four bits."""

import json

import pytest
import torch

from tests.streamvid.model.llava_mini.tiny_checkpoint import write_checkpoint


def test_a_checkpoints_folder_watches_answers_and_searches(program, clip, tmp_path):
    folder = write_checkpoint(tmp_path)
    model = ("--model", folder, "--quantize", "nf4")
    done = program.run("ask", clip, "What is green?", "--json", *model)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["language_model"] == "model, nf4"
    assert answer["evidence"]
    found = program.run("search", clip, "green", "--json", *model)
    assert json.loads(found.stdout)["moments"]


def test_a_broken_checkpoint_is_one_line(program, clip, tmp_path):
    folder = write_checkpoint(tmp_path)
    (folder / "model.safetensors").write_bytes(b"cut")
    done = program.run("ask", clip, "What?", "--model", folder)
    assert done.returncode == 6
    assert done.stderr.splitlines()[-1].startswith("streamvid: ")
    assert "model.safetensors" in done.stderr.splitlines()[-1]


def test_a_folder_without_a_checkpoint_is_refused_at_the_door(program, clip, tmp_path):
    done = program.run("ask", clip, "What?", "--model", tmp_path)
    assert done.returncode == 2
    assert "no config.json" in done.stderr


@pytest.mark.slow  # loads nano and packs its language model in 4 bits
def test_nano_answers_in_four_bits(program, clip):
    model = ("--model", "nano", "--quantize", "nf4")
    done = program.run("ask", clip, "What is green?", "--json", *model)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["language_model"].endswith("nf4")
    assert answer["text"]


def test_a_device_that_is_not_there_is_one_line(program, clip, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    folder = write_checkpoint(tmp_path)
    done = program.run("ask", clip, "What?", "--model", folder, "--set", "device=cuda")
    assert done.returncode == 6
    assert "device=cpu" in done.stderr.splitlines()[-1]
