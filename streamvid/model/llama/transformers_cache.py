"""Our KV cache as one of transformers', and the other way round.

Our layers keep their own path: buffers that grow by half and one-token attention without reshapes.
But keys are rotated and laid out as transformers' Llama does it, so the same buffers serve both:
what one has prefilled, the other goes on from.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache

from streamvid.model.llama.config import LlamaConfig
from streamvid.model.llama.errors import CacheError
from streamvid.model.llama.kv_cache import KVCache


class TransformersCache(Cache):
    """A ``transformers.Cache`` over the buffers of ``cache``: nothing is copied.

    For one sequence. What transformers' model appends is in ``cache`` afterwards, and what is
    appended or rewound there is seen here. Raises CacheError for a batch of several.
    """

    def __init__(self, cache: KVCache) -> None:
        super().__init__(layers=[_Layer(cache, index) for index in range(cache.layers)])
        self.cache = cache

    def crop(self, tokens_to_remove: int) -> None:
        """Forget the last ``-tokens_to_remove`` tokens; transformers counts them below 0."""
        if tokens_to_remove > 0:
            raise CacheError(f"cannot crop by {tokens_to_remove}; pass a number below 0")
        self.cache.rewind(self.cache.length + tokens_to_remove)

    def reset(self) -> None:
        """Forget all tokens."""
        self.cache.rewind(0)


class _Layer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer of it."""

    is_sliding = False
    is_croppable = True

    def __init__(self, cache: KVCache, index: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._cache, self._index = cache, index
        self.is_initialized = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing: the buffers are there."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Append [1, K, n, D]; gives all of the layer's keys and values."""
        if key_states.shape[0] != 1:
            raise CacheError(f"a batch of {key_states.shape[0]}; this cache holds one sequence")
        found = self._cache.append(self._index, key_states, value_states)
        if self._index == self._cache.layers - 1:
            self._cache.advance(key_states.shape[2])
        return found

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Keys that queries may look at, and where they start."""
        return self._cache.length + query_length, 0

    def get_seq_length(self) -> int:
        """Tokens that are held."""
        return self._cache.length

    def get_max_length(self) -> int:
        """None: it grows."""
        return -1


def from_transformers(config: LlamaConfig, cache: Cache) -> KVCache:
    """A KV cache of ours with a copy of what transformers' ``cache`` holds of one sequence.

    Raises CacheError where it is not of ``config``'s sizes, or holds several sequences.
    """
    if isinstance(cache, TransformersCache):
        return cache.cache.fork()
    layers: list[Any] = list(cache.layers)
    wanted = (1, config.num_key_value_heads, cache.get_seq_length(), config.head_dim)
    if len(layers) != config.num_hidden_layers:
        raise CacheError(f"a cache of {len(layers)} layers, not {config.num_hidden_layers}")
    for layer in layers:
        if layer.keys is None or tuple(layer.keys.shape) != wanted:
            shape = None if layer.keys is None else tuple(layer.keys.shape)
            raise CacheError(f"a layer's keys are {shape}, not {wanted}")
    first = layers[0].keys
    ours = KVCache(config, dtype=first.dtype, room_tokens=wanted[2], device=first.device)
    for index, layer in enumerate(layers):
        ours.append(index, layer.keys, layer.values)
    ours.advance(wanted[2])
    return ours


def to_transformers(cache: KVCache) -> DynamicCache:
    """transformers' own kind of cache with a copy of what ``cache`` holds."""
    return DynamicCache(
        [(keys[None].clone(), values[None].clone()) for keys, values in cache.filled()]
    )
