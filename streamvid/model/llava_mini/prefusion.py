"""Modality pre-fusion: a few Llama layers over [patches][vision tokens][text], causal.

Their output replaces vision tokens and text. Ids up to 0 count as padding there, as in the
reference: nobody sees them, they take no position, and they keep their plain embedding. So they
need not be run at all, and what is left is one contiguous causal sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from streamvid.model.llama import FrameStates, LlamaStack
from streamvid.model.llava_mini.vision import SeenFrames


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Ids and plain embeddings float32 [T, d] of a stretch of text."""

    ids: tuple[int, ...]
    embeddings: Tensor

    @property
    def fused_places(self) -> list[int]:
        """Where ids stand that take part."""
        return [place for place, one in enumerate(self.ids) if one > 0]


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """What pre-fusion made of B frames: vision tokens [B, C², d] and text [B, T, d], float32."""

    tokens: Tensor
    text: Tensor


class PreFusion:
    """The layers; with none of them everything stays as it came."""

    def __init__(self, stack: LlamaStack | None) -> None:
        self._stack = stack

    @property
    def token_bytes(self) -> int:
        """Bytes of one token's keys and values in all layers."""
        return 0 if self._stack is None else self._stack.token_bytes

    @property
    def nbytes(self) -> int:
        """Bytes of the layers' matrices."""
        return 0 if self._stack is None else self._stack.nbytes

    @property
    def precision(self) -> str:
        """Of its products; ``none`` without layers."""
        return "none" if self._stack is None else self._stack.precision.name

    @torch.inference_mode()
    def fuse(self, seen: SeenFrames, text: Text) -> Fused:
        """Each frame fused with the same text."""
        return self._fuse(seen, text, keep=False)[0]

    @torch.inference_mode()
    def fuse_keeping(self, seen: SeenFrames, text: Text) -> tuple[Fused, FrameStates | None]:
        """As ``fuse``, and the keys and values for text to come; None where there are no layers."""
        return self._fuse(seen, text, keep=True)

    def _fuse(
        self, seen: SeenFrames, text: Text, *, keep: bool
    ) -> tuple[Fused, FrameStates | None]:
        frames, size = len(seen), seen.tokens.shape[1]
        plain = text.embeddings.expand(frames, -1, -1)
        if self._stack is None:
            return Fused(seen.tokens.float(), plain.float()), None
        places = text.fused_places
        sequence = torch.cat((seen.sequence().float(), plain[:, places].float()), dim=1)
        outputs = size + len(places)
        states = None
        if keep:
            hidden, states = self._stack.run_frames_keeping(sequence, outputs=outputs)
        else:
            hidden = self._stack.run_frames(sequence, outputs=outputs)
        return Fused(hidden[:, :size], _placed(plain, places, hidden[:, size:])), states

    @torch.inference_mode()
    def fuse_behind(self, states: FrameStates | None, frames: int, text: Text) -> Tensor:
        """Text [B, T, d] fused behind what ``states`` hold of B frames."""
        plain = text.embeddings.expand(frames, -1, -1)
        places = text.fused_places
        if self._stack is None or states is None or not places:
            return plain.float()
        hidden = self._stack.run_frames(plain[:, places].float(), past=states)
        return _placed(plain, places, hidden)


def _placed(plain: Tensor, places: Sequence[int], hidden: Tensor) -> Tensor:
    """``plain`` [B, T, d] with ``hidden`` [B, len(places), d] at ``places``."""
    text = plain.float().clone()
    text[:, list(places)] = hidden
    return text
