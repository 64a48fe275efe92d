from __future__ import annotations

import pytest

from streamvid.model.errors import ModelError
from streamvid.model.llama import Precision
from streamvid.model.llava_mini.budget import LARGEST_BATCH, free_memory, reckon
from streamvid.model.llava_mini.cost import CLIP_L_336
from streamvid.model.llava_mini.known_configs import KNOWN_CONFIGS
from streamvid.model.llava_mini.plan import PROMPT_TOKENS

NF4, BF16 = Precision("nf4", "nf4"), Precision("bf16", "bf16")
EIGHT = KNOWN_CONFIGS["llava-mini-llama-3.1-8b"]


def test_an_8b_model_in_four_bits_fits_into_sixteen_gigabytes_and_not_in_bf16() -> None:
    small = reckon(EIGHT, CLIP_L_336, free_bytes=16 * 10**9, precision=NF4)
    assert 6.0e9 < small.weights_bytes < 7.5e9
    with pytest.raises(ModelError, match=r"weights take 18.* in bf16.* 16.0 GB are free.*nf4"):
        reckon(EIGHT, CLIP_L_336, free_bytes=16 * 10**9, precision=BF16)
    with pytest.raises(ModelError, match=r"nf4, .* GB with a frame") as refused:
        reckon(EIGHT, CLIP_L_336, free_bytes=small.weights_bytes + 10**7, precision=NF4)
    assert "--quantize" not in str(refused.value)


def test_the_longest_view_is_what_weights_batch_and_prompt_leave() -> None:
    token_bytes = 2 * 2 * 1024 * 32
    for free in (8, 9, 12, 24):
        found = reckon(EIGHT, CLIP_L_336, free_bytes=free * 10**9, precision=NF4)
        held = found.weights_bytes + (found.view_tokens + PROMPT_TOKENS) * token_bytes
        assert 0 < free * 10**9 - held < 0.15 * free * 10**9


def test_more_memory_never_means_a_smaller_batch() -> None:
    batches = [
        reckon(EIGHT, CLIP_L_336, free_bytes=free * 10**9, precision=NF4).encode_batch
        for free in (8, 9, 12, 24, 80, 400)
    ]
    assert batches == sorted(batches)
    assert batches[0] == 1
    assert batches[-1] == LARGEST_BATCH


def test_free_memory_is_the_kernels_or_the_containers_whichever_is_less(tmp_path) -> None:
    assert free_memory(tmp_path) == 8 * 10**9
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    4000000 kB\n")
    assert free_memory(tmp_path) == 4_000_000 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.current").write_text("1000000000\n")
    (group / "memory.max").write_text("max\n")
    assert free_memory(tmp_path) == 4_000_000 * 1024
    (group / "memory.max").write_text("3000000000\n")
    assert free_memory(tmp_path) == 2_000_000_000
    assert free_memory() > 0
