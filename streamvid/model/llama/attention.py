"""Causal attention with grouped heads, for many tokens at any offset and for one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention.bias import causal_lower_right

_SPLIT_TOKENS = 128  # below, two calls and their joining cost more than a small mask


def causal_mask(tokens: int, past: int, *, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What n new tokens may not see of past + n: 0 or -inf, [n, past + n] of ``dtype``.

    A float mask: torch's kernel turns a boolean one into it at every layer.
    """
    mask = torch.full((tokens, past + tokens), float("-inf"), dtype=dtype, device=device)
    return mask.triu_(past + 1)


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of [B, H, n, D] over [B, K, m, D] → [B, n, H·D]; H is a multiple of K.

    The queries stand at the last n of the m places. ``mask`` is what ``mask_for`` gave for them, or
    the last rows of it.
    """
    past = keys.shape[2] - queries.shape[2]
    if mask is None and past and queries.device.type != "cpu":
        # Aligned with the last key; a device's flash kernel takes it without a mask in memory.
        bias: Any = causal_lower_right(queries.shape[2], keys.shape[2])
        seen = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=bias, enable_gqa=True
        )
    elif mask is None and past:
        seen = _attend_in_two(queries, keys, values, past)
    else:
        seen = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=mask is None, enable_gqa=True
        )
    return seen.transpose(1, 2).flatten(2)  # [B, n, H·D]


def mask_for(tokens: int, past: int, *, dtype: torch.dtype, device: torch.device) -> Tensor | None:
    """The mask that ``attend`` wants for n tokens behind ``past``; None where it needs none.

    Long chunks need none: what lies before is seen whole, and only the chunk itself is causal. A
    device's kernels never need one.
    """
    if past == 0 or tokens >= _SPLIT_TOKENS or device.type != "cpu":
        return None
    return causal_mask(tokens, past, dtype=dtype, device=device)


def _attend_in_two(queries: Tensor, keys: Tensor, values: Tensor, past: int) -> Tensor:
    """Attention to the past, unmasked, and to the chunk itself, causal, joined by their sums.

    A mask would have every query computed against the whole chunk: at 3,630 tokens in chunks of 512
    that took 1.26 times as long as all at once.
    """
    before, before_sum = _flash(queries, keys[:, :, :past], values[:, :, :past], causal=False)
    own, own_sum = _flash(queries, keys[:, :, past:], values[:, :, past:], causal=True)
    share = torch.sigmoid(before_sum - own_sum)[..., None]  # [B, H, n, 1]
    return torch.lerp(own.float(), before.float(), share).to(queries.dtype)


def _flash(queries: Tensor, keys: Tensor, values: Tensor, *, causal: bool) -> tuple[Tensor, Tensor]:
    """Attention [B, H, n, D] and the logarithm of each softmax's denominator, float32 [B, H, n].

    The kernel itself has heads share keys: nothing need be repeated or grouped for it.
    """
    seen, log_sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        queries, keys, values, 0.0, causal
    )
    return seen, log_sums


def attend_from_last(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention of one token's heads [H, D] over all [1, K, m, D] → [H·D], nothing masked."""
    heads, width = queries.shape
    groups = keys.shape[1]
    if queries.dtype == torch.float32:
        # The heads that share keys stand as queries of one head: each key is read once.
        grouped = queries.view(1, groups, heads // groups, width)
        return F.scaled_dot_product_attention(grouped, keys, values).reshape(-1)
    # In bf16 the kernel for one query a head is 1.2 times faster than the grouped product.
    seen = F.scaled_dot_product_attention(
        queries.view(1, heads, 1, width), keys, values, enable_gqa=True
    )
    return seen.reshape(-1)
