"""What is remembered of one recording so far, whoever fills it: looked at, searched and asked."""

from __future__ import annotations

from memory import Recording
from streamvid.answer.asker import Asker
from streamvid.answer.result import SearchResult
from streamvid.answer.retrieval import Retrieval
from streamvid.answer.span import EVERYTHING, TimeRange
from streamvid.answer.stream import AnswerStream, Conversation, start
from streamvid.answer.work import Cancelled, Question
from streamvid.ingest.looking import Glance, Still, Timeline, glance_at, still_at, timeline_of
from streamvid.translate import translated


class Recorded:
    """A recording as it is whenever it is asked; nothing is ingested for it. For any thread.

    Everything but ``ask``, ``search`` and ``conversation`` does without a model. Where the
    recording was removed since, ``RecordingError``.
    """

    def __init__(self, recording: Recording, asker: Asker, retrieval: Retrieval) -> None:
        self._recording = recording
        self._asker = asker
        self._retrieval = retrieval

    def glance(self) -> Glance:
        """How far it is; cheap."""
        with translated():
            return glance_at(self._recording)

    def timeline(self) -> Timeline:
        """What of it was seen and what was not."""
        with translated():
            return timeline_of(self._recording)

    def still(self, t_s: float | None = None) -> Still | None:
        """The newest picture at or before ``t_s`` (``None``: of all), if one is kept."""
        with translated():
            return still_at(self._recording, t_s)

    def ask(
        self,
        question: str,
        *,
        within: TimeRange = EVERYTHING,
        phrase: str | None = None,
        cancelled: Cancelled = lambda: False,
        deadline_s: float | None = None,
    ) -> AnswerStream:
        """Ask about what there is by then; the work begins when the stream is first read.

        ``phrase`` is looked up instead of the question. ``deadline_s`` is on ``time.monotonic``'s
        clock. Raises ``EmptyQuestionError``; the stream raises what comes later.
        """
        asked = Question(
            question, within, phrase=phrase, cancelled=cancelled, deadline_s=deadline_s
        )
        return start(self._asker, self._recording, asked)

    def search(
        self, phrase: str, *, within: TimeRange = EVERYTHING, limit: int = 10
    ) -> SearchResult:
        """The ``limit`` moments closest to ``phrase``, best first."""
        with translated():
            return self._retrieval.search(self._recording, phrase, within, limit)

    def conversation(self) -> Conversation:
        """Open a conversation about it; whoever opens it closes it."""
        return Conversation(self._asker, self._recording)
