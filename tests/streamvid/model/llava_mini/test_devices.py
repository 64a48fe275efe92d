"""One checkpoint on every device of this machine against the processor's float32.

Where there is none but the processor, what a device would do differently is held to what the
processor does, as far as its kernels run here too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.nn.attention.bias import causal_lower_right

from streamvid.answer.states import FrameKey, StatesCache
from streamvid.model.errors import ModelError
from streamvid.model.llama.errors import PrecisionError
from streamvid.model.llama.nf4 import Nf4Linear
from streamvid.model.llama.precision import Precision, device_precision
from streamvid.model.llava_mini.loading import load_llava_mini
from streamvid.model.seam import Finished, Sampling
from tests.streamvid.model.llava_mini.tiny_checkpoint import write_checkpoint

QUESTION = "Is there a dog?"


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return str(request.param)


def stills(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (60, 80, 3), dtype=np.uint8) for _ in range(count)]


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-3), ("bf16", 0.2), ("nf4", 2.0)])
def test_a_device_answers_as_the_processor_does(
    device: str, precision: str, tolerance: float, tmp_path: Path
) -> None:
    folder = write_checkpoint(tmp_path)
    exact = load_llava_mini(folder, precision="fp32")
    model = load_llava_mini(folder, precision=precision, device=device)  # type: ignore[arg-type]
    frames = stills(5)
    wanted, found = exact.encode(frames), model.encode(frames)
    assert np.abs(wanted.tokens.astype(np.float32) - found.tokens).max() < tolerance
    assert np.abs(wanted.fused_prefix - found.fused_prefix).max() < tolerance
    assert np.abs(wanted.embeddings - found.embeddings).max() < max(0.02, tolerance / 100)
    head = model.spec.prefix_head_tokens
    fused = model.fuse(QUESTION, frames, [1.0] * 5).mean()
    assert np.abs(exact.fuse(QUESTION, frames, [1.0] * 5).mean() - fused).max() < tolerance
    context = model.context(found.fused_prefix.mean(0)[:head])
    context.extend(found.tokens.reshape(-1, model.spec.width))
    # Long enough behind it that a chunk is seen behind a past without a mask.
    context.extend(np.tile(found.tokens.reshape(-1, model.spec.width), (40, 1)))
    prompt = np.concatenate([found.fused_prefix.mean(0)[head:], fused])
    *_, finished = model.generate(context, prompt, Sampling(max_new_tokens=4, temperature=0.7))
    assert isinstance(finished, Finished)
    assert finished.new_tokens <= 4


@pytest.mark.parametrize("precision", ["fp32", "nf4"])
def test_states_fuse_alike_on_the_device_in_host_memory_and_back(
    device: str, precision: str, tmp_path: Path
) -> None:
    """Where device and host are one memory the copies are made all the same."""
    model = load_llava_mini(write_checkpoint(tmp_path), precision=precision, device=device)  # type: ignore[arg-type]
    assert model.spec.device_apart == (device != "cpu")
    frames = stills(3)
    states = model.states(frames)
    expected = model.fuse(QUESTION, states, [1.0, 2.0, 0.0])
    first = states.held()
    size, place = states.nbytes, first.layer(0)[0].data_ptr()
    states.to_host()
    lies = states._open()
    assert lies.device.type == "cpu"
    assert lies.layer(0)[0].data_ptr() != place
    assert states.nbytes == size
    np.testing.assert_array_equal(
        model.fuse(QUESTION, states, [1.0, 2.0, 0.0]).total, expected.total
    )
    assert states._open() is lies  # the pass copied it over and left it where it was
    states.to_device()
    assert states._open().device.type == device
    assert states._open() is not lies
    np.testing.assert_array_equal(
        model.fuse(QUESTION, states, [1.0, 2.0, 0.0]).total, expected.total
    )
    states.close()
    with pytest.raises(ModelError, match="closed"):
        states.to_host()


def test_answers_are_the_same_whichever_tier_states_come_from(device: str, tmp_path: Path) -> None:
    model = load_llava_mini(write_checkpoint(tmp_path), precision="fp32", device=device)
    model._spec = replace(model.spec, device_apart=True)
    frames, size = stills(6), model.spec.state_bytes
    cache = StatesCache(2 * size, 3 * size)
    seen = set()
    for ticks in ((0, 1), (2, 3), (0, 1), (4,), (2, 3), (0, 5), (0, 1, 2, 3, 4, 5)):
        weights = {FrameKey("r", tick, False): 1.0 for tick in ticks}
        got = cache.fuse(model, QUESTION, weights, lambda key: frames[key.tick], follows=False)
        alone = model.fuse(QUESTION, [frames[tick] for tick in ticks], [1.0] * len(ticks))
        np.testing.assert_allclose(got.total, alone.total, atol=1e-3)
        assert cache.nbytes - cache.host_nbytes <= 2 * size
        assert cache.host_nbytes <= 3 * size
        seen |= {kept.tier for kept in cache._kept.values()}
    assert seen == {"device", "host"}


def test_a_devices_precisions_are_its_own() -> None:
    assert device_precision("auto") == Precision("bf16", "bf16")
    assert device_precision("nf4").for_prefill.name == "nf4"
    with pytest.raises(PrecisionError, match="int8"):
        device_precision("int8")


@pytest.mark.parametrize(("tokens", "past"), [(4, 9), (130, 40), (7, 0)])
def test_a_causal_bias_from_the_last_key_is_what_our_mask_says(tokens: int, past: int) -> None:
    queries = torch.randn(1, 4, tokens, 8)
    keys, values = torch.randn(2, 1, 4, past + tokens, 8)
    mask = torch.full((tokens, past + tokens), float("-inf")).triu(past + 1)
    expected = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    bias = causal_lower_right(tokens, past + tokens)
    found = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 9])
def test_the_libraries_own_four_bit_product_is_ours(rows: int) -> None:
    linear = Nf4Linear(torch.randn(64, 128) * 0.05, packed=False)
    given = torch.randn(rows, 128).to(torch.bfloat16)
    found, expected = linear._on_device(given).float(), linear(given).float()
    assert float((found - expected).norm() / expected.norm()) < 0.01
