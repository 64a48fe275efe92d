"""NF4 products against the weights that they stand for."""

from __future__ import annotations

import pytest
import torch

from streamvid.model.llama.linear import GatedUnit, make_linear
from streamvid.model.llama.nf4 import Nf4Linear, PackedNf4Linear, can_pack


def weight(rows: int, columns: int) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0)) * 0.05


def relative(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.float() - other.float()).norm() / other.float().norm())


def test_four_bits_lose_about_a_tenth_of_gaussian_weights() -> None:
    wide = weight(256, 192)
    linear = Nf4Linear(wide)
    assert linear.widened().shape == wide.shape
    assert 0.07 < relative(linear.widened(), wide) < 0.11
    assert linear.nbytes * 8 / wide.numel() == pytest.approx(4.13, abs=0.1)


@pytest.mark.parametrize("rows", [1, 3, 70])
def test_a_product_is_that_of_the_widened_weights(rows: int) -> None:
    linear = Nf4Linear(weight(96, 128))
    given = torch.randn(rows, 128).to(torch.bfloat16)
    assert relative(linear(given), given.float() @ linear.widened().float().T) < 0.01
    assert linear(given[None]).shape == (1, rows, 96)


@pytest.mark.parametrize("rows", [1, 5, 70])
def test_the_packed_product_is_the_same(rows: int) -> None:
    wide = weight(96, 128)
    if not can_pack(wide):
        pytest.skip("this processor has no AVX512 with bf16")
    given = torch.randn(rows, 128).to(torch.bfloat16)
    assert relative(PackedNf4Linear(wide)(given), Nf4Linear(wide)(given)) < 0.01


def test_odd_shapes_are_not_packed() -> None:
    assert not can_pack(weight(40, 128))
    assert not can_pack(weight(64, 96))


def test_a_gated_unit_in_nf4_is_near_the_exact_one() -> None:
    gate, up = weight(64, 128), weight(64, 128)
    given = torch.randn(4, 128)
    exact = GatedUnit(gate, up, "fp32")(given)
    for kernel in ("nf4", "nf4-packed"):
        if kernel == "nf4-packed" and not can_pack(torch.cat([gate, up])):
            continue
        assert relative(GatedUnit(gate, up, kernel)(given.to(torch.bfloat16)), exact) < 0.2


def test_make_linear_falls_back_where_it_cannot_pack() -> None:
    assert isinstance(make_linear(weight(40, 128), "nf4-packed"), Nf4Linear)
