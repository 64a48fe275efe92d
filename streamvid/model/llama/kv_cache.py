"""Keys and values of the tokens that a decoder has seen, in buffers that grow.

Two shapes of one idea: ``KVCache`` is one sequence that goes on for long; ``FrameStates`` are many
short sequences of equal length, kept so that a text can be run behind each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from streamvid.model.llama.config import LlamaConfig
from streamvid.model.llama.errors import CacheError

_PAGE_TOKENS = 128
_GROWTH = 1.5


class KVCache:
    """Keys and values of one sequence: per layer and kind [K, room, D], ``length`` of them filled.

    Room grows by half its size, layer by layer, so that a growth copies little at a time and an
    append nothing. ``nbytes`` counts the room, not only what is filled.
    """

    def __init__(
        self,
        config: LlamaConfig,
        *,
        dtype: torch.dtype = torch.float32,
        room_tokens: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        self.length = 0
        shape = (config.num_key_value_heads, _pages(room_tokens), config.head_dim)
        layers = range(config.num_hidden_layers)
        self._keys = [torch.empty(shape, dtype=dtype, device=device) for _ in layers]
        self._values = [torch.empty(shape, dtype=dtype, device=device) for _ in layers]

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers, free room included."""
        return sum(buffer.nbytes for buffer in (*self._keys, *self._values))

    @property
    def layers(self) -> int:
        """How many layers it has; 0 when closed."""
        return len(self._keys)

    def filled(self) -> list[tuple[Tensor, Tensor]]:
        """Of each layer views of the keys and values that are there, [K, length, D]."""
        self._check_open()
        pairs = zip(self._keys, self._values, strict=True)
        return [(keys[:, : self.length], values[:, : self.length]) for keys, values in pairs]

    @property
    def room_tokens(self) -> int:
        """Tokens that fit before the buffers grow; 0 when closed."""
        return self._keys[-1].shape[1] if self._keys else 0

    @property
    def dtype(self) -> torch.dtype:
        """Type of the keys and values."""
        self._check_open()
        return self._keys[0].dtype

    def reserve(self, tokens: int) -> None:
        """Make room for ``tokens`` more, at once instead of by and by."""
        self._check_open()
        for layer in range(len(self._keys)):
            self._grow(layer, self.length + tokens)

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put [1, K, n, D] behind what ``layer`` has; give all of it, [1, K, length + n, D].

        ``length`` moves with ``advance`` only, once every layer has appended: a pass that fails
        half-way leaves the cache as it was.
        """
        self._check_open()
        stop = self.length + keys.shape[2]
        self._grow(layer, stop)
        key_buffer, value_buffer = self._keys[layer], self._values[layer]
        key_buffer[:, self.length : stop] = keys[0]
        value_buffer[:, self.length : stop] = values[0]
        return key_buffer[None, :, :stop], value_buffer[None, :, :stop]

    def advance(self, tokens: int) -> None:
        """Count ``tokens`` that every layer has appended."""
        self.length += tokens

    def rewind(self, length: int) -> None:
        """Forget all but the first ``length`` tokens; the room stays. Raises CacheError."""
        self._check_open()
        if not 0 <= length <= self.length:
            raise CacheError(f"cannot rewind to {length} of {self.length} tokens; go back only")
        self.length = length

    def fork(self) -> KVCache:
        """An independent copy of what is filled."""
        self._check_open()
        other = object.__new__(KVCache)
        other.length = self.length
        other._keys = [_copy(buffer, self.length) for buffer in self._keys]
        other._values = [_copy(buffer, self.length) for buffer in self._values]
        return other

    def close(self) -> None:
        """Free the buffers; using the cache afterwards raises CacheError."""
        self.length = 0
        self._keys, self._values = [], []

    def _check_open(self) -> None:
        if not self._keys:
            raise CacheError("this KV cache is closed; make a new one")

    def _grow(self, layer: int, tokens: int) -> None:
        room = self._keys[layer].shape[1]
        if tokens <= room:
            return
        wanted = _pages(max(tokens, int(room * _GROWTH)))
        self._keys[layer] = _enlarge(self._keys[layer], self.length, wanted)
        self._values[layer] = _enlarge(self._values[layer], self.length, wanted)


class FrameStates:
    """Keys and values of B sequences of equal length: per layer and kind [B, K, n, D].

    ``frames`` is B, ``length`` n. Never changed after it is made.
    """

    def __init__(self, keys: Sequence[Tensor], values: Sequence[Tensor]) -> None:
        self._keys, self._values = tuple(keys), tuple(values)

    @property
    def frames(self) -> int:
        """How many sequences."""
        return self._keys[0].shape[0]

    @property
    def length(self) -> int:
        """Tokens of each."""
        return self._keys[0].shape[2]

    @property
    def nbytes(self) -> int:
        """Bytes of all keys and values."""
        return sum(tensor.nbytes for tensor in (*self._keys, *self._values))

    def layer(self, index: int) -> tuple[Tensor, Tensor]:
        """Keys and values of one layer, each [B, K, n, D]."""
        return self._keys[index], self._values[index]

    @property
    def device(self) -> torch.device:
        """Where they lie."""
        return self._keys[0].device

    def copied_to(self, device: torch.device | str) -> FrameStates:
        """A copy on ``device``, also where they lie there already."""
        return FrameStates(
            [keys.to(device, copy=True) for keys in self._keys],
            [values.to(device, copy=True) for values in self._values],
        )

    @classmethod
    def empty(cls, frames: int) -> FrameStates:
        """States of no layer: what a model without pre-fusion layers keeps of ``frames``."""
        nothing = torch.empty(frames, 1, 0, 1)
        return cls([nothing], [nothing])

    def select(self, frames: Sequence[int]) -> FrameStates:
        """A copy of some of the sequences, which does not hold on to the others."""
        return FrameStates(
            [keys[list(frames)] for keys in self._keys],
            [values[list(frames)] for values in self._values],
        )

    @classmethod
    def join(cls, parts: Sequence[FrameStates]) -> FrameStates:
        """The sequences of all ``parts`` in order, copied. Raises CacheError if lengths differ."""
        if len({part.length for part in parts}) != 1:
            raise CacheError(f"cannot join states of lengths {[part.length for part in parts]}")
        return cls(
            [torch.cat(keys) for keys in zip(*(part._keys for part in parts), strict=True)],
            [torch.cat(values) for values in zip(*(part._values for part in parts), strict=True)],
        )


class FrameStore:
    """Where the layers of a batched pass put their keys and values: behind ``past``, if any.

    With ``keep`` it remembers them, past included, for ``states``.
    """

    def __init__(self, *, past: FrameStates | None = None, keep: bool = False) -> None:
        self.length = 0 if past is None else past.length
        self._past, self._keep = past, keep
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """[B, K, n, D] of one layer → all that its queries may look at, [B, K, length + n, D]."""
        if self._past is not None:
            past_keys, past_values = self._past.layer(layer)
            keys, values = torch.cat([past_keys, keys], 2), torch.cat([past_values, values], 2)
        if self._keep:
            # The layers hand over views into their fused product; those would keep it all alive.
            self._keys.append(keys.contiguous())
            self._values.append(values.contiguous())
        return keys, values

    def states(self) -> FrameStates:
        """What was remembered. Raises CacheError without ``keep``."""
        if not self._keys:
            raise CacheError("no states were kept; run the layers with keep")
        return FrameStates(self._keys, self._values)


def _pages(tokens: int) -> int:
    return max(1, -(-tokens // _PAGE_TOKENS)) * _PAGE_TOKENS


def _copy(buffer: Tensor, length: int) -> Tensor:
    return _enlarge(buffer, length, _pages(length))


def _enlarge(buffer: Tensor, length: int, room: int) -> Tensor:
    heads, _, width = buffer.shape
    larger = torch.empty(heads, room, width, dtype=buffer.dtype, device=buffer.device)
    larger[:, :length] = buffer[:, :length]
    return larger
