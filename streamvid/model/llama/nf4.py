"""Products with NF4 weights: 4 bits in blocks of 64 with double quantisation, by bitsandbytes.

QLoRA (arXiv 2305.14314), section 3. Two ways of storing them: as bitsandbytes quantises them,
widened to bf16 for each product, which pays for many rows; and in the order that its processor
kernel reads without widening, which pays for few.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK_WEIGHTS = 64
# What the packed kernel needs of a matrix: it has no fallback of its own.
_PACKED_ROWS, _PACKED_COLUMNS = 32, 64


@cache
def has_packed_kernel() -> bool:
    """Whether this processor runs bitsandbytes' packed product (AVX512 with bf16)."""
    return bool(_functional().has_avx512bf16())


def can_pack(weight: Tensor) -> bool:
    """Whether the packed kernel takes a matrix of this shape [out, in] here."""
    rows, columns = weight.shape
    fits = rows % _PACKED_ROWS == 0 and columns % _PACKED_COLUMNS == 0
    return fits and weight.device.type == "cpu" and has_packed_kernel()


class Nf4Linear:
    """A product in bf16 with weights that are widened for it."""

    def __init__(self, weight: Tensor) -> None:
        self._codes, self._state = _quantize(weight)
        self.nbytes = _nbytes(self._codes, self._state)

    def __call__(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        return F.linear(rows, self.widened())

    def widened(self) -> Tensor:
        """The weights as bf16 [out, in]."""
        wide: Tensor = _functional().dequantize_4bit(self._codes, self._state)
        return wide


class PackedNf4Linear:
    """A product that reads 4 bits a weight; for few rows, and on processors alone."""

    def __init__(self, weight: Tensor) -> None:
        pack = _functional()._convert_weight_packed_for_cpu
        self._packed, self._state = pack(*_quantize(weight))
        self.nbytes = self._packed.nbytes + self._state.absmax.nbytes

    def __call__(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        out: Tensor = _functional().gemv_4bit(rows.contiguous(), self._packed, state=self._state)
        return out


@cache
def _functional() -> Any:
    # It warns of an optional package that it does without.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    import bitsandbytes.functional

    return bitsandbytes.functional


def _quantize(weight: Tensor) -> tuple[Tensor, Any]:

    codes, state = _functional().quantize_4bit(
        weight.to(torch.bfloat16).contiguous(),
        blocksize=BLOCK_WEIGHTS,
        compress_statistics=True,
        quant_type="nf4",
    )
    return codes, state


def _nbytes(codes: Tensor, state: Any) -> int:
    second = state.state2
    return int(codes.nbytes + state.absmax.nbytes + second.absmax.nbytes)
