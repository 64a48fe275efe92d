import json

import pytest

from tests.streamvid.model.llava_mini.tiny_checkpoint import write_checkpoint


def test_the_text_length_comes_first(program):
    done = program.run("flops", "--model", "llava-mini-vicuna-7b", "--text-tokens", "40")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first == "llava-mini-vicuna-7b: 40 tokens of text, 576 patches a part"
    assert "in all                1.959" in done.stdout


def test_a_folder_is_reckoned_with_its_own_tower(program, tmp_path):
    folder = write_checkpoint(tmp_path, compressor_size=2)
    done = program.run("flops", "--model", folder, "--frames", "10", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [work["name"] for work in document["works"]] == ["picture", "HD picture", "10 frames"]
    last = document["works"][-1]
    assert last["context_tokens"] == 10 * 4 + document["text_tokens"]
    assert last["flops"] == sum(part["flops"] for part in last["components"])
    assert len(last["components"]) == 5


def test_four_bits_weigh_less(program):
    weights = []
    for kind in ("none", "nf4"):
        done = program.run("flops", "--quantize", kind, "--json")
        parts = json.loads(done.stdout)["works"][0]["components"]
        weights.append(sum(part["weight_bytes"] for part in parts))
    assert weights[1] < 0.4 * weights[0]


@pytest.mark.parametrize("model", ["nowhere", "."])
def test_no_checkpoint_is_one_line(program, model):
    done = program.run("flops", "--model", model)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "llava-mini-vicuna-7b" in done.stderr
