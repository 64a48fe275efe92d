"""Nano behind the ``VideoModel`` seam: tower, compressor, pre-fusion, SmolLM2, retrieval."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch

from streamvid.model.decoder_context import (
    DecoderContext,
    HeldStates,
    as_tensor,
    states_for,
    weighted_sum,
)
from streamvid.model.errors import ModelError
from streamvid.model.llama import FrameStates, LanguageModel, LlamaStack
from streamvid.model.llama.generation import generate
from streamvid.model.micro_batches import MicroBatches
from streamvid.model.nano.frames import FrameEncoder
from streamvid.model.nano.prefusion import FusionGate
from streamvid.model.nano.prompt import Prompt
from streamvid.model.nano.retrieval_head import EMBEDDING_WIDTH
from streamvid.model.nano.sentence_encoder import SentenceEncoder
from streamvid.model.nano.tower import CELLS
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
DEFAULT_VIEW_TOKENS = 1024
DEFAULT_FUSION_FRAMES = 16
SideName = Literal["fp32", "bf16", "nf4"]
"""Of a memory's numbers: in ``nf4`` the pre-fusion layers are in 4 bits, the rest is bf16."""
_GEOMETRY = "stretch-256-bicubic-antialias"


@dataclass(frozen=True, slots=True, eq=False)
class FrameSide:
    """What makes and fuses a memory's numbers, in one precision."""

    frames: FrameEncoder
    prefusion: LlamaStack

    @property
    def name(self) -> SideName:
        """Its precision."""
        if self.prefusion.precision.name == "nf4":
            return "nf4"
        return "fp32" if self.frames.dtype == torch.float32 else "bf16"


@dataclass(frozen=True, slots=True, eq=False)
class NanoParts:
    """What ``NanoModel`` is put together from; ``loading`` makes it."""

    prompt: Prompt
    side: FrameSide
    load_side: Callable[[SideName], FrameSide]
    """Loads it in a precision that another machine chose."""
    text_gate: FusionGate
    vision_gate: FusionGate
    language: LanguageModel
    sentences: Callable[[], SentenceEncoder]
    """Loads MiniLM at the first search; a question about a file needs it, ingest does not."""
    digest: str
    """Of packaged and trained weights that stored numbers depend on."""
    trained_view_tokens: int
    micro_batches: MicroBatches
    """Frames that are encoded at a time."""


