"""Matrix products with fixed weights, one kernel a way of storing them.

All take [..., in] in the kernel's type and give [..., out] in the same type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from streamvid.model.llama.nf4 import Nf4Linear

Kernel = Literal["fp32", "bf16", "bf16-packed", "int8", "nf4", "nf4-plain"]
"""How weights are kept: plain fp32; plain bf16; bf16 in oneDNN's blocked order, which is read
without being reordered at each call; int8 with a bf16 scale for each output (bf16 activations);
NF4, widened for products of many rows; the same in plain order, for many rows alone."""

Linear = Callable[[Tensor], Tensor]


def kernels_here() -> tuple[Kernel, ...]:
    """The kernels that this build of torch has."""
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if has_onednn and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return ("fp32", "bf16", "bf16-packed", "int8")
    return ("fp32", "bf16", "int8")


def kernel_dtype(kernel: Kernel) -> torch.dtype:
    """Type of the activations that ``kernel`` multiplies."""
    return torch.float32 if kernel == "fp32" else torch.bfloat16


AnyLinear: TypeAlias = "DenseLinear | PackedLinear | Int8Linear | Nf4Linear"


def make_linear(weight: Tensor, kernel: Kernel) -> AnyLinear:
    """``weight`` [out, in] of any float type, stored as ``kernel`` wants it."""
    match kernel:
        case "nf4":
            return Nf4Linear(weight)
        case "nf4-plain":
            return Nf4Linear(weight, packed=False)
        case "bf16-packed":
            return PackedLinear(weight)
        case "int8":
            return Int8Linear(weight)
    return DenseLinear(weight.to(kernel_dtype(kernel)))


class DenseLinear:
    """A product with weights as they are, sharing the caller's tensor."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.contiguous()
        self.nbytes = self.weight.nbytes

    def __call__(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        if rows.numel() == rows.shape[-1]:
            # A matrix-vector kernel: 1.4 times faster than the same through F.linear in bf16.
            out = torch.mv(self.weight, rows.reshape(-1))
            return out.view(*rows.shape[:-1], -1)
        return F.linear(rows, self.weight)


class PackedLinear:
    """A bf16 product with weights in oneDNN's own order, made once.

    Packed for many rows: the same copy decodes one row as fast as one packed for it.
    """

    def __init__(self, weight: Tensor) -> None:
        self._packed = _pack(weight)
        self.nbytes = weight.numel() * 2

    def __call__(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        return _pointwise(rows, self._packed, "none")


class Int8Linear:
    """int8 weights with one scale a row, widened while they are read; activations stay bf16."""

    def __init__(self, weight: Tensor) -> None:
        wide = weight.float()
        # The scale is rounded first, so that the codes fit the scale that is multiplied with.
        scales = (wide.abs().amax(1) / 127).clamp_min(1e-12).to(torch.bfloat16)
        codes = torch.round(wide / scales.float()[:, None]).clamp(-127, 127)
        self._codes, self._scales = codes.to(torch.int8).contiguous(), scales
        self.nbytes = self._codes.nbytes + self._scales.nbytes

    def __call__(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        flat = rows.reshape(-1, rows.shape[-1])
        out: Tensor = torch._weight_int8pack_mm(flat, self._codes, self._scales)
        return out.view(*rows.shape[:-1], -1)


class GatedUnit:
    """silu(gate · x) × (up · x), the first half of a Llama MLP."""

    def __init__(self, gate: Tensor, up: Tensor, kernel: Kernel) -> None:
        self._packed: tuple[Tensor, Tensor] | None = None
        self._fused: Linear | None = None
        self.nbytes: int
        if kernel == "bf16-packed":
            # silu and the product ride on the two multiplications: 0.75 of the time at 1,054 rows.
            self._packed = _pack(gate), _pack(up)
            self.nbytes = (gate.numel() + up.numel()) * 2
        else:
            fused = make_linear(torch.cat([gate, up]), kernel)
            self._fused, self.nbytes = fused, fused.nbytes

    def __call__(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., inner]."""
        if self._packed is not None:
            gate, up = self._packed
            opened = _pointwise(rows, gate, "swish")
            out: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, opened, up, None, "mul")
            return out
        assert self._fused is not None
        gates, ups = self._fused(rows).chunk(2, -1)
        return F.silu(gates) * ups


def _pack(weight: Tensor) -> Tensor:
    rows_hint = 1024
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(
        weight.to(torch.bfloat16).contiguous(), rows_hint
    )
    return packed


def _pointwise(rows: Tensor, packed: Tensor, after: str) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(rows, packed, None, after, [], "")
    return out
