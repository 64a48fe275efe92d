"""What models with a Llama decoder hand out behind the seam: contexts and pre-fusion states."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamvid.model.errors import ModelError
from streamvid.model.llama import FrameStates, KVCache, LanguageModel
from streamvid.model.micro_batches import is_out_of_memory
from streamvid.model.seam import FusedSum, Picture, States


class HeldStates:
    """Pre-fusion keys and values of frames; see ``seam.States``."""

    def __init__(self, states: FrameStates) -> None:
        self._states: FrameStates | None = states
        self._device, self._on_host = states.device, False

    @property
    def frames(self) -> int:
        """How many frames it holds."""
        return self._open().frames

    @property
    def nbytes(self) -> int:
        """Bytes it occupies, wherever it lies."""
        return 0 if self._states is None else self._states.nbytes

    def held(self) -> FrameStates:
        """The keys and values on the device, copied over where they lie in host memory.

        Raises ModelError once closed.
        """
        states = self._open()
        return states.copied_to(self._device) if self._on_host else states

    def to_host(self) -> None:
        """Move it into host memory."""
        if not self._on_host:
            self._states, self._on_host = self._open().copied_to("cpu"), True

    def to_device(self) -> None:
        """Move it back to where it was made."""
        if self._on_host:
            self._states, self._on_host = self.held(), False

    def _open(self) -> FrameStates:
        if self._states is None:
            raise ModelError("these states are closed; make new ones from stills")
        return self._states

    def close(self) -> None:
        """Free it."""
        self._states = None


class DecoderContext:
    """The language model's KV cache; see ``seam.Context``.

    ``opening`` [n, d] is prefilled with the first rows that come behind it: a pass for so few alone
    would read all weights for them, and took 1 / 27 of a cold question's CPU time.
    """

    def __init__(
        self, language: LanguageModel, cache: KVCache, opening: Tensor | None = None
    ) -> None:
        self._language, self._cache = language, cache
        self._opening = opening

    @property
    def cache(self) -> KVCache:
        """Keys and values of all its tokens; prefills what waits."""
        if self._opening is not None:
            opening, self._opening = self._opening, None
            self._language.extend(opening, self._cache)
        return self._cache

    @property
    def length(self) -> int:
        """Tokens it holds."""
        return self._cache.length + (0 if self._opening is None else self._opening.shape[0])

    @property
    def nbytes(self) -> int:
        """Bytes it occupies."""
        return self._cache.nbytes

    def extend(self, embeddings: npt.NDArray[np.floating]) -> None:
        """Prefill ``embeddings`` [n, d].

        Raises ContextFullError past the model's last position, ModelError out of memory.
        """
        if len(embeddings) == 0:
            return
        rows, chunk_tokens = as_tensor(embeddings), self._language.chunk_tokens
        if self._opening is not None:
            rows = torch.cat((self._opening, rows))
            chunk_tokens += self._opening.shape[0]  # one pass, not one and a little one
        try:
            self._language.extend(rows, self._cache, chunk_tokens=chunk_tokens)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            tokens = self._cache.length + len(rows)
            raise ModelError(
                f"not enough memory for a context of {tokens} tokens"
                f" ({tokens * self._language.token_bytes / 1e9:.1f} GB): lower view_tokens"
            ) from error
        self._opening = None

    def rewind(self, length: int) -> None:
        """Forget all but the first ``length`` tokens."""
        self.cache.rewind(length)

    def fork(self) -> DecoderContext:
        """An independent copy."""
        return DecoderContext(self._language, self.cache.fork())

    def close(self) -> None:
        """Free it."""
        self._opening = None
        self._cache.close()


def as_tensor(array: npt.NDArray[np.floating]) -> Tensor:
    """``array`` of any float type as a float32 tensor."""
    return torch.from_numpy(np.asarray(array, dtype=np.float32))


def states_for(
    frames: Sequence[Picture] | States,
    weights: Sequence[float],
    make: Callable[[Sequence[Picture]], HeldStates],
) -> FrameStates:
    """Keys and values of ``frames``, made of stills where they are none yet, one weight for each.

    Raises ModelError for states of another model, ValueError for another number of weights.
    """
    if not isinstance(frames, HeldStates):
        if not isinstance(frames, Sequence):
            raise ModelError("states of another model; make them with this one")
        frames = make(frames)
    if len(weights) != frames.frames:
        raise ValueError(f"{frames.frames} frames but {len(weights)} weights; give one each")
    return frames.held()


def weighted_sum(fused: Tensor, weights: Sequence[float]) -> FusedSum:
    """Text [B, Q, d] of B frames, each times its weight, as a sum float32 [Q, d]."""
    scale = torch.tensor(list(weights), dtype=torch.float32, device=fused.device)
    total = torch.einsum("b,bqd->qd", scale, fused.float())
    return FusedSum(total.cpu().numpy(), float(scale.sum()))
