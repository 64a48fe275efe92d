"""LLaVA-Mini behind the ``VideoModel`` seam."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from streamvid.model.decoder_context import (
    DecoderContext,
    HeldStates,
    as_tensor,
    states_for,
    weighted_sum,
)
from streamvid.model.errors import ModelError
from streamvid.model.llama import FrameStates, generate
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.cost import context_token_bytes
from streamvid.model.llava_mini.frame_encoder import FrameEncoder
from streamvid.model.llava_mini.ledger import Ledger
from streamvid.model.llava_mini.prompt import Prompt
from streamvid.model.micro_batches import MicroBatches
from streamvid.model.seam import (
    Context,
    EncodedFrames,
    Finished,
    FloatArray,
    FusedSum,
    ModelSpec,
    Picture,
    Sampling,
    States,
)

ANSWER_RESERVE_TOKENS = 512
DEFAULT_FUSION_FRAMES = 64
_LARGEST_PREFIX_BYTES = 64 * 1024
"""A fused prefix per frame is stored where it is no larger than a still."""
_SHORT_SIDE_PX = 336


@dataclass(frozen=True, slots=True, eq=False)
class LlavaMiniParts:
    """What ``LlavaMiniModel`` is put together from; ``loading`` makes it."""

    name: str
    core: LlavaMini
    frames: FrameEncoder
    prompt: Prompt
    digest: str
    """Of the checkpoint's and the tower's weights."""
    micro_batches: MicroBatches
    """Frames that are encoded at a time."""
    ledger: Ledger
    """Holds what is made to the plan's arithmetic."""
    room_tokens: int
    """Most tokens of a view that memory has room for."""


