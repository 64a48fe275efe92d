from __future__ import annotations

import pytest
import torch

from streamvid.model.llama.linear import GatedUnit, kernel_dtype, kernels_here, make_linear

KERNELS = kernels_here()
# Relative to the largest output: fp32 rounds by 2^-24; bf16 by 2^-8 at weights, gate and product;
# int8 codes by 1/254 of their row's largest besides.
TOLERANCE = {"fp32": 1e-5, "bf16": 1.6e-2, "bf16-packed": 1.6e-2, "int8": 2.4e-2}


def _close(found: torch.Tensor, expected: torch.Tensor, kernel: str) -> None:
    error = (found.float() - expected).abs().max() / expected.abs().max()
    assert error < TOLERANCE[kernel]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", [(1, 64), (5, 64), (2, 7, 64), (300, 64)])
def test_every_kernel_multiplies(kernel, shape):
    weight = torch.randn(96, 64)
    rows = torch.randn(shape).to(kernel_dtype(kernel))
    linear = make_linear(weight, kernel)
    found = linear(rows)
    assert found.dtype == kernel_dtype(kernel)
    assert found.shape == (*shape[:-1], 96)
    _close(found, rows.float() @ weight.T, kernel)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("tokens", [1, 6])
def test_every_gated_unit_opens_by_silu(kernel, tokens):
    gate, up = torch.randn(80, 64) / 8, torch.randn(80, 64) / 8
    rows = torch.randn(tokens, 64).to(kernel_dtype(kernel))
    found = GatedUnit(gate, up, kernel)(rows)
    wide = rows.float()
    expected = torch.nn.functional.silu(wide @ gate.T) * (wide @ up.T)
    _close(found, expected, kernel)


def test_the_counted_bytes_are_those_of_the_type():
    weight = torch.randn(96, 64)
    sizes = {kernel: make_linear(weight, kernel).nbytes for kernel in KERNELS}
    assert sizes["fp32"] == 4 * weight.numel()
    assert sizes["bf16"] == 2 * weight.numel()
    assert sizes["int8"] == weight.numel() + 2 * 96


def test_int8_keeps_a_row_of_zeros_at_zero():
    weight = torch.randn(16, 64)
    weight[3] = 0
    out = make_linear(weight, "int8")(torch.randn(1, 64).bfloat16())
    assert out[0, 3] == 0
    assert out.isfinite().all()
