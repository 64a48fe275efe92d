"""What the language model reads for a whole prompt, put together as the reference does it.

Every frame is fused with the whole prompt, fused text is the plain mean over the frames, and vision
tokens stand where the placeholder stood. Rows of a batch are made one by one: the reference's own
batches come out wrong (fused text with padding on the left, generation with padding on the right).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from streamvid.model.errors import PromptError
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.prefusion import Fused

PLACEHOLDER_ID = -200
"""Stands for the picture among a prompt's ids."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceInputs:
    """``embeddings`` float32 [S, d] for the language model, and the frames' own numbers."""

    embeddings: Tensor
    frames: Fused | None


def reference_inputs(
    model: LlavaMini,
    ids: Sequence[int],
    pixels: Tensor | None,
    *,
    cut_to_tokens: int | None = None,
    batch: int = 8,
) -> ReferenceInputs:
    """Embeddings of a prompt ``ids`` [T] about frames ``pixels`` [F, P, 3, h, w], or about none.

    ``cut_to_tokens`` cuts at the end, silently, as the reference does at the checkpoint's trained
    length: for parity only. Raises PromptError for more than one placeholder.
    """
    places = [place for place, one in enumerate(ids) if one == PLACEHOLDER_ID]
    if len(places) > 1:
        raise PromptError(f"{len(places)} pictures in one prompt; the model takes one or a video")
    # A prompt of one id is plain text to the reference, whatever comes with it.
    if pixels is None or len(ids) == 1:
        return ReferenceInputs(model.text(ids).embeddings[:cut_to_tokens], None)
    parts = [
        model.fuse(model.see(pixels[start : start + batch]), ids)
        for start in range(0, len(pixels), batch)
    ]
    frames = Fused(torch.cat([p.tokens for p in parts]), torch.cat([p.text for p in parts]))
    text = frames.text.mean(0)
    if places:
        before, after = text[: places[0]], text[places[0] + 1 :]
        text = torch.cat((before, frames.tokens.flatten(0, 1), after))
    return ReferenceInputs(text[:cut_to_tokens], frames)
