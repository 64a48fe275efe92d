"""From what was read of a range to the context that its question goes behind, exact or sealed."""

from __future__ import annotations

from memory import Snapshot
from streamvid.answer import jobs
from streamvid.answer.contexts import ContextStore, KeptContext
from streamvid.answer.reading import Reading
from streamvid.answer.sealed import Line, SealedContexts
from streamvid.answer.talk import Talk
from streamvid.answer.talk_keeper import TalkKeeper
from streamvid.answer.work import Work
from streamvid.engine import Engine
from streamvid.model.seam import FloatArray
from streamvid.settings import Settings


class ContextMaker:
    """Takes, extends or prefills contexts; runs in the asker's thread, notes all in ``Work``."""

    def __init__(
        self,
        engine: Engine,
        store: ContextStore,
        sealed: SealedContexts,
        keeper: TalkKeeper,
        settings: Settings,
    ) -> None:
        self._engine = engine
        self._store = store
        self._sealed = sealed
        self._keeper = keeper
        self._settings = settings

    def context(
        self, work: Work, snapshot: Snapshot, reading: Reading | Line, talk: Talk | None
    ) -> tuple[KeptContext, FloatArray]:
        """The context that the question goes behind, and the prefix tail's mean [tail, d].

        It holds the range's view and the earlier turns that stay.
        """
        assert work.facts is not None
        assert work.frames.span is not None
        if isinstance(reading, Line):
            prefix = snapshot.prefix_sum(work.frames.span)
        else:
            prefix = reading.prefix
        mean = jobs.prefix_mean(self._engine, snapshot, prefix, work.owner)
        split = work.facts.spec.prefix_head_tokens
        head, tail = mean[:split], mean[split:]
        if isinstance(reading, Line):
            kept = self._sealed_context(work, reading, head, talk)
        else:
            kept = self._exact_context(work, reading, head, talk)
        if talk is not None:
            talk.key = kept.key
            self._keeper.recall(work, kept, talk, tail)
        return kept, tail

    def _exact_context(
        self, work: Work, reading: Reading, head: FloatArray, talk: Talk | None
    ) -> KeptContext:
        """Of the range as it is now: kept from a question before, or prefilled whole."""
        assert work.facts is not None
        work.merged_view, work.view_tokens = reading.view.merged, len(reading.view.flat_tokens)
        key = jobs.context_key(work.frames.recording_id, head, reading.view.digest)
        kept = self._keeper.own(talk, key, work.owner)
        if kept is not None:
            work.reused = True
            return kept
        kept, work.reused = jobs.take_context(
            self._engine, self._store, key, head, reading.view.flat_tokens,
            chunk_tokens=jobs.chunk_tokens(self._settings, work.facts.spec), owner=work.owner,
            check=work.question.check,
        )  # fmt: skip
        work.full_prefills = int(not work.reused)
        return kept

    def _sealed_context(
        self, work: Work, line: Line, head: FloatArray, talk: Talk | None
    ) -> KeptContext:
        """Of the range's present epoch, with what is new in view behind what it had."""
        assert work.facts is not None
        held = self._sealed.hold(line, head)
        own = self._keeper.own(talk, held.epoch.key, work.owner)
        if talk is not None:
            talk.kept = None  # until it is whole again
        grown = jobs.grow_context(
            self._engine, self._store, held.epoch.key, held.epoch.head, held.tokens, kept=own,
            chunk_tokens=jobs.chunk_tokens(self._settings, work.facts.spec), owner=work.owner,
            check=work.question.check,
        )  # fmt: skip
        if talk is not None and grown.tokens == 0:
            talk.kept = own  # the turns are behind it still
        work.merged_view, work.sealed_prefix = held.merged, held.sealed
        work.prefix_drift = held.drift
        work.view_tokens = grown.kept.view_length - len(held.epoch.head)
        work.reused, work.epoch = not grown.begun, held.epoch.number
        work.full_prefills = int(grown.begun)
        work.extended_tokens = 0 if grown.begun else grown.tokens
        return grown.kept