class LlavaMiniModel:
    """Any checkpoint in the reference's format; see ``seam.VideoModel`` for every call."""

    def __init__(self, parts: LlavaMiniParts) -> None:
        self._parts, self._core = parts, parts.core
        prompt, core = parts.prompt, parts.core
        self._prefix_ids = [*prompt.head, *prompt.tail]
        self._prefix = core.text(self._prefix_ids)
        self._end_ids = frozenset(core.config.end_ids) or frozenset(prompt.end_ids)
        language = core.config.language
        prefix_bytes = 2 * len(self._prefix_ids) * language.hidden_size
        trained = min(core.config.trained_tokens, language.max_position_embeddings)
        usable = language.max_position_embeddings - ANSWER_RESERVE_TOKENS
        self._spec = ModelSpec(
            name=parts.name,
            width=language.hidden_size,
            tokens_per_frame=core.config.tokens_per_frame,
            embedding_width=parts.frames.retrieval.width,
            prefix_head_tokens=len(prompt.head),
            prefix_tail_tokens=len(prompt.tail),
            short_side_px=max(_SHORT_SIDE_PX, parts.frames.vision.tower.image_px),
            usable_context_tokens=usable,
            trained_context_tokens=trained,
            default_view_tokens=min(
                parts.room_tokens,
                max(
                    core.config.tokens_per_frame,
                    trained - len(self._prefix_ids) - ANSWER_RESERVE_TOKENS,
                ),
            ),
            default_fusion_frames=DEFAULT_FUSION_FRAMES,
            encode_batch=parts.micro_batches.size,
            keeps_fused_prefix=prefix_bytes <= _LARGEST_PREFIX_BYTES,
            state_bytes=core.prefusion.token_bytes * self._frame_tokens(),
            context_token_bytes=core.language.token_bytes,
            prefill_chunk_tokens=core.language.chunk_tokens,
            device_apart=core.language.device.type != "cpu",
        )

    def _frame_tokens(self) -> int:
        """Tokens whose keys and values one frame's states hold."""
        ratio, patches = self._parts.frames.ratio, self._parts.frames.vision.tower.patches
        parts = 1 if ratio == 1 else ratio**2 + 1
        return patches * parts + self._core.config.tokens_per_frame + len(self._prefix_ids)

    @property
    def spec(self) -> ModelSpec:
        """Sizes and limits."""
        return self._spec

    @property
    def fingerprint(self) -> str:
        """Hash of weights, prefix ids, geometry and precision of all that a memory holds."""
        frames = self._parts.frames
        told = (
            "llava_mini", self._parts.digest, self._prefix_ids, frames.geometry, frames.ratio,
            frames.normalise, str(frames.vision.tower.dtype), self._core.prefusion.precision,
        )  # fmt: skip
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

    def adopt(self, fingerprint: str) -> bool:
        """True for this model's own fingerprint alone: another precision is another loading."""
        return fingerprint == self.fingerprint

    @property
    def language_model(self) -> str:
        """Name and precision of the language model."""
        return f"{self._parts.name}, {self._core.language.precision.name}"

    @torch.inference_mode()
    def encode(self, stills: Sequence[Picture]) -> EncodedFrames:
        """Tokens float16 [B, C², d], embeddings float32 [B, e], fused prefix float32 [B, P, d]."""
        if not stills:
            raise ValueError("no stills to encode; pass at least one")
        return EncodedFrames.join(self._parts.micro_batches.run(self._encode, stills))

    def _encode(self, stills: Sequence[Picture]) -> EncodedFrames:
        seen, embeddings = self._parts.frames.see_and_embed(stills)
        fused = self._core.prefusion.fuse(seen, self._prefix)
        return EncodedFrames(
            fused.tokens.half().cpu().numpy(), embeddings.numpy(), fused.text.float().cpu().numpy()
        )

    def embed_text(self, phrase: str) -> FloatArray:
        """CLIP's embedding of ``phrase``, float32 [e]. Raises NoTextSearchError without it."""
        vector: FloatArray = self._parts.frames.retrieval.text(phrase).numpy()
        return vector

    def embed_image(self, picture: Picture) -> FloatArray:
        """CLIP's embedding of ``picture``, float32 [e], unit length."""
        vector: FloatArray = self._parts.frames.embed(picture).numpy()
        return vector

    def count_tokens(self, question: str, *, follows: bool = False) -> int:
        """Q: tokens that ``question`` takes after the prefix. Raises PromptError if empty."""
        return len(self._parts.prompt.question(question, follows=follows))

    def states(self, stills: Sequence[Picture]) -> HeldStates:
        """Pre-fusion keys and values of ``stills``, the prefix's included."""
        if not stills:
            raise ValueError("no stills; pass at least one")
        states = FrameStates.join(self._parts.micro_batches.run(self._states, stills))
        each = states.nbytes // len(stills)
        self._parts.ledger.check("states of a frame", self._spec.state_bytes, each)
        return HeldStates(states)

    def _states(self, stills: Sequence[Picture]) -> FrameStates:
        seen = self._parts.frames.see(stills)
        states = self._core.prefusion.fuse_keeping(seen, self._prefix)[1]
        return FrameStates.empty(len(seen)) if states is None else states

    @torch.inference_mode()
    def fuse(
        self,
        question: str,
        frames: Sequence[Picture] | States,
        weights: Sequence[float],
        *,
        follows: bool = False,
    ) -> FusedSum:
        """Weighted sum of the question's fused text, float32 [Q, d].

        A further turn is fused as if it stood right behind the prefix; earlier turns reach it
        through the language model's context alone.
        """
        held = states_for(frames, weights, self.states)
        text = self._core.text(self._parts.prompt.question(question, follows=follows))
        fused = self._core.prefusion.fuse_behind(held, held.frames, text)  # [B, Q, d]
        return weighted_sum(fused, weights)

    def answer_embeddings(self, text: str) -> FloatArray:
        """Plain embeddings of an answer's text, float32 [n, d], without its end."""
        embeddings: FloatArray = (
            self._core.language.embed(self._parts.prompt.answer(text)).cpu().numpy()
        )
        return embeddings

    def context(self, prefix_head: FloatArray) -> DecoderContext:
        """A KV cache holding the prefix head's mean [head, d]."""
        language = self._core.language
        cache = language.new_cache()
        self._parts.ledger.check(
            "keys and values of a token",
            context_token_bytes(language.config, item_bytes=cache.dtype.itemsize),
            cache.nbytes // cache.room_tokens,
        )
        return DecoderContext(language, cache, as_tensor(prefix_head))

    def generate(
        self,
        context: Context,
        prompt: FloatArray,
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        cancelled: Callable[[], bool] = lambda: False,
        deadline_s: float | None = None,
    ) -> Iterator[str | Finished]:
        """Prefill ``prompt`` [n, d] and decode behind it; see ``seam.VideoModel.generate``."""
        if not isinstance(context, DecoderContext):
            raise ModelError("a context of another model; make one with this one")
        return generate(
            self._core.language,
            context.cache,
            as_tensor(prompt),
            sampling,
            decode=self._parts.prompt.decode,
            end_ids=self._end_ids,
            stop=stop,
            cancelled=cancelled,
            deadline_s=deadline_s,
            chunk_tokens=self._core.language.chunk_tokens,
        )

    def close(self) -> None:
        """Nothing to free beyond the object."""
