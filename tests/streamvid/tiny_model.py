"""A tiny, real video language model in numpy behind the seam: small, deterministic, not trained.

Patches, a query compressor, one causal pre-fusion layer, a one-layer language model over bytes with
a KV cache. I1 to I4 hold because it is built like the big ones, and are tested. Its retrieval space
is colour: the phrase "red" lies near red frames. ``batch_noise`` lets a frame's numbers depend a
little on the frames encoded with it, as floating point on real hardware does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from streamvid.model.seam import (
    EncodedFrames,
    Finished,
    FinishReason,
    FloatArray,
    FusedSum,
    ModelSpec,
    Picture,
    Sampling,
)

D, E, GRID = 16, 8, 4
HEAD, TAIL = b"Look: ", b"\nQ"
COLOURS = {
    "red": (1, -1, -1), "green": (-1, 1, -1), "blue": (-1, -1, 1), "yellow": (1, 1, -1),
    "white": (1, 1, 1), "black": (-1, -1, -1),
}  # fmt: skip


def softmax(scores: FloatArray) -> FloatArray:
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True), np.float32)


def unit(x: FloatArray) -> FloatArray:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-6), np.float32)


class TinyStates:
    def __init__(self, keys: FloatArray, values: FloatArray) -> None:
        self.keys, self.values = keys, values
        self.closed = self.on_host = False

    @property
    def frames(self) -> int:
        return len(self.keys)

    @property
    def nbytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes

    def to_host(self) -> None:
        assert not self.closed
        self.on_host = True

    def to_device(self) -> None:
        assert not self.closed
        self.on_host = False

    def close(self) -> None:
        self.closed = True


class TinyContext:
    def __init__(self, model: TinyModel) -> None:
        self.model = model
        self.rows = np.zeros((0, D), np.float32)
        self.closed = False

    @property
    def length(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes

    def extend(self, embeddings: npt.NDArray[np.floating]) -> None:
        assert not self.closed
        self.model.on_extend(len(embeddings))
        self.model.prefilled_tokens += len(embeddings)
        place = np.arange(len(self.rows), len(self.rows) + len(embeddings))[:, None]
        wave = np.sin(place * (1.0 + np.arange(D)))
        self.rows = np.concatenate([self.rows, (embeddings + wave).astype(np.float32)])

    def rewind(self, length: int) -> None:
        assert 0 <= length <= len(self.rows)
        self.rows = self.rows[:length]

    def fork(self) -> TinyContext:
        twin = TinyContext(self.model)
        twin.rows = self.rows.copy()
        return twin

    def close(self) -> None:
        self.closed = True

    def logits(self) -> FloatArray:
        q = self.rows[-1] @ self.model.w_lm
        mixed = softmax(self.rows @ q / D) @ self.rows + self.rows[-1]
        return np.asarray(self.model.embedding @ np.sin(4 * mixed), np.float32)


class TinyModel:
    def __init__(
        self,
        *,
        seed: int = 0,
        encode_batch: int = 8,
        keeps_fused_prefix: bool = True,
        batch_noise: float = 0.0,
        precision: str = "fp32",
        usable_context_tokens: int = 512,
        trained_context_tokens: int = 256,
        default_view_tokens: int = 128,
        default_fusion_frames: int = 6,
        on_encode: Callable[[int], None] = lambda frames: None,
        on_extend: Callable[[int], None] = lambda tokens: None,
    ) -> None:
        rng = np.random.default_rng(seed)

        def weight(*shape: int) -> FloatArray:
            return rng.normal(0, shape[0] ** -0.5, shape).astype(np.float32)

        self.w_patch = weight(12, D)
        self.query = weight(1, D)
        self.w_q, self.w_k, self.w_v, self.w_lm = (weight(D, D) for _ in range(4))
        self.embedding = weight(256, D) * 4
        self.w_e = np.linalg.qr(rng.normal(size=(E, E)))[0][:3].astype(np.float32)
        self.batch_noise = batch_noise
        self.on_encode, self.on_extend = on_encode, on_extend
        self.encoded_frames = self.prefilled_tokens = self.fused_frames = 0
        self.closed = False
        self.spec = ModelSpec(
            name="tiny", width=D, tokens_per_frame=1, embedding_width=E,
            prefix_head_tokens=len(HEAD), prefix_tail_tokens=len(TAIL), short_side_px=64,
            usable_context_tokens=usable_context_tokens,
            trained_context_tokens=trained_context_tokens,
            default_view_tokens=default_view_tokens,
            default_fusion_frames=default_fusion_frames, encode_batch=encode_batch,
            keeps_fused_prefix=keeps_fused_prefix, state_bytes=2 * (GRID * GRID + 1) * D * 4,
            context_token_bytes=D * 4,
        )  # fmt: skip
        self._name = f"tiny-{seed}-{encode_batch}-{keeps_fused_prefix}-{batch_noise}"
        self.precision = precision
        self.language_model = "tiny fp32"

    @property
    def fingerprint(self) -> str:
        return self._name + (self.precision != "fp32") * f"-{self.precision}"

    def adopt(self, fingerprint: str) -> bool:
        before = self.precision
        for self.precision in ("fp32", "bf16"):
            if self.fingerprint == fingerprint:
                return True
        self.precision = before
        return False

    def _patches(self, still: Picture) -> FloatArray:
        """[16, 12]: mean RGB of the four quarters of each cell of a 4 x 4 grid, -1 to 1."""
        sums, sizes = still.astype(np.float32), np.ones((1, 1, 1), np.float32)
        for axis in (0, 1):
            edges = np.arange(2 * GRID) * still.shape[axis] // (2 * GRID)
            sums = np.add.reduceat(sums, edges, axis=axis)
            lengths = np.diff(np.append(edges, still.shape[axis])).astype(np.float32)
            sizes = sizes * np.expand_dims(lengths, [i for i in range(3) if i != axis])
        grid = (sums / sizes / 127.5 - 1).reshape(GRID, 2, GRID, 2, 3)
        return grid.transpose(0, 2, 1, 3, 4).reshape(GRID * GRID, 12)

    def _fuse(self, before: FloatArray, text: FloatArray) -> FloatArray:
        """Causal attention of ``text`` [L, d] over ``before`` [n, d] and itself."""
        rows = np.concatenate([before, text])
        scores = (text @ self.w_q) @ (rows @ self.w_k).T / np.sqrt(D)
        hidden = np.arange(len(rows))[None] > len(before) + np.arange(len(text))[:, None]
        scores[hidden] = -1e9
        return np.asarray(text + softmax(scores) @ (rows @ self.w_v), np.float32)

    def _frame(self, still: Picture) -> tuple[FloatArray, FloatArray]:
        """Rows that text can look at [N + C², d], and the fused vision token [C², d]."""
        patches = self._patches(still) @ self.w_patch
        if self.precision == "bf16":  # so coarse that nobody takes one for the other
            patches = np.round(patches * 16) / np.float32(16)
        token = softmax(self.query @ patches.T) @ patches
        return np.concatenate([patches, token]), self._fuse(patches, token)

    def _text(self, text: bytes) -> FloatArray:
        return self.embedding[np.frombuffer(text, np.uint8)]

    def encode(self, stills: Sequence[Picture]) -> EncodedFrames:
        self.on_encode(len(stills))
        self.encoded_frames += len(stills)
        seen = [self._frame(still) for still in stills]
        prefix = np.stack([self._fuse(rows, self._text(HEAD + TAIL)) for rows, _ in seen])
        if self.batch_noise:
            prefix = prefix + self.batch_noise * (prefix.mean(0) + len(stills))
        return EncodedFrames(
            tokens=np.stack([token for _, token in seen]).astype(np.float16),
            embeddings=np.stack([self.embed_image(still) for still in stills]),
            fused_prefix=prefix.astype(np.float32),
        )

    def embed_image(self, picture: Picture) -> FloatArray:
        return unit(self._patches(picture).reshape(-1, 4, 3).mean((0, 1)) @ self.w_e)

    def embed_text(self, phrase: str) -> FloatArray:
        known = [COLOURS[w] for w in phrase.lower().split() if w in COLOURS] or [(1, 0, 0)]
        return unit(np.mean(np.asarray(known, np.float32), axis=0) @ self.w_e)

    def _question(self, question: str, follows: bool) -> bytes:
        return (b"\n" if follows else b"") + question.encode() + b"\nA: "

    def count_tokens(self, question: str, *, follows: bool = False) -> int:
        return len(self._question(question, follows))

    def states(self, stills: Sequence[Picture]) -> TinyStates:
        rows = np.stack([self._frame(still)[0] for still in stills])
        return TinyStates(rows, rows)

    def fuse(
        self,
        question: str,
        frames: Sequence[Picture] | TinyStates,
        weights: Sequence[float],
        *,
        follows: bool = False,
    ) -> FusedSum:
        rows = frames if isinstance(frames, TinyStates) else self.states(frames)
        assert rows.frames == len(weights)
        assert not rows.closed
        self.fused_frames += len(weights)
        text = self._text(HEAD + TAIL + self._question(question, follows))
        skip = len(HEAD + TAIL)
        parts = [w * self._fuse(k, text)[skip:] for k, w in zip(rows.keys, weights, strict=True)]
        return FusedSum(np.sum(parts, axis=0, dtype=np.float32), float(sum(weights)))

    def answer_embeddings(self, text: str) -> FloatArray:
        return self._text(text.encode())

    def context(self, prefix_head: FloatArray) -> TinyContext:
        context = TinyContext(self)
        context.extend(prefix_head)
        return context

    def generate(
        self,
        context: TinyContext,
        prompt: FloatArray,
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        cancelled: Callable[[], bool] = lambda: False,
        deadline_s: float | None = None,
    ) -> Iterator[str | Finished]:
        for start in range(0, len(prompt), 32):
            context.extend(prompt[start : start + 32])
            yield ""
        reason: FinishReason = "length"
        text = ""
        for _ in range(sampling.max_new_tokens):
            if cancelled():
                reason = "cancelled"
                break
            if deadline_s is not None and time.monotonic() > deadline_s:
                reason = "deadline"
                break
            byte = int(np.argmax(context.logits()[97:123])) + 97
            context.extend(self._text(bytes([byte])))
            text += chr(byte)
            yield chr(byte)
            if any(text.endswith(s) for s in stop):
                reason = "stop"
                break
        yield Finished(reason, len(prompt), len(text), 0.0, 0.0)

    def close(self) -> None:
        self.closed = True
