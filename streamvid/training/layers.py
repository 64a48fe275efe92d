"""One Llama layer as training runs it: packed rows, short masked sequences, bf16 activations.

Reads the weights of transformers' layers and computes what they compute. It is apart from them for
speed: residual stream, norms and rotations in fp32 but nothing else, key-value heads shared instead
of repeated, and no fused attention, whose backward pass is slow on a CPU for such sequences. A test
holds the two together.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def run_layer(layer: Any, hidden: Tensor, mask: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Residual stream, float32 [B, L, d] → [B, L, d].

    ``mask`` additive [B, 1, L, L]; ``cosine`` and ``sine`` float32 [B, L, D].
    """
    attention, mlp = layer.self_attn, layer.mlp
    B, L, _ = hidden.shape
    D = attention.head_dim
    dtype = attention.q_proj.weight.dtype
    rows = _norm(layer.input_layernorm, hidden, dtype)
    queries = attention.q_proj(rows).view(B, L, -1, D).transpose(1, 2)  # [B, H, L, D]
    keys = attention.k_proj(rows).view(B, L, -1, D).transpose(1, 2)  # [B, K, L, D]
    values = attention.v_proj(rows).view(B, L, -1, D).transpose(1, 2)
    queries, keys = _rotate(queries, cosine, sine), _rotate(keys, cosine, sine)
    K = keys.shape[1]
    shared = queries.view(B, K, -1, L, D)  # [B, K, G, L, D]
    scores = shared.flatten(2, 3) @ keys.mT  # [B, K, G·L, L]
    scores = scores.view(*shared.shape[:4], L) * (1 / math.sqrt(D)) + mask[:, None]
    weights = scores.softmax(-1, dtype=torch.float32).to(values.dtype)
    seen = weights.flatten(2, 3) @ values  # [B, K, G·L, D]
    seen = seen.view(shared.shape).flatten(1, 2).transpose(1, 2).reshape(B, L, -1)
    hidden = hidden + attention.o_proj(seen)
    rows = _norm(layer.post_attention_layernorm, hidden, dtype)
    inner = F.silu(mlp.gate_proj(rows)) * mlp.up_proj(rows)
    out: Tensor = hidden + mlp.down_proj(inner)
    return out


def _norm(norm: Any, hidden: Tensor, dtype: torch.dtype) -> Tensor:
    weight = norm.weight.float()
    return F.rms_norm(hidden, weight.shape, weight, norm.variance_epsilon).to(dtype)


def _rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary positions; in fp32, as bf16 cannot tell neighbouring angles apart."""
    x = heads.float()
    left, right = x.chunk(2, dim=-1)
    turned = x * cosine[:, None] + torch.cat((-right, left), dim=-1) * sine[:, None]
    return turned.to(heads.dtype)
