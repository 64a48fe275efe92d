"""A whole Llama language model: token table, layers, head. Embeddings in, logits out.

It knows no tokenizer, no prompt and no sampling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from streamvid.model.errors import ContextFullError
from streamvid.model.llama.config import LlamaConfig
from streamvid.model.llama.kv_cache import KVCache
from streamvid.model.llama.norm import rms_norm
from streamvid.model.llama.precision import Precision
from streamvid.model.llama.stack import LlamaStack
from streamvid.model.llama.weights import Device, HeadWeights, load_head

PREFILL_CHUNK_TOKENS = 1024
"""Tokens that a prefill takes at a time: long enough for full speed, short enough to be one job."""
SLOW_CHUNK_TOKENS = 256
"""The same where products run in fp32, several times as slow."""
WIDENED_CHUNK_TOKENS = 4096
"""The same where weights are widened once for each chunk: that is a sixth of its time."""


class LanguageModel:
    """Runs embeddings behind a KV cache and tells what comes next.

    Its calls are not safe from two threads at once; caches are independent of each other.
    """

    def __init__(self, stack: LlamaStack, head: HeadWeights) -> None:
        self.config: LlamaConfig = stack.config
        self.precision: Precision = stack.precision
        self._stack, self._head = stack, head

    @classmethod
    def from_tensors(
        cls,
        config: LlamaConfig,
        tensors: Mapping[str, Tensor],
        precision: Precision,
        *,
        prefix: str = "model.",
        device: Device = None,
    ) -> LanguageModel:
        """Build on ``device`` from tensors in Hugging Face's naming; they may be freed afterwards.

        Raises WeightsError for a missing or misshapen tensor.
        """
        with torch.inference_mode():
            # The largest matrices first: while they are copied little else is held.
            head = load_head(config, tensors, precision, prefix=prefix, device=device)
            stack = LlamaStack.from_tensors(
                config, tensors, precision, prefix=prefix, device=device
            )
            return cls(stack, head)

    @property
    def device(self) -> torch.device:
        """Where it computes and keeps its caches."""
        return self._stack.device

    @property
    def token_bytes(self) -> int:
        """Bytes of one token's keys and values."""
        return self._stack.token_bytes

    @property
    def nbytes(self) -> int:
        """Bytes of all matrices, each counted once."""
        return self._stack.nbytes + self._head.nbytes

    @property
    def chunk_tokens(self) -> int:
        """Tokens of one job of prefill; of a small model some 0.3 to 0.6 s."""
        if self.precision.prefill == "nf4":
            return WIDENED_CHUNK_TOKENS
        fast = self.precision.prefill.startswith("bf16")
        return PREFILL_CHUNK_TOKENS if fast else SLOW_CHUNK_TOKENS

    def new_cache(self, *, room_tokens: int = 0) -> KVCache:
        """An empty KV cache with room for ``room_tokens`` before it grows."""
        return self._stack.new_cache(room_tokens=room_tokens)

    @torch.inference_mode()
    def embed(self, token_ids: Sequence[int] | Tensor) -> Tensor:
        """Rows of the token table, float32 [n, d]."""
        ids = torch.as_tensor(token_ids, dtype=torch.long).to(self._head.table.device)
        return self._head.table[ids].float()

    @torch.inference_mode()
    def extend(
        self, embeddings: Tensor, cache: KVCache, *, chunk_tokens: int = PREFILL_CHUNK_TOKENS
    ) -> None:
        """Put [n, d] (any float type) behind ``cache`` in chunks; no logits, so it costs less.

        Raises ContextFullError, with nothing appended, past the checkpoint's last position.
        """
        self._check_room(embeddings.shape[0], cache)
        for chunk in _chunks(embeddings, chunk_tokens):
            self._stack.run(chunk, cache, outputs=0)

    @torch.inference_mode()
    def prefill(
        self, embeddings: Tensor, cache: KVCache, *, chunk_tokens: int = PREFILL_CHUNK_TOKENS
    ) -> Tensor:
        """As ``extend``, for n >= 1, and logits float32 [vocabulary] of what follows the last."""
        self._check_room(embeddings.shape[0], cache)
        *chunks, last = _chunks(embeddings, chunk_tokens)
        for chunk in chunks:
            self._stack.run(chunk, cache, outputs=0)
        return self._logits(self._stack.run(last, cache, outputs=1))[0]

    @torch.inference_mode()
    def logits_of_all(self, embeddings: Tensor, cache: KVCache) -> Tensor:
        """As ``prefill``, in one piece, with logits float32 [n, vocabulary] behind every token."""
        self._check_room(embeddings.shape[0], cache)
        return self._logits(self._stack.run(embeddings, cache, outputs=embeddings.shape[0]))

    @torch.inference_mode()
    def decode_step(self, token_id: int, cache: KVCache) -> Tensor:
        """Put one token behind ``cache``; logits float32 [vocabulary] of what follows it.

        Raises ContextFullError, with nothing appended, past the checkpoint's last position.
        """
        self._check_room(1, cache)
        return self._logits(self._stack.run_one(self._head.table[token_id], cache)[None])[0]

    def _logits(self, hidden: Tensor) -> Tensor:
        head = self._head
        rows = rms_norm(hidden, head.norm, self.config.rms_norm_eps)
        # Picking a token is work for the processor, whose random numbers a seed gives.
        return head.head(rows.to(head.dtype)).float().cpu()  # [n, vocabulary]

    def _check_room(self, tokens: int, cache: KVCache) -> None:
        places = self.config.max_position_embeddings
        if cache.length + tokens > places:
            raise ContextFullError(
                f"{cache.length} + {tokens} tokens exceed the model's {places}; shorten the view"
            )


def _chunks(embeddings: Tensor, tokens: int) -> list[Tensor]:
    return [embeddings[start : start + tokens] for start in range(0, embeddings.shape[0], tokens)]
