"""The context of a conversation: the turns that stay are said again, a new one joins them."""

from __future__ import annotations

from contextlib import suppress

from streamvid.answer import jobs
from streamvid.answer.contexts import ContextKey, ContextStore, KeptContext
from streamvid.answer.room import history_room
from streamvid.answer.talk import Talk, Turn, said_again, youngest
from streamvid.answer.work import Work
from streamvid.engine import Engine, Priority
from streamvid.errors import EngineClosedError
from streamvid.model.seam import FloatArray, ModelSpec, VideoModel
from streamvid.settings import Settings


class TalkKeeper:
    """Keeps conversations within ``Settings.history_tokens``; runs in the asker's thread.

    Whatever fails leaves a conversation its turns; a context in doubt is given back to ``store``,
    and the next question says the turns again behind another one.
    """

    def __init__(self, engine: Engine, store: ContextStore, settings: Settings) -> None:
        self._engine = engine
        self._store = store
        self._settings = settings

    def room_tokens(self, spec: ModelSpec) -> int:
        """Most tokens of earlier turns that stand before a question."""
        return history_room(spec, self._settings.history_tokens)

    def turns_that_stay(self, talk: Talk, spec: ModelSpec) -> tuple[Turn, ...]:
        """Earlier turns before the next question: the oldest go first."""
        room_tokens = self.room_tokens(spec)
        return youngest(talk.turns, tail_tokens=spec.prefix_tail_tokens, room_tokens=room_tokens)

    def own(self, talk: Talk | None, key: ContextKey, owner: str) -> KeptContext | None:
        """The conversation's context if it is of ``key``; another one is given back."""
        if talk is None:
            return None
        if talk.key == key and talk.kept is not None:
            return talk.kept
        self.release(talk, owner)
        return None

    def recall(self, work: Work, kept: KeptContext, talk: Talk, tail: FloatArray) -> None:
        """Make ``kept`` the conversation's, ``work.turns`` alone behind its view.

        Nothing is done where that is so already. ``kept`` is given back where the question is
        stopped.
        """
        assert work.facts is not None
        room_tokens = self.room_tokens(work.facts.spec)
        holds_them = talk.kept is kept and talk.turns == work.turns
        if not holds_them or talk.history_tokens > room_tokens:
            rows = said_again(work.turns, tail)
            talk.kept = None
            try:
                jobs.say_again(
                    self._engine, kept, rows,
                    chunk_tokens=jobs.chunk_tokens(self._settings, work.facts.spec),
                    owner=work.owner, check=work.question.check,
                )  # fmt: skip
            except BaseException:
                self.give_back(kept, work.owner)
                raise
            talk.kept, talk.turns, talk.history_tokens = kept, work.turns, len(rows)
        work.history_tokens = talk.history_tokens

    def carry_on(self, work: Work, talk: Talk, prompt: FloatArray) -> None:
        """Add an answered question to the conversation, or rewind what was broken off.

        ``prompt`` [n, d] was put behind the context; the fused question is its end.
        """
        assert work.finished is not None
        assert talk.kept is not None
        kept, text = talk.kept, "".join(work.pieces)
        whole = work.finished.reason in ("stop", "length")
        before = kept.view_length + talk.history_tokens

        def settle(model: VideoModel) -> FloatArray | None:
            if whole:
                return model.answer_embeddings(text)
            kept.context.rewind(before)
            return None

        try:
            answer, length = self._engine.submit(
                lambda model: (settle(model), kept.context.length),
                priority=Priority.QUESTION,
                owner=work.owner,
            ).result()
        except BaseException:
            self.release(talk, work.owner)
            raise
        if answer is not None:
            question = prompt[-work.question_tokens :]
            talk.turns += (Turn(question, work.opening_tokens, answer),)
            talk.history_tokens = length - kept.view_length

    def release(self, talk: Talk, owner: str) -> None:
        """Give a conversation's context back, if it has one; what was said stays."""
        kept, talk.kept, talk.history_tokens = talk.kept, None, 0
        if kept is not None:
            self.give_back(kept, owner)

    def give_back(self, kept: KeptContext, owner: str) -> None:
        """Give any question's context back."""
        with suppress(EngineClosedError):  # then it is freed with the model
            self._engine.submit(
                lambda model: self._store.give_back(kept), priority=Priority.QUESTION, owner=owner
            ).result()