class NanoModel:
    """The nano preset; see ``seam.VideoModel`` for every call."""

    def __init__(self, parts: NanoParts) -> None:
        self._parts = parts
        self._sentences: SentenceEncoder | None = None
        prompt, language = parts.prompt, parts.language
        self._prefix_ids = [*prompt.head, *prompt.tail]
        self._prefix = language.embed(self._prefix_ids)  # [P, d]
        self._sides = {parts.side.name: parts.side}
        self._side = parts.side
        names: tuple[SideName, ...] = get_args(SideName)
        self._fingerprints = {name: self._fingerprint_in(name) for name in names}
        maximum = language.config.max_position_embeddings
        self._spec = ModelSpec(
            name="nano",
            width=language.config.hidden_size,
            tokens_per_frame=1,
            embedding_width=EMBEDDING_WIDTH,
            prefix_head_tokens=len(prompt.head),
            prefix_tail_tokens=len(prompt.tail),
            short_side_px=336,
            usable_context_tokens=maximum - ANSWER_RESERVE_TOKENS,
            trained_context_tokens=parts.trained_view_tokens + ANSWER_RESERVE_TOKENS,
            default_view_tokens=DEFAULT_VIEW_TOKENS,
            default_fusion_frames=DEFAULT_FUSION_FRAMES,
            encode_batch=parts.micro_batches.size,
            keeps_fused_prefix=True,
            state_bytes=self._state_bytes(),
            context_token_bytes=language.token_bytes,
            prefill_chunk_tokens=language.chunk_tokens,
        )

    @property
    def spec(self) -> ModelSpec:
        """Sizes and limits."""
        return self._spec

    @property
    def fingerprint(self) -> str:
        """Hash of weights, prefix ids, geometry and precision of all that a memory holds."""
        return self._fingerprints[self._side.name]

    def adopt(self, fingerprint: str) -> bool:
        """See ``seam.VideoModel.adopt``; keeps both precisions once it has needed them.

        Raises WeightsError where weights have gone meanwhile.
        """
        for name, known in self._fingerprints.items():
            if known == fingerprint:
                if name not in self._sides:
                    self._sides[name] = self._parts.load_side(name)
                self._side = self._sides[name]
                self._spec = replace(self._spec, state_bytes=self._state_bytes())
                return True
        return False

    def _fingerprint_in(self, name: SideName) -> str:
        dtype = torch.float32 if name == "fp32" else torch.bfloat16
        told = ("nano", self._parts.digest, self._prefix_ids, _GEOMETRY, str(dtype), name)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

    def _state_bytes(self) -> int:
        return self._side.prefusion.token_bytes * (CELLS + 1 + len(self._prefix_ids))

    @property
    def language_model(self) -> str:
        """Name and precision of the language model."""
        return f"SmolLM2-135M, trained on, {self._parts.language.precision.name}"

    @torch.inference_mode()
    def encode(self, stills: Sequence[Picture]) -> EncodedFrames:
        """Tokens float16 [B, 1, d], embeddings float32 [B, 384], fused prefix float32 [B, P, d]."""
        if not stills:
            raise ValueError("no stills to encode; pass at least one")
        return EncodedFrames.join(self._parts.micro_batches.run(self._encode, stills))

    def _encode(self, stills: Sequence[Picture]) -> EncodedFrames:
        seen = self._side.frames.encode(stills)
        prefix = self._prefix.expand(len(stills), -1, -1)  # [B, P, d]
        sequence = torch.cat((seen.grid.float(), seen.token.float(), prefix), dim=1)
        hidden = self._side.prefusion.run_frames(sequence, outputs=1 + prefix.shape[1])
        tokens = self._parts.vision_gate(seen.token.float(), hidden[:, :1])
        fused = self._parts.text_gate(prefix, hidden[:, 1:])
        return EncodedFrames(
            tokens.half().numpy(), seen.embedding.float().numpy(), fused.float().numpy()
        )

    def embed_text(self, phrase: str) -> FloatArray:
        """MiniLM's embedding of ``phrase``, float32 [384], unit length."""
        if self._sentences is None:
            self._sentences = self._parts.sentences()
        vector: FloatArray = self._sentences.encode([phrase])[0].numpy()
        return vector

    def embed_image(self, picture: Picture) -> FloatArray:
        """The retrieval head's embedding of ``picture``, float32 [384], unit length."""
        vector: FloatArray = self._side.frames.embed(picture).float().numpy()
        return vector

    def count_tokens(self, question: str, *, follows: bool = False) -> int:
        """Q: tokens that ``question`` takes after the prefix. Raises PromptError if empty."""
        return len(self._parts.prompt.question(question, follows=follows))

    @torch.inference_mode()
    def states(self, stills: Sequence[Picture]) -> HeldStates:
        """Pre-fusion keys and values of ``stills``, the prefix's included."""
        if not stills:
            raise ValueError("no stills; pass at least one")
        return HeldStates(FrameStates.join(self._parts.micro_batches.run(self._states, stills)))

    def _states(self, stills: Sequence[Picture]) -> FrameStates:
        seen = self._side.frames.encode(stills)
        prefix = self._prefix.expand(len(stills), -1, -1)
        sequence = torch.cat((seen.grid.float(), seen.token.float(), prefix), dim=1)
        return self._side.prefusion.run_frames_keeping(sequence, outputs=0)[1]

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

        A further turn is fused as if it stood right behind the prefix: a frame's cached states
        serve every turn, and earlier turns reach it through the language model's context alone.
        """
        held = states_for(frames, weights, self.states)
        ids = self._parts.prompt.question(question, follows=follows)
        plain = self._parts.language.embed(ids)  # [Q, d]
        own = plain.expand(held.frames, -1, -1)
        hidden = self._side.prefusion.run_frames(own, past=held)  # [B, Q, d]
        return weighted_sum(self._parts.text_gate(own, hidden), weights)

    def answer_embeddings(self, text: str) -> FloatArray:
        """Plain embeddings of an answer's text, float32 [n, d], without its end."""
        ids = self._parts.prompt.answer(text)[:-1]
        embeddings: FloatArray = self._parts.language.embed(ids).numpy()
        return embeddings

    def context(self, prefix_head: FloatArray) -> DecoderContext:
        """A KV cache holding the prefix head's mean [head, d]."""
        language = self._parts.language
        cache = language.new_cache(room_tokens=DEFAULT_VIEW_TOKENS + ANSWER_RESERVE_TOKENS)
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
            self._parts.language,
            context.cache,
            as_tensor(prompt),
            sampling,
            decode=self._parts.prompt.decode,
            end_ids={self._parts.prompt.end},
            stop=stop,
            cancelled=cancelled,
            deadline_s=deadline_s,
            chunk_tokens=self._parts.language.chunk_tokens,
        )

    def close(self) -> None:
        """Free MiniLM; the rest goes with the object."""
        self._sentences = None
