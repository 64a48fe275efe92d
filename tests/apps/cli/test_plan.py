import json

import pytest


def planned(program, *arguments):
    done = program.run("plan", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_24_gb_device_takes_a_day_in_four_bits_without_merging(program):
    document = planned(program, "--vram", "24GB", "--hours", "24", "--sources", "4")
    assert document["total_bytes"] <= 24e9
    assert document["total_bytes"] == sum(item["bytes"] for item in document["items"])
    assert document["precision"] == "nf4"
    assert document["view_tokens"] == 86_400
    assert not document["merged_view"]
    assert document["fusion_frames"] == 64
    assert document["keeps_up"]


def test_a_small_device_takes_four_bits(program):
    small = planned(program, "--vram", "12GB")
    large = planned(program, "--vram", "48GB")
    assert (small["precision"], large["precision"]) == ("nf4", "bf16")
    assert small["encode_batch"] <= large["encode_batch"]
    assert not large["merged_view"]


def test_what_does_not_fit_says_how_much_it_needs(program):
    done = program.run("plan", "--vram", "4GB")
    assert done.returncode == 1
    assert "the device has 4.0 GB" in done.stderr


def test_what_cannot_keep_up_says_so(program):
    done = program.run("plan", "--vram", "24GB", "--sources", "100", "--tflops", "50")
    assert done.returncode == 1
    assert "frames/s are fewer" in done.stderr
    assert "weights" in done.stdout


@pytest.mark.parametrize("size", ["0GB", "many", "-3GB", "24 XB"])
def test_a_strange_size_is_misuse(program, size):
    assert program.run("plan", "--vram", size).returncode == 2
