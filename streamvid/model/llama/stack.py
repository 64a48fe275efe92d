"""Llama layers, run over one long sequence with a KV cache or over many short ones at once.

The residual stream, norms, rotations and softmax are fp32 whatever the products are in: it costs
nothing measurable on a processor and keeps the top token. No embedding, no head, no final norm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from streamvid.model.llama.attention import attend, attend_from_last, causal_mask, mask_for
from streamvid.model.llama.config import LlamaConfig
from streamvid.model.llama.kv_cache import FrameStates, FrameStore, KVCache
from streamvid.model.llama.norm import rms_norm
from streamvid.model.llama.precision import Precision
from streamvid.model.llama.rope import RopeTable
from streamvid.model.llama.weights import Device, LayerWeights, load_layer


class _KeyValueStore(Protocol):
    length: int

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]: ...


class LlamaStack:
    """The layers of a Llama decoder; stateless but for its rotary tables."""

    def __init__(
        self, config: LlamaConfig, layers: Sequence[LayerWeights], precision: Precision
    ) -> None:
        self.config = config
        self.precision = precision
        self._layers = tuple(layers)
        self.device = self._layers[0].input_norm.device
        self._rope = RopeTable(config, device=self.device)
        self._cache_dtype = precision.cache_dtype

    @classmethod
    def from_tensors(
        cls,
        config: LlamaConfig,
        tensors: Mapping[str, Tensor],
        precision: Precision,
        *,
        prefix: str = "model.",
        device: Device = None,
    ) -> LlamaStack:
        """All ``config.num_hidden_layers`` layers out of ``tensors`` in Hugging Face's naming.

        Raises WeightsError for a missing or misshapen tensor.
        """
        layers = [
            load_layer(config, tensors, index, precision, prefix=prefix, device=device)
            for index in range(config.num_hidden_layers)
        ]
        return cls(config, layers, precision)

    @property
    def nbytes(self) -> int:
        """Bytes of the layers' matrices, each counted once."""
        kept = {id(p): p.nbytes for layer in self._layers for p in (layer.prefill, layer.decode)}
        return sum(kept.values())

    @property
    def token_bytes(self) -> int:
        """Bytes of one token's keys and values in all layers."""
        item = torch.empty(0, dtype=self._cache_dtype).itemsize
        return 2 * item * self.config.key_value_width * len(self._layers)

    def new_cache(self, *, room_tokens: int = 0) -> KVCache:
        """An empty KV cache of this decoder's sizes and type."""
        return KVCache(
            self.config, dtype=self._cache_dtype, room_tokens=room_tokens, device=self.device
        )

    @torch.inference_mode()
    def run(self, embeddings: Tensor, cache: KVCache, *, outputs: int) -> Tensor:
        """Run [n, d] behind ``cache``, which then holds them too.

        Gives float32 [outputs, d]: the residual stream after the last layer at the last ``outputs``
        tokens. With 0 the last layer stops at its keys and values.
        """
        hidden = self._layers_over(embeddings[None], cache, outputs)
        cache.advance(embeddings.shape[0])
        return hidden[0]

    @torch.inference_mode()
    def run_one(self, embedding: Tensor, cache: KVCache) -> Tensor:
        """Decode step: ``embedding`` [d] behind ``cache`` → residual stream float32 [d]."""
        hidden = embedding.to(self.device, torch.float32)
        rotation = self._rope.matrix(cache.length)
        for index, layer in enumerate(self._layers):
            hidden = self._one_token_layer(index, layer, hidden, rotation, cache)
        cache.advance(1)
        return hidden

    @torch.inference_mode()
    def run_frames(
        self,
        embeddings: Tensor,
        *,
        past: FrameStates | None = None,
        outputs: int | None = None,
    ) -> Tensor:
        """Run B sequences [B, n, d] side by side, each behind its own ``past``.

        A text that is the same for all frames may come as ``expand``-ed. Gives float32
        [B, outputs, d], the residual stream at each sequence's last ``outputs`` (default: all n).
        """
        wanted = embeddings.shape[1] if outputs is None else outputs
        return self._layers_over(embeddings, FrameStore(past=past), wanted)

    @torch.inference_mode()
    def run_frames_keeping(
        self,
        embeddings: Tensor,
        *,
        past: FrameStates | None = None,
        outputs: int | None = None,
    ) -> tuple[Tensor, FrameStates]:
        """As ``run_frames``, and the keys and values of past and new tokens for later."""
        wanted = embeddings.shape[1] if outputs is None else outputs
        store = FrameStore(past=past, keep=True)
        hidden = self._layers_over(embeddings, store, wanted)
        return hidden, store.states()

    def _layers_over(self, embeddings: Tensor, store: _KeyValueStore, outputs: int) -> Tensor:
        hidden = embeddings.to(self.device, torch.float32)
        tokens, past = hidden.shape[1], store.length
        mask = mask_for(tokens, past, dtype=self._cache_dtype, device=hidden.device)
        last = len(self._layers) - 1
        for index, layer in enumerate(self._layers):
            kept = outputs if index == last else tokens
            hidden = self._layer(index, layer, hidden, store, mask, kept)
        return hidden

    def _layer(
        self,
        index: int,
        layer: LayerWeights,
        hidden: Tensor,
        store: _KeyValueStore,
        mask: Tensor | None,
        kept: int,
    ) -> Tensor:
        """One layer over [B, n, d]; only the last ``kept`` tokens go on behind the keys."""
        products = layer.prefill
        queries, keys, values = self._rotated(layer, hidden, start=store.length)
        keys, values = store.append(index, keys, values)
        tokens = hidden.shape[1]
        if kept < tokens:
            hidden, queries = hidden[:, tokens - kept :], queries[:, :, tokens - kept :]
            if kept == 0:
                return hidden
            before = keys.shape[2] - kept
            mask = causal_mask(kept, before, dtype=self._cache_dtype, device=hidden.device)
        seen = attend(queries, keys, values, mask).to(products.dtype)  # [B, kept, H·D]
        hidden = hidden + products.output(seen)
        inner = self._norm(hidden, layer.inner_norm, products.dtype)
        return hidden.add_(products.down(products.gated(inner)))  # [B, kept, d]

    def _rotated(
        self, layer: LayerWeights, hidden: Tensor, *, start: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [B, H, n, D], keys and values [B, K, n, D] of [B, n, d], in the cache's type."""
        config, products = self.config, layer.prefill
        H, K, D = config.num_attention_heads, config.num_key_value_heads, config.head_dim
        rows = self._norm(hidden, layer.input_norm, products.dtype)
        heads = products.query_key_value(rows).view(*rows.shape[:2], H + 2 * K, D)
        turned = self._rope.rotate(heads[:, :, : H + K].float(), start=start).to(self._cache_dtype)
        values = heads[:, :, H + K :].to(self._cache_dtype)
        return (
            turned[:, :, :H].transpose(1, 2),
            turned[:, :, H:].transpose(1, 2),
            values.transpose(1, 2),
        )

    def _one_token_layer(
        self, index: int, layer: LayerWeights, hidden: Tensor, rotation: Tensor, cache: KVCache
    ) -> Tensor:
        """One layer over [d]. Apart from ``_layer``: at 30 small layers every call counts."""
        config, products = self.config, layer.decode
        H, K, D = config.num_attention_heads, config.num_key_value_heads, config.head_dim
        row = self._norm(hidden, layer.input_norm, products.dtype)[None]
        heads = products.query_key_value(row).view(H + 2 * K, D)
        turned = torch.mm(heads[: H + K].float(), rotation).to(self._cache_dtype)
        keys, values = cache.append(
            index, turned[H:].view(1, K, 1, D), heads[H + K :].view(1, K, 1, D)
        )
        seen = attend_from_last(turned[:H], keys, values).to(products.dtype)  # [H·D]
        hidden = hidden + products.output(seen[None])[0]
        row = self._norm(hidden, layer.inner_norm, products.dtype)[None]
        return hidden.add_(products.down(products.gated(row))[0])  # [d]

    def _norm(self, hidden: Tensor, weight: Tensor, dtype: torch.dtype) -> Tensor:
        return rms_norm(hidden, weight, self.config.rms_norm_eps).to(dtype)
