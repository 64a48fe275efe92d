"""The seam between a video language model and everything above it.

Whatever stands behind ``VideoModel`` (LLaVA-Mini at 8B, nano at 135M, a third one) is used through
these calls alone. Arrays are numpy: nothing above the seam knows torch, a tensor name or a device.
Only the engine's worker thread calls a model; no call here is safe from two threads at once.

Axes: B frames in a call, C² vision tokens of a frame, d width of the language model, e width of the
retrieval embedding, P prefix tokens (head, then tail), Q tokens of a question, N tokens of a view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
HalfArray = npt.NDArray[np.float16]
Picture = npt.NDArray[np.uint8]
"""uint8 [H, W, 3] RGB, any size."""

FinishReason = Literal["stop", "length", "cancelled", "deadline"]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What the parts above a model need to know of it; fixed once it is loaded.

    ``usable_context_tokens`` is the checkpoint's real maximum less the answer's reserve; beyond
    ``trained_context_tokens`` an answer says so.
    """

    name: str
    width: int
    tokens_per_frame: int
    embedding_width: int
    prefix_head_tokens: int
    prefix_tail_tokens: int
    short_side_px: int
    usable_context_tokens: int
    trained_context_tokens: int
    default_view_tokens: int
    default_fusion_frames: int
    encode_batch: int
    """Frames that ``encode`` wants in one call. Fixed for the machine: a frame encoded in another
    batch agrees within a tolerance only, and a memory must not depend on how it was filled."""
    keeps_fused_prefix: bool
    """Whether the fused prefix is small enough to be stored per frame, besides the block sums."""
    state_bytes: int
    """Bytes of one frame's pre-fusion keys and values."""
    context_token_bytes: int
    """Bytes of one token's keys and values in the language model."""
    prefill_chunk_tokens: int = 256
    """View tokens that the model prefills well within a second on this machine: others wait so
    long. Fewer passes cost less."""
    device_apart: bool = False
    """Whether states and contexts lie on a device with memory of its own, apart from the host's."""

    @property
    def prefix_tokens(self) -> int:
        """P: head and tail together."""
        return self.prefix_head_tokens + self.prefix_tail_tokens


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFrames:
    """What ``VideoModel.encode`` keeps of B frames.

    ``tokens`` float16 [B, C², d]; ``embeddings`` float32 [B, e] of unit length; ``fused_prefix``
    float32 [B, P, d]: each frame's own fusion of the prefix.
    """

    tokens: HalfArray
    embeddings: FloatArray
    fused_prefix: FloatArray

    @classmethod
    def join(cls, parts: Sequence[EncodedFrames]) -> EncodedFrames:
        """The frames of all ``parts`` in order."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.tokens for part in parts]),
            np.concatenate([part.embeddings for part in parts]),
            np.concatenate([part.fused_prefix for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class FusedSum:
    """A weighted sum of one text fused with some frames: ``total`` float32 [Q, d], and its weight.

    Sums add (DESIGN I3); the fused text is the mean.
    """

    total: FloatArray
    weight: float

    def __add__(self, other: FusedSum) -> FusedSum:
        return FusedSum(self.total + other.total, self.weight + other.weight)

    def mean(self) -> FloatArray:
        """The fused text, float32 [Q, d]."""
        return self.total / np.float32(self.weight)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answer tokens are chosen: greedy at temperature 0."""

    max_new_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """How a generation ended and what it cost; the last value of ``VideoModel.generate``."""

    reason: FinishReason
    prompt_tokens: int
    new_tokens: int
    prefill_s: float
    decode_s: float


class States(Protocol):
    """Pre-fusion keys and values of some frames, kept to fuse a question without pixels."""

    @property
    def frames(self) -> int:
        """How many frames it holds."""

    @property
    def nbytes(self) -> int:
        """Bytes it occupies, wherever it lies."""

    def to_host(self) -> None:
        """Move it into host memory. It stays usable: ``fuse`` copies it over for its pass alone."""

    def to_device(self) -> None:
        """Move it back to where the model computes."""

    def close(self) -> None:
        """Free it; using it afterwards is an error."""


class Context(Protocol):
    """The language model's KV cache of ``[prefix head][vision tokens]`` and what was said since."""

    @property
    def length(self) -> int:
        """Tokens it holds."""

    @property
    def nbytes(self) -> int:
        """Bytes it occupies."""

    def extend(self, embeddings: npt.NDArray[np.floating]) -> None:
        """Prefill ``embeddings`` [n, d] (any float type) behind what is there."""

    def rewind(self, length: int) -> None:
        """Forget all but the first ``length`` tokens, so that a question can follow the view."""

    def fork(self) -> Context:
        """An independent copy."""

    def close(self) -> None:
        """Free it; using it afterwards is an error."""


class VideoModel(Protocol):
    """A model that turns frames into tokens and answers questions about them."""

    @property
    def spec(self) -> ModelSpec:
        """Sizes and limits."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that a stored number depends on; not of the language model."""

    @property
    def language_model(self) -> str:
        """Name and precision of the language model, to stand beside each answer."""

    def adopt(self, fingerprint: str) -> bool:
        """Encode and fuse in the precision of a memory made elsewhere, from now on.

        True: ``fingerprint`` is this model's now, ``spec`` may have changed with it. False: more
        than the precision differs, nothing has changed. Going to and fro is cheap after the first
        time; states stay usable only under the fingerprint that they were made under.
        """

    def encode(self, stills: Sequence[Picture]) -> EncodedFrames:
        """Tokens, embeddings and fused prefix of ``stills``, without any question (I1, I2)."""

    def embed_text(self, phrase: str) -> FloatArray:
        """Retrieval embedding of ``phrase``, float32 [e], unit length."""

    def embed_image(self, picture: Picture) -> FloatArray:
        """Retrieval embedding of ``picture``, float32 [e], unit length."""

    def count_tokens(self, question: str, *, follows: bool = False) -> int:
        """Q: tokens that ``question`` takes in the prompt after the prefix, markers included.

        With ``follows`` they are the same ones behind an opening, the end of the last answer.
        """

    def states(self, stills: Sequence[Picture]) -> States:
        """Pre-fusion keys and values of ``stills``."""

    def fuse(
        self,
        question: str,
        frames: Sequence[Picture] | States,
        weights: Sequence[float],
        *,
        follows: bool = False,
    ) -> FusedSum:
        """Sum over ``frames`` of ``question``'s fused text, each times its weight.

        ``follows`` renders a further turn of a conversation: the end of the last answer comes
        first. Control tokens spelt in ``question`` are text and nothing else.
        """

    def answer_embeddings(self, text: str) -> FloatArray:
        """Plain embeddings of an answer's ``text``, float32 [n, d], to say it to a context again.

        They are what ``generate`` leaves in the context behind the prompt, without the answer's
        end, which the next question brings along; where sampling cut the text into other tokens
        than the tokenizer does, the tokenizer's are given. No text: n is 0.
        """

    def context(self, prefix_head: FloatArray) -> Context:
        """A new KV cache holding the prefix head's mean [head, d]; ``extend`` it by the view."""

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
        """Prefill ``prompt`` [n, d] (prefix tail mean, then fused question) and decode behind it.

        Each step of the iterator is one short job: a chunk of prefill or one decoded token, giving
        the text that became certain (often empty); the last value is ``Finished``. ``deadline_s``
        is on ``time.monotonic``'s clock. The context keeps prompt and answer until rewound.
        """

    def close(self) -> None:
        """Free weights and caches."""
