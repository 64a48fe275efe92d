"""NF4 products against the weights that they stand for."""

from __future__ import annotations

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit

from streamvid.model.llama.linear import GatedUnit, make_linear
from streamvid.model.llama.nf4 import FEW_ROWS, Nf4Linear, can_pack, quantize, unpack
from streamvid.model.llama.precision import named_precision


def weight(rows: int, columns: int) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0)) * 0.05


def relative(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.float() - other.float()).norm() / other.float().norm())


def test_four_bits_lose_about_a_tenth_of_gaussian_weights() -> None:
    wide = weight(256, 192)
    linear = Nf4Linear(wide)
    assert linear.widened().shape == wide.shape
    assert 0.07 < relative(linear.widened(), wide) < 0.11
    assert linear.nbytes * 8 / wide.numel() == pytest.approx(4.19, abs=0.1)


@pytest.mark.parametrize("rows", [1, 3, 70])
def test_a_product_is_that_of_the_widened_weights(rows: int) -> None:
    linear = Nf4Linear(weight(96, 128))
    given = torch.randn(rows, 128).to(torch.bfloat16)
    assert relative(linear(given), given.float() @ linear.widened().float().T) < 0.01
    assert linear(given[None]).shape == (1, rows, 96)


@pytest.mark.parametrize("shape", [(96, 128), (32, 64), (544, 4096)])
def test_packed_codes_come_back_in_plain_order(shape: tuple[int, int]) -> None:
    wide = weight(*shape)
    if not can_pack(wide):
        pytest.skip("this processor has no AVX512 with bf16")
    codes, state = quantize(wide)
    plain = codes.clone()
    linear = Nf4Linear(wide)
    assert not torch.equal(linear._codes.flatten(), plain.flatten())
    assert torch.equal(unpack(linear._codes).flatten(), plain.flatten())
    exact = dequantize_4bit(plain, state)
    # The kernel's scales are rounded to bf16.
    assert relative(linear.widened(), exact) < 0.003


def test_few_rows_and_many_give_the_same_product() -> None:
    linear = Nf4Linear(weight(96, 128))
    given = torch.randn(FEW_ROWS + 1, 128).to(torch.bfloat16)
    assert relative(linear(given[:FEW_ROWS]), linear(given)[:FEW_ROWS]) < 0.01


def test_plain_order_gives_the_same_product_for_many_rows() -> None:
    wide = weight(96, 128)
    plain, packed = make_linear(wide, "nf4-plain"), make_linear(wide, "nf4")
    given = torch.randn(FEW_ROWS + 8, 128).to(torch.bfloat16)
    assert relative(plain(given), packed(given)) < 0.01
    assert named_precision("nf4").for_prefill.name == named_precision("nf4").name == "nf4"


def test_odd_shapes_are_not_packed() -> None:
    assert not can_pack(weight(40, 128))
    assert not can_pack(weight(64, 96))


def test_a_gated_unit_in_nf4_is_near_the_exact_one() -> None:
    gate, up = weight(64, 128), weight(64, 128)
    given = torch.randn(4, 128)
    exact = GatedUnit(gate, up, "fp32")(given)
    assert relative(GatedUnit(gate, up, "nf4")(given.to(torch.bfloat16)), exact) < 0.2


@pytest.mark.parametrize("shape", [(40, 128), (64, 96)])
def test_a_matrix_that_cannot_be_packed_is_multiplied_all_the_same(shape: tuple[int, int]) -> None:
    linear = make_linear(weight(*shape), "nf4")
    assert isinstance(linear, Nf4Linear)
    assert relative(linear.widened(), weight(*shape)) < 0.11
    given = torch.randn(2, shape[1]).to(torch.bfloat16)
    assert relative(linear(given), given.float() @ weight(*shape).T) < 0.2
