"""A question's life: coverage, retrieval, fusion set, prefix and view, context, fusion, decoding.

It runs in the thread of whoever asks and hands the engine one small job after the other; it knows
the recording and the model through their seams alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace

import numpy as np

from memory import Recording, Snapshot, TokenMemoryError
from streamvid.answer import jobs
from streamvid.answer.budgets import context_budget, fusion_frames, states_budget
from streamvid.answer.context_maker import ContextMaker
from streamvid.answer.contexts import ContextCounters, ContextStore, KeptContext
from streamvid.answer.fusion_set import choose
from streamvid.answer.range_frames import RangeFrames, frames_in
from streamvid.answer.reading import Readings
from streamvid.answer.result import Answer, Ending
from streamvid.answer.retrieval import Retrieval
from streamvid.answer.room import view_room
from streamvid.answer.sealed import SealedContexts
from streamvid.answer.span import resolved
from streamvid.answer.spoken import spoken
from streamvid.answer.states import FrameKey, StatesCache
from streamvid.answer.talk import Talk
from streamvid.answer.talk_keeper import TalkKeeper
from streamvid.answer.work import Question, StoppedError, Work, answer_of
from streamvid.engine import Engine, Priority
from streamvid.ingest.ingest import model_identity
from streamvid.model.seam import Finished, FloatArray, Sampling
from streamvid.settings import Settings

_log = logging.getLogger(__name__)

Asking = Generator[str, None, Answer]
"""Yields pieces of text and returns the answer."""


class Asker:
    """Answers questions about recordings with the engine's model; safe from several threads.

    Contexts, states, views and indexes are kept between questions, each under its bound.
    ``refresh`` is called with a recording's id before it is read: who watches it may commit first.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        retrieval: Retrieval,
        *,
        refresh: Callable[[str], None] = lambda recording_id: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._refresh = refresh
        self._now_s = now_s
        self._retrieval = retrieval
        self._readings = Readings(settings)
        self._contexts = ContextStore()
        self._keeper = TalkKeeper(engine, self._contexts, settings)
        self._states = StatesCache(host_bytes=settings.states_host_bytes)
        self._sealed = SealedContexts(engine, self._contexts, settings)
        self._maker = ContextMaker(engine, self._contexts, self._sealed, self._keeper, settings)

    def ask(self, recording: Recording, question: Question, talk: Talk | None = None) -> Asking:
        """Answer ``question``; with ``talk``, behind what was said before.

        Raises ``QuestionTooLongError``, ``RangeError``, ``EngineBusyError`` and memory's errors.
        """
        started_s = self._now_s()
        self._refresh(recording.id)
        with self._engine.question() as owner, recording.snapshot() as snapshot:
            question = replace(question, within=resolved(question.within, snapshot.timeline()))
            frames = frames_in(snapshot, recording, question.within, self._settings)
            work = Work(recording, question, owner, started_s, frames)
            _wish(recording, question, frames)
            if frames.span is None:
                return self._answer(work, "blind")
            try:
                kept, prompt = self._prepare(work, snapshot, talk)
            except StoppedError as stopped:
                return self._answer(work, stopped.reason)
            snapshot.close()  # nothing is read any more; decoding may take long
            try:
                yield from self._decode(work, kept, prompt)
            except BaseException:
                if talk is not None:
                    self._keeper.release(talk, work.owner)
                raise
            finally:
                if talk is None:
                    self._keeper.give_back(kept, work.owner)
            if talk is not None:
                self._keeper.carry_on(work, talk, prompt)
            assert work.finished is not None
            return self._answer(work, work.finished.reason)

    def end_talk(self, talk: Talk) -> None:
        """Free what a conversation held and forget what was said."""
        talk.turns = ()
        self._keeper.release(talk, "conversation")

    def keep_up(self, recording: Recording) -> None:
        """Read what a growing recording has gained into the contexts of what was asked of it.

        In jobs that give way to all others. Raises memory's errors and ``EngineClosedError``.
        """
        self._sealed.keep_up(recording)

    def context_counters(self) -> ContextCounters:
        """What contexts cost so far."""
        return self._sealed.counters()

    def rest_talk(self, talk: Talk) -> None:
        """Free what a conversation holds; what was said stays."""
        self._keeper.release(talk, "conversation")

    def forget(self, recording_id: str) -> None:
        """Drop everything kept of a recording that is being removed."""
        self._sealed.forget(recording_id)
        self._readings.clear()
        self._retrieval.forget(recording_id)

        def forget() -> None:
            self._contexts.forget(recording_id)
            self._states.forget(recording_id)

        self._engine.submit(
            lambda model: forget(), priority=Priority.QUESTION, owner="forget"
        ).result()

    # Before decoding.

    def _prepare(
        self, work: Work, snapshot: Snapshot, talk: Talk | None
    ) -> tuple[KeptContext, FloatArray]:
        """Everything up to the prompt's embeddings [n, d] and the context they go behind.

        View and index are read while the engine embeds the phrase, which leaves cores free; fusion
        is under way while the prefix is put together.
        """
        work.facts = self._engine.follow(work.owner, snapshot.info.model.fingerprint)
        snapshot.require_model(model_identity(work.facts))
        self._contexts.budget_bytes = context_budget(self._settings, work.facts.spec)
        self._states.device_bytes = states_budget(self._settings, work.facts.spec)
        work.question.check()
        self._count(work, talk)
        query = self._retrieval.embed(work.question.looked_up, work.owner)
        began_s = self._now_s()
        room = self._room(work, talk)
        line = self._sealed.follow(snapshot, work.frames, work.question.within, room)
        reading = line or self._readings.read(snapshot, work.frames, view_tokens=room)
        self._retrieval.read_index(snapshot, work.frames)
        work.context_s = self._now_s() - began_s
        self._choose(work, snapshot, query)
        began_s = self._now_s()
        fusion = self._fusion(work, snapshot)
        try:
            kept, tail = self._maker.context(work, snapshot, reading, talk)
            context_s = self._now_s() - began_s
            work.context_s += context_s
            try:
                fused = fusion.finish().mean()
            except BaseException:
                if talk is None:  # a conversation goes on: nothing was said
                    self._keeper.give_back(kept, work.owner)
                raise
        finally:
            fusion.close()
        work.fusion_s = self._now_s() - began_s - context_s
        return kept, fused if work.follows else np.concatenate([tail, fused])

    def _room(self, work: Work, talk: Talk | None) -> int:
        assert work.facts is not None
        spec = work.facts.spec
        return view_room(
            spec,
            work.question_tokens,
            history_tokens=0 if talk is None else self._keeper.room_tokens(spec),
            wanted_tokens=self._settings.view_tokens,
        )

    def _count(self, work: Work, talk: Talk | None) -> None:
        """How many tokens the question takes, and which earlier turns stay before it."""
        assert work.facts is not None
        text = work.question.text
        if talk is not None:
            work.turns = self._keeper.turns_that_stay(talk, work.facts.spec)
        first, further = self._engine.submit(
            lambda model: [model.count_tokens(text, follows=follows) for follows in (False, True)],
            priority=Priority.QUESTION,
            owner=work.owner,
        ).result()
        work.question_tokens = further if work.follows else first
        work.opening_tokens = work.question_tokens - first

    def _choose(self, work: Work, snapshot: Snapshot, query: Future[FloatArray]) -> None:
        """Look the question up and choose the frames that it is fused with."""
        began_s = self._now_s()
        assert work.facts is not None
        ticks = work.frames.table.ticks
        bound = fusion_frames(self._settings, work.facts.spec)
        limit = len(ticks) if self._settings.fusion == "full" else bound
        found = self._retrieval.retrieve(work, snapshot, query, count=min(limit, bound))
        # Where nothing is found, the newest and evenly spread frames still answer.
        work.fusion = choose(ticks, found, limit, weighting=self._settings.weighting)
        work.retrieval_s = self._now_s() - began_s

    def _fusion(self, work: Work, snapshot: Snapshot) -> jobs.Fusion:
        """The question on its way to being fused with the fusion set."""
        assert work.fusion is not None
        table = work.frames.table
        fingerprint = snapshot.info.model.fingerprint
        preview = dict(zip(table.ticks.tolist(), table.preview.tolist(), strict=True))
        frames = [
            (FrameKey(work.frames.recording_id, tick, preview[tick], fingerprint), weight)
            for tick, weight in zip(work.fusion.ticks, work.fusion.weights, strict=True)
        ]
        assert work.facts is not None
        step_frames = self._settings.fuse_step_frames or work.facts.spec.encode_batch
        fusion = jobs.Fusion(
            self._engine, self._states, snapshot, work.question.text, frames,
            step_frames=step_frames, owner=work.owner, follows=work.follows,
            check=work.question.check,
        )  # fmt: skip
        fusion.start()
        return fusion

    # Decoding and after.

    def _decode(
        self, work: Work, kept: KeptContext, prompt: FloatArray
    ) -> Generator[str, None, None]:
        settings = self._settings
        sampling = Sampling(
            settings.max_new_tokens, settings.temperature, settings.top_p, settings.seed
        )
        steps = self._engine.stream(
            lambda model: model.generate(
                kept.context,
                prompt,
                sampling,
                cancelled=work.question.cancelled,
                deadline_s=work.question.deadline_s,
            ),
            owner=work.owner,
        )

        def said() -> Iterator[str]:
            for step in steps:
                if isinstance(step, Finished):
                    work.finished = step
                elif step:
                    work.pieces.append(step)
                    yield step

        try:
            for words in spoken(said()):
                if not work.first_text_s:
                    work.first_text_s = self._now_s() - work.started_s
                yield words
        finally:
            steps.cancel()

    def _answer(self, work: Work, finish: Ending) -> Answer:
        answer = answer_of(work, finish, self._now_s())
        usage, timings = answer.usage, answer.timings
        _log.info(
            "answer",
            extra={
                "recording": answer.recording_id[:12],
                "finish": answer.finish,
                "frames_seen": usage.range_frames,
                "frames_fused": usage.fused_frames,
                "context_tokens": usage.context_tokens,
                "context_reused": usage.context_reused,
                "extended_tokens": usage.extended_tokens,
                "epoch": usage.epoch,
                "context_ms": round(timings.context_s * 1000),
                "first_text_ms": round(timings.first_text_s * 1000),
                "total_ms": round(timings.total_s * 1000),
                "new_tokens": usage.new_tokens,
                "tokens_per_s": round(usage.tokens_per_s, 1),
            },
        )
        return answer


def _wish(recording: Recording, question: Question, frames: RangeFrames) -> None:
    """Have whoever ingests look at the asked range first, if it is not all looked at yet."""
    if question.within.everything or not frames.coverage.pending or recording.ingester() is None:
        return
    with suppress(TokenMemoryError):  # a wish that cannot be written harms no answer
        recording.wanted(frames.start_s, frames.end_s)
