"""An answer as it is made, and a conversation: what apps hold while a question is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Self

from memory import Recording
from streamvid.answer.asker import Asker, Asking
from streamvid.answer.result import Answer
from streamvid.answer.span import EVERYTHING, TimeRange
from streamvid.answer.talk import Talk
from streamvid.answer.work import Cancelled, Question
from streamvid.errors import AnswerError, StreamvidError
from streamvid.translate import translated


class AnswerStream:
    """Text pieces of an answer as they are made; ``result`` runs to the end and gives the rest.

    For one thread, but that ``cancel`` may come from any. Leaving its ``with`` block stops the
    decoding within one step.
    """

    def __init__(self, asking: Asking, stop: threading.Event) -> None:
        self._asking = asking
        self._stop = stop
        self._answer: Answer | None = None
        self._begun = False
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        """Pieces of text that never change afterwards. Raises ``StreamvidError``."""
        while not self._ended:
            self._begun = True
            try:
                with translated():
                    piece = next(self._asking)
            except StopIteration as stopped:
                self._ended = True
                self._answer = stopped.value
                return
            except BaseException:
                self._ended = True
                raise
            yield piece

    def result(self) -> Answer:
        """The whole answer; reads what is left of the stream. Raises ``StreamvidError``."""
        for _ in self:
            pass
        if self._answer is None:
            raise AnswerError("the answer was broken off; ask again")
        return self._answer

    def cancel(self) -> None:
        """Stop decoding within one step; ``result`` then holds the text so far. Any thread."""
        self._stop.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.cancel()
        if not self._begun:  # then there is nothing to stop, and no model to load for it
            self._ended = True
        with suppress(StreamvidError):  # whoever leaves early does not want to know
            for _ in self:
                pass


class Conversation:
    """Questions about one recording, one after the other, behind one kept context.

    Where what was said grows beyond ``Settings.history_tokens`` (or a quarter of the model's
    context), the oldest turns are forgotten, as many as need be, and the others are said again
    behind the view: questions as they were fused when asked, answers as text. So it goes too when
    the range changes and when frames were added to it. An answer that rests on earlier turns says
    ``history kept``. One that is cancelled, late or failed leaves what was said as it was.
    """

    def __init__(self, asker: Asker, recording: Recording) -> None:
        self._asker = asker
        self._recording = recording
        self._talk = Talk()
        self._latest: AnswerStream | None = None

    def ask(
        self,
        question: str,
        *,
        within: TimeRange = EVERYTHING,
        phrase: str | None = None,
        cancelled: Cancelled = lambda: False,
        deadline_s: float | None = None,
    ) -> AnswerStream:
        """Ask the next question; what is left of the answer before it is given up.

        Raises ``EmptyQuestionError``; the stream raises what comes later.
        """
        if self._latest is not None:
            self._latest.__exit__()
        asked = Question(
            question, within, phrase=phrase, cancelled=cancelled, deadline_s=deadline_s
        )
        self._latest = start(self._asker, self._recording, asked, self._talk)
        return self._latest

    def rest(self) -> None:
        """Give the context's memory back; what was said stays, and is said again when asked on."""
        self._asker.rest_talk(self._talk)

    def close(self) -> None:
        """Free the context."""
        if self._latest is not None:
            self._latest.__exit__()
        self._asker.end_talk(self._talk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def start(
    asker: Asker, recording: Recording, question: Question, talk: Talk | None = None
) -> AnswerStream:
    """A stream that begins its work when it is first read; it has a way to stop of its own."""
    stop = threading.Event()
    asked = replace(question, cancelled=lambda: stop.is_set() or question.cancelled())
    return AnswerStream(asker.ask(recording, asked, talk), stop)
