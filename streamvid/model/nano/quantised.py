"""Matrices in 4 or 8 bits with a scale for every 64 weights of a row: how trained ones are shipped.

Symmetric, round to nearest: for 4 bits the levels are -7 to 7 times the scale. A tensor ``name`` is
stored as ``name.codes`` (uint8; two 4-bit codes a byte, the first in the low half) and
``name.scales`` (float16 [rows, groups]); what is not a matrix, or is small, is stored as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from streamvid.model.errors import WeightsError

Bits = Literal[4, 8]
GROUP = 64
_SMALL = 16_384
"""Weights under which a tensor is not worth rounding."""


def quantise(tensors: Mapping[str, Tensor], bits: Bits) -> dict[str, Tensor]:
    """Shippable tensors of ``tensors`` (float, any names)."""
    out: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.dim() != 2 or tensor.numel() < _SMALL:
            out[name] = tensor.detach().to(torch.float32).contiguous()
            continue
        codes, scales = _round(tensor.detach().float(), bits)
        out[f"{name}.codes"], out[f"{name}.scales"] = codes, scales
        out[f"{name}.columns"] = torch.tensor(tensor.shape[1])
    return out


def dequantise(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Float32 tensors out of shippable ones. Raises WeightsError where a part is missing."""
    out: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith((".scales", ".columns")):
            continue
        if not name.endswith(".codes"):
            out[name] = tensor.float()
            continue
        base = name.removesuffix(".codes")
        try:
            scales, columns = stored[f"{base}.scales"], int(stored[f"{base}.columns"])
        except KeyError as error:
            raise WeightsError(
                f"trained weights lack {error.args[0]}; install them again"
            ) from error
        out[base] = _restore(tensor, scales, columns)
    return out


def _round(matrix: Tensor, bits: Bits) -> tuple[Tensor, Tensor]:
    rows, columns = matrix.shape
    groups = -(-columns // GROUP)
    padded = torch.zeros(rows, groups * GROUP)
    padded[:, :columns] = matrix
    grouped = padded.view(rows, groups, GROUP)
    top = 2 ** (bits - 1) - 1
    # Through float16 first, so that rounding uses the scale that restoring will use.
    scales = (grouped.abs().amax(-1) / top).clamp(min=1e-7).half()
    codes = (grouped / scales.float()[..., None]).round().clamp(-top, top) + top
    codes = codes.to(torch.uint8).view(rows, -1)
    if bits == 4:
        codes = codes[:, 0::2] | (codes[:, 1::2] << 4)
    return codes.contiguous(), scales.contiguous()


def _restore(codes: Tensor, scales: Tensor, columns: int) -> Tensor:
    rows, groups = scales.shape
    if codes.shape[1] * 2 == groups * GROUP:
        codes = torch.stack((codes & 15, codes >> 4), dim=-1).view(rows, -1)
        top = 7
    else:
        top = 127
    levels = codes.view(rows, groups, GROUP).float() - top
    return (levels * scales.float()[..., None]).view(rows, -1)[:, :columns].contiguous()
