"""An answer, token by token: prefill, pick, detokenise, stop.

One step of the iterator is one short job (a chunk of prefill or one decoded token), so that whoever
drives it can do other work in between, cancel it, or drop it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence

import torch
from torch import Tensor

from streamvid.model.errors import PromptError
from streamvid.model.llama.detokenizer import Detokenizer
from streamvid.model.llama.kv_cache import KVCache
from streamvid.model.llama.language_model import PREFILL_CHUNK_TOKENS, LanguageModel
from streamvid.model.llama.sampling import pick_token, seeded
from streamvid.model.llama.stop_strings import StopStrings
from streamvid.model.seam import Finished, FinishReason, Sampling


def generate(
    model: LanguageModel,
    cache: KVCache,
    prompt: Tensor,
    sampling: Sampling,
    *,
    decode: Callable[[Sequence[int]], str],
    end_ids: Collection[int],
    stop: Sequence[str] = (),
    cancelled: Callable[[], bool] = lambda: False,
    deadline_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    random: torch.Generator | None = None,
    chunk_tokens: int = PREFILL_CHUNK_TOKENS,
) -> Iterator[str | Finished]:
    """Prefill ``prompt`` [n >= 1, d] behind ``cache`` and decode; text pieces, then ``Finished``.

    ``decode`` turns ids into text, leaving special tokens out; ``end_ids`` end the answer and are
    no part of it. ``deadline_s`` is on ``clock``; it and ``cancelled`` are looked at before each
    step. ``random`` defaults to what ``sampling.seed`` stands for.

    Afterwards the cache holds the prompt and every token of the answer (behind a stop string: up to
    the token before the one that completed it), so that a conversation goes on from there. Ended
    within the prefill, it holds part of the prompt: rewind it. A full context ends the answer as
    ``length``. Raises PromptError for an empty prompt, ContextFullError where it finds no place.
    """
    if prompt.shape[0] == 0:
        raise PromptError("the prompt has no tokens; an answer needs at least one to follow")
    answer = _Answer(model, cache, sampling, decode, frozenset(end_ids), stop, clock)
    answer.random = seeded(sampling) if random is None else random

    def interrupted() -> FinishReason | None:
        if cancelled():
            return "cancelled"
        return "deadline" if deadline_s is not None and clock() >= deadline_s else None

    for start in range(0, prompt.shape[0], chunk_tokens):
        if reason := interrupted():
            yield from answer.end(reason)
            return
        yield answer.prefill(prompt[start : start + chunk_tokens], prompt.shape[0] - start)
    while answer.reason is None:
        if reason := interrupted():
            yield from answer.end(reason)
            return
        yield answer.step()
    yield from answer.end(answer.reason)


class _Answer:
    """One answer in the making: what was picked, what was said, what it cost."""

    def __init__(
        self,
        model: LanguageModel,
        cache: KVCache,
        sampling: Sampling,
        decode: Callable[[Sequence[int]], str],
        end_ids: frozenset[int],
        stop: Sequence[str],
        clock: Callable[[], float],
    ) -> None:
        self.random: torch.Generator
        self.reason: FinishReason | None = None
        self._model, self._cache = model, cache
        self._sampling, self._end_ids = sampling, end_ids
        self._detokenizer, self._stops = Detokenizer(decode), StopStrings(stop)
        self._clock = clock
        self._pending: int | None = None  # picked and said, but not in the cache yet
        self._prompt_tokens = self._new_tokens = 0
        self._prefill_s = self._decode_s = 0.0

    def prefill(self, chunk: Tensor, tokens_left: int) -> str:
        """Run one chunk; with the last one of the prompt pick the first token."""
        start_s = self._clock()
        text = ""
        if chunk.shape[0] < tokens_left:
            self._model.extend(chunk, self._cache, chunk_tokens=chunk.shape[0])
        else:
            logits = self._model.prefill(chunk, self._cache, chunk_tokens=chunk.shape[0])
            text = self._say(logits)
        self._prompt_tokens += chunk.shape[0]
        self._prefill_s += self._clock() - start_s
        return text

    def step(self) -> str:
        """Decode the token picked last and pick the next."""
        assert self._pending is not None
        start_s = self._clock()
        logits = self._model.decode_step(self._pending, self._cache)
        self._pending = None
        text = self._say(logits)
        self._decode_s += self._clock() - start_s
        return text

    def end(self, reason: FinishReason) -> Iterator[str | Finished]:
        """The text held back, then the account; the last token said joins the cache."""
        start_s = self._clock()
        if self._pending is not None and self._room():
            self._model.extend(self._model.embed([self._pending]), self._cache)
        self._decode_s += self._clock() - start_s
        rest = "" if self._stops.stopped else self._stops.feed(self._detokenizer.finish())
        rest += self._stops.finish()
        if rest:
            yield rest
        yield Finished(
            reason="stop" if self._stops.stopped else reason,
            prompt_tokens=self._prompt_tokens,
            new_tokens=self._new_tokens,
            prefill_s=self._prefill_s,
            decode_s=self._decode_s,
        )

    def _say(self, logits: Tensor) -> str:
        if self._new_tokens >= self._sampling.max_new_tokens:
            self.reason = "length"  # only where no token at all was allowed
            return ""
        token_id = pick_token(logits, self._sampling, self.random)
        if token_id in self._end_ids:
            self.reason = "stop"
            return ""
        self._new_tokens += 1
        text = self._stops.feed(self._detokenizer.feed(token_id))
        if self._stops.stopped:
            self.reason = "stop"
            return text
        self._pending = token_id
        # A further token would need a place of its own behind the one that now waits for its place.
        if self._new_tokens == self._sampling.max_new_tokens or self._room() < 2:
            self.reason = "length"
        return text

    def _room(self) -> int:
        return self._model.config.max_position_embeddings - self._cache.length
