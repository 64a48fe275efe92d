"""Products with NF4 weights: 4 bits in blocks of 64 with double quantisation, by bitsandbytes.

QLoRA (arXiv 2305.14314), section 3. Few rows go through bitsandbytes' processor kernel, which reads
4 bits a weight in an order of its own; for many rows the weights are widened to bf16 first, since
that kernel takes each row by itself. Weights are held once, in the kernel's order where there is
one, and put back into plain order to be widened.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK_WEIGHTS = 64
FEW_ROWS = 72
"""Up to here the packed kernel is faster: at 4096 x 28672 both take as long near 80 rows."""
# What the packed kernel needs of a matrix: it has no fallback of its own.
_PACKED_ROWS, _PACKED_COLUMNS = 32, 64
_HALF_ROWS = 16
_LOW, _HIGH = 0x000F_000F_000F_000F, 0x00F0_00F0_00F0_00F0
_SLAB_BYTES = 512 * 1024  # what stays in a core's own cache: 3 times faster than all at once


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
    """A product in bf16 with weights in 4 bits.

    ``packed`` keeps them in the order of the kernel for few rows, where it can: what only ever
    takes many rows is better off without, as a third of the widening goes into that order.
    """

    def __init__(self, weight: Tensor, *, packed: bool = True) -> None:
        self._columns = weight.shape[1]
        # bitsandbytes' processor kernel (0.50) scales blocks that cross a row's end wrongly.
        codes, state = quantize(F.pad(weight, (0, -self._columns % BLOCK_WEIGHTS)))
        self._packed = packed and can_pack(weight)
        if self._packed:
            codes, state = _functional()._convert_weight_packed_for_cpu(codes, state)
        self._codes, self._state = codes, state

    @property
    def nbytes(self) -> int:
        """Bytes of codes and scales."""
        second = self._state.state2.absmax.nbytes if self._state.nested else 0
        return int(self._codes.nbytes + self._state.absmax.nbytes + second)

    def __call__(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        if self._packed and rows.numel() <= FEW_ROWS * rows.shape[-1]:
            flat = rows.reshape(-1, rows.shape[-1])
            out: Tensor = _functional().gemv_4bit(flat, self._codes, state=self._state)
            return out.view(*rows.shape[:-1], -1)
        if rows.device.type != "cpu":
            return self._on_device(rows)
        return F.linear(rows, self.widened())

    def _on_device(self, rows: Tensor) -> Tensor:
        """bitsandbytes chooses by itself there: a kernel of its own for one row, else widening."""
        from bitsandbytes.autograd import _functions

        padded = F.pad(rows, (0, -self._columns % BLOCK_WEIGHTS))
        out: Tensor = _functions.matmul_4bit(padded, self._codes.t(), quant_state=self._state)
        return out

    def widened(self) -> Tensor:
        """The weights as bf16 [out, in]."""
        codes, state = self._codes, self._state
        if self._packed:
            codes, state = unpack(codes), _plain_state(state)
        return dequantize(codes, state)[:, : self._columns]


def quantize(weight: Tensor) -> tuple[Tensor, Any]:
    """Codes and bitsandbytes' state of ``weight`` [out, in]."""
    codes, state = _functional().quantize_4bit(
        weight.to(torch.bfloat16).contiguous(),
        blocksize=BLOCK_WEIGHTS,
        compress_statistics=True,
        quant_type="nf4",
    )
    return codes, state


def dequantize(codes: Tensor, state: Any) -> Tensor:
    """bf16 [out, in] of what ``quantize`` gave."""
    wide: Tensor = _functional().dequantize_4bit(codes, state)
    return wide


def unpack(packed: Tensor) -> Tensor:
    """Codes in the packed kernel's order, uint8 [out, in / 2], in plain order [out · in / 2, 1].

    The kernel keeps 32 rows together: for each pair of columns 16 rows' codes, pair by pair, in the
    low halves of 32 bytes and the other 16 rows' in the high halves. Plain order has a row's
    pairs in one byte each, the left in the high half.
    """
    rows, pairs = packed.shape
    # Both codes of a pair lie in bytes side by side: a little-endian word [blocks, pairs, 16].
    words = packed.view(-1, pairs, 2 * _HALF_ROWS).view(torch.int16)
    codes = torch.empty(words.shape[0], 2, _HALF_ROWS, pairs, dtype=torch.uint8)
    step = max(1, _SLAB_BYTES // (2 * _HALF_ROWS * pairs))
    for start in range(0, words.shape[0], step):
        part = slice(start, start + step)
        # Four words at a time: no bit crosses from one to the next behind the masks.
        four = words[part].transpose(1, 2).contiguous().view(torch.int64)
        codes[part, 0] = (((four & _LOW) << 4) | ((four >> 8) & _LOW)).view(torch.int16)
        codes[part, 1] = ((four & _HIGH) | ((four >> 12) & _LOW)).view(torch.int16)
    return codes.view(rows * pairs, 1)


def _plain_state(packed: Any) -> Any:
    return _functional().QuantState(
        absmax=packed.absmax.T.reshape(-1).float(),
        shape=packed.shape,
        code=packed.code,
        blocksize=packed.blocksize,
        quant_type=packed.quant_type,
        dtype=torch.bfloat16,
    )


@cache
def _functional() -> Any:
    # It warns of an optional package that it does without.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    import bitsandbytes.functional

    return bitsandbytes.functional
