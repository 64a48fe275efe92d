"""What is asked, what becomes known on the way, and the answer that is made of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from memory import Recording
from streamvid.answer.exactness import Making, exactness_of
from streamvid.answer.fusion_set import FusionSet
from streamvid.answer.range_frames import RangeFrames, report
from streamvid.answer.result import Answer, Ending, Moment, Timings, Usage
from streamvid.answer.span import TimeRange
from streamvid.answer.talk import Turn
from streamvid.engine import ModelFacts
from streamvid.errors import EmptyQuestionError
from streamvid.model.seam import Finished

BLIND_TEXT = "Nothing was seen in this range."
Cancelled = Callable[[], bool]


class StoppedError(Exception):
    """A question was cancelled, or its time is up, before decoding. Never leaves this folder."""

    def __init__(self, reason: Ending) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, over which time, and under which limits. Raises ``EmptyQuestionError``.

    ``phrase`` is looked up instead of ``text``. ``deadline_s`` is on ``time.monotonic``'s clock.
    """

    text: str
    within: TimeRange
    phrase: str | None = None
    cancelled: Cancelled = lambda: False
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise EmptyQuestionError("the question is empty; ask something")

    @property
    def looked_up(self) -> str:
        """The words that moments are looked up by."""
        return (self.phrase or "").strip() or self.text

    def check(self) -> None:
        """Raise ``StoppedError`` where it was cancelled or is too late; called between jobs."""
        if self.cancelled():
            raise StoppedError("cancelled")
        if self.deadline_s is not None and time.monotonic() > self.deadline_s:
            raise StoppedError("deadline")


@dataclass(slots=True, eq=False)
class Work:
    """Mutable: what one question has come to know on its way; the answer is made of it."""

    recording: Recording
    question: Question
    owner: str
    started_s: float
    frames: RangeFrames
    facts: ModelFacts | None = None
    evidence: tuple[Moment, ...] = ()
    fusion: FusionSet | None = None
    merged_view: bool = False
    sealed_prefix: bool = False
    full_prefills: int = 0
    extended_tokens: int = 0
    epoch: int = 0
    prefix_drift: float = 0.0
    turns: tuple[Turn, ...] = ()
    """Earlier turns that stay before this one."""
    history_tokens: int = 0
    question_tokens: int = 0
    opening_tokens: int = 0
    view_tokens: int = 0
    reused: bool = False
    retrieval_s: float = 0.0
    context_s: float = 0.0
    fusion_s: float = 0.0
    first_text_s: float = 0.0
    pieces: list[str] = field(default_factory=list)
    finished: Finished | None = None

    @property
    def follows(self) -> bool:
        """Whether it is a further turn of a conversation."""
        return bool(self.turns)


def answer_of(work: Work, finish: Ending, now_s: float) -> Answer:
    """The answer to a question that ended at ``now_s``, however far it came."""
    finished = work.finished
    text = BLIND_TEXT if finish == "blind" else "".join(work.pieces).strip()
    decode_s = finished.decode_s if finished else 0.0
    new_tokens = finished.new_tokens if finished else 0
    return Answer(
        text=text,
        question=work.question.text,
        recording_id=work.recording.id,
        finish=finish,
        exactness=() if finished is None else exactness_of(_making(work, finished)),
        evidence=work.evidence,
        coverage=report(work.frames),
        timings=Timings(
            retrieval_s=work.retrieval_s,
            context_s=work.context_s,
            fusion_s=work.fusion_s,
            first_text_s=work.first_text_s,
            decode_s=decode_s,
            total_s=now_s - work.started_s,
        ),
        usage=Usage(
            range_frames=len(work.frames.table),
            fused_frames=len(work.fusion.ticks) if work.fusion else 0,
            view_tokens=work.view_tokens,
            question_tokens=work.question_tokens,
            context_tokens=_context_tokens(work, finished),
            new_tokens=new_tokens,
            tokens_per_s=new_tokens / decode_s if decode_s > 0 else 0.0,
            context_reused=work.reused,
            full_prefills=work.full_prefills,
            extended_tokens=work.extended_tokens,
            epoch=work.epoch,
            prefix_drift=work.prefix_drift,
        ),
        language_model=work.facts.language_model if work.facts else "",
    )


def _context_tokens(work: Work, finished: Finished | None) -> int:
    if finished is None or work.facts is None:
        return 0
    head = work.facts.spec.prefix_head_tokens
    said = finished.prompt_tokens + finished.new_tokens
    return head + work.view_tokens + work.history_tokens + said


def _making(work: Work, finished: Finished) -> Making:
    assert work.facts is not None
    assert work.fusion is not None
    frames = work.frames
    return Making(
        fused_frames=len(work.fusion.ticks),
        range_frames=len(frames.table),
        range_ticks=frames.ticks,
        preview_frames=frames.previews,
        pending_s=frames.pending_s,
        keys_only=frames.keys_only,
        merged_view=work.merged_view,
        sealed_prefix=work.sealed_prefix,
        rounded_range=frames.rounded,
        history_kept=work.follows,
        context_tokens=_context_tokens(work, finished),
        trained_context_tokens=work.facts.spec.trained_context_tokens,
    )
