from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.model.errors import WeightsError
from streamvid.model.nano.quantised import GROUP, dequantise, quantise

LEVELS = {4: 7, 8: 127}


@given(
    rows=st.integers(200, 300),
    columns=st.integers(100, 200),
    bits=st.sampled_from([4, 8]),
    spread=st.floats(1e-3, 10),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=30)
def test_every_weight_comes_back_within_half_a_level(rows, columns, bits, spread, seed):
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(rows, columns, generator=generator) * spread
    restored = dequantise(quantise({"a.weight": weights}, bits))["a.weight"]
    assert restored.shape == weights.shape
    for start in range(0, columns, GROUP):
        part = weights[:, start : start + GROUP]
        level = part.abs().amax(1, keepdim=True) / LEVELS[bits]
        error = (restored[:, start : start + GROUP] - part).abs()
        # The scale itself is float16, hence a little more than half.
        assert (error <= 0.51 * level + 0.002 * part.abs() + 1e-6).all()


def test_rounding_what_was_rounded_changes_nothing():
    weights = torch.randn(256, 128, generator=torch.Generator().manual_seed(0))
    once = dequantise(quantise({"w": weights}, 4))["w"]
    twice = dequantise(quantise({"w": once}, 4))["w"]
    assert torch.allclose(once, twice, atol=1e-6)


def test_small_and_one_dimensional_tensors_are_kept_exactly():
    tensors = {"norm": torch.rand(576), "small": torch.rand(10, 10)}
    restored = dequantise(quantise(tensors, 4))
    assert all(torch.equal(restored[name], tensors[name]) for name in tensors)


def test_four_bits_take_half_a_byte_and_a_scale():
    stored = quantise({"w": torch.randn(576, 576)}, 4)
    assert sum(tensor.nbytes for tensor in stored.values()) <= 576 * 576 * (0.5 + 2 / GROUP) + 16


def test_a_missing_part_is_named():
    stored = quantise({"w": torch.randn(256, 128)}, 8)
    del stored["w.scales"]
    with pytest.raises(WeightsError, match=r"lack w\.scales"):
        dequantise(stored)
