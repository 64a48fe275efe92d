"""A decoder's weights by name, checked and stored as the kernels want them.

Tensors come in Hugging Face's naming (``model.layers.7.self_attn.q_proj.weight``) from any mapping,
so that a trained difference can be added before, or each be read from disk when its turn comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.llama.config import LlamaConfig
from streamvid.model.llama.linear import GatedUnit, Kernel, Linear, kernel_dtype, make_linear
from streamvid.model.llama.precision import Precision

Device: TypeAlias = "torch.device | str | None"
"""None: where the tensors are."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerProducts:
    """The products of a layer in one kernel; queries, keys and values are one, gate and up one."""

    query_key_value: Linear
    output: Linear
    gated: Linear
    down: Linear
    dtype: torch.dtype
    nbytes: int


@dataclass(frozen=True, slots=True, eq=False)
class LayerWeights:
    """One layer: its two norms (float32 [d]), and its products for prefill and for decode.

    Where the two kernels are the same so are the objects: nothing is held twice.
    """

    input_norm: Tensor
    inner_norm: Tensor
    prefill: LayerProducts
    decode: LayerProducts


@dataclass(frozen=True, slots=True, eq=False)
class HeadWeights:
    """What stands around the layers: final norm float32 [d], token table [vocabulary, d], head."""

    norm: Tensor
    table: Tensor
    head: Linear
    dtype: torch.dtype
    nbytes: int


def load_layer(
    config: LlamaConfig,
    tensors: Mapping[str, Tensor],
    index: int,
    precision: Precision,
    *,
    prefix: str = "model.",
    device: Device = None,
) -> LayerWeights:
    """Layer ``index`` out of ``tensors``, on ``device``.

    Raises WeightsError for a missing or misshapen one.
    """
    stem = f"{prefix}layers.{index}."
    d = config.hidden_size
    prefill = _products(config, tensors, stem, precision.prefill, device)
    if precision.decode == precision.prefill:
        decode = prefill
    else:
        decode = _products(config, tensors, stem, precision.decode, device)
    return LayerWeights(
        input_norm=_norm(tensors, f"{stem}input_layernorm.weight", d, device),
        inner_norm=_norm(tensors, f"{stem}post_attention_layernorm.weight", d, device),
        prefill=prefill,
        decode=decode,
    )


def load_head(
    config: LlamaConfig,
    tensors: Mapping[str, Tensor],
    precision: Precision,
    *,
    prefix: str = "model.",
    device: Device = None,
) -> HeadWeights:
    """Norm, token table and head, on ``device``.

    Raises WeightsError for a missing or misshapen one.
    Both large matrices are kept once, unpacked, in the type that decode reads: a tied head *is* the
    table. In ``int8`` they stay bf16, which costs little time and spares top-token agreement.
    """
    size = (config.vocab_size, config.hidden_size)
    dtype = kernel_dtype(precision.decode)
    table = take(tensors, f"{prefix}embed_tokens.weight", size).to(
        device=device, dtype=dtype, copy=True
    )
    if config.tie_word_embeddings:
        wide = table
    else:
        wide = take(tensors, "lm_head.weight", size).to(device=device, dtype=dtype, copy=True)
    kernel: Kernel = "fp32" if dtype == torch.float32 else "bf16"
    head = make_linear(wide, kernel)
    return HeadWeights(
        norm=_norm(tensors, f"{prefix}norm.weight", config.hidden_size, device),
        table=table,
        head=head,
        dtype=dtype,
        nbytes=table.nbytes + (0 if config.tie_word_embeddings else head.nbytes),
    )


def take(tensors: Mapping[str, Tensor], name: str, shape: tuple[int, ...]) -> Tensor:
    """``tensors[name]``, detached, of exactly ``shape``. Raises WeightsError.

    Who keeps it keeps a copy: tensors of a mapped file share one storage, and a single norm held on
    to would keep the whole file resident (0.54 GB for SmolLM2).
    """
    try:
        tensor = tensors[name]
    except KeyError:
        raise WeightsError(f"no tensor {name!r} among the weights; is the file complete") from None
    if tuple(tensor.shape) != shape:
        raise WeightsError(f"tensor {name!r} is {tuple(tensor.shape)}; the config wants {shape}")
    return tensor.detach()


def _norm(tensors: Mapping[str, Tensor], name: str, width: int, device: Device) -> Tensor:
    return take(tensors, name, (width,)).to(device=device, dtype=torch.float32, copy=True)


def _products(
    config: LlamaConfig,
    tensors: Mapping[str, Tensor],
    stem: str,
    kernel: Kernel,
    device: Device,
) -> LayerProducts:
    d, inner = config.hidden_size, config.intermediate_size
    queries, keys = config.attention_width, config.key_value_width
    parts = [
        take(tensors, f"{stem}self_attn.{name}_proj.weight", (rows, d)).to(device=device)
        for name, rows in (("q", queries), ("k", keys), ("v", keys))
    ]
    query_key_value = make_linear(torch.cat(parts), kernel)
    output = make_linear(
        take(tensors, f"{stem}self_attn.o_proj.weight", (d, queries)).to(device=device, copy=True),
        kernel,
    )
    gated = GatedUnit(
        take(tensors, f"{stem}mlp.gate_proj.weight", (inner, d)).to(device=device),
        take(tensors, f"{stem}mlp.up_proj.weight", (inner, d)).to(device=device),
        kernel,
    )
    down = make_linear(
        take(tensors, f"{stem}mlp.down_proj.weight", (d, inner)).to(device=device, copy=True),
        kernel,
    )
    return LayerProducts(
        query_key_value=query_key_value,
        output=output,
        gated=gated,
        down=down,
        dtype=kernel_dtype(kernel),
        nbytes=sum(part.nbytes for part in (query_key_value, output, gated, down)),
    )
