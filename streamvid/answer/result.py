"""What comes back from a question or a search: plain values, the same for every front end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["stop", "length", "cancelled", "deadline", "blind"]


@dataclass(frozen=True, slots=True)
class Moment:
    """A remembered moment that matched: stream time, score (-1 to 1, higher is closer), still.

    ``still`` is an encoded picture (JPEG, or PNG where stills are lossless). ``wall_s`` is what the
    wall clock said, in POSIX seconds; a file's recording has none.
    """

    tick: int
    t_s: float
    score: float
    still: bytes = field(repr=False)
    wall_s: float | None = None


Evidence = Moment
"""A moment that an answer rests on: looked up, never generated."""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """How much of a range was seen. ``blind`` lists (start_s, end_s, reason); ``text`` says it.

    ``preview_frames`` of ``frames`` came from a first, coarse pass; ``pending_s`` whole seconds
    beyond them are not watched yet.
    """

    start_s: float
    end_s: float
    seen_s: float
    frames: int
    preview_frames: int
    blind: tuple[tuple[float, float, str], ...]
    text: str
    pending_s: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of wall time. ``first_text_s`` and ``total_s`` count from the question on.

    ``context_s``: reading the view and prefilling it, beside which fusion runs; ``fusion_s``: what
    fusion took beyond that.
    """

    retrieval_s: float = 0.0
    context_s: float = 0.0
    fusion_s: float = 0.0
    first_text_s: float = 0.0
    decode_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Token and frame counts. ``context_reused``: no view token had to be prefilled again.

    ``full_prefills``: 1 where the context was begun anew for this question; ``extended_tokens``:
    view tokens appended behind a kept one. ``epoch``: of a growing recording, how many epochs the
    range has had, 0 elsewhere; ``prefix_drift``: how far the epoch's prefix mean is from the
    range's own, as a share of its length.
    """

    range_frames: int = 0
    fused_frames: int = 0
    view_tokens: int = 0
    question_tokens: int = 0
    context_tokens: int = 0
    new_tokens: int = 0
    tokens_per_s: float = 0.0
    context_reused: bool = False
    full_prefills: int = 0
    extended_tokens: int = 0
    epoch: int = 0
    prefix_drift: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A question's result.

    ``exactness`` is ``("exact",)`` or the approximations that touched the answer. ``finish`` is
    why it ended; ``blind`` means that nothing was seen in the range and no model was asked.
    """

    text: str
    question: str
    recording_id: str
    finish: Ending
    exactness: tuple[str, ...]
    evidence: tuple[Moment, ...]
    coverage: CoverageReport
    timings: Timings
    usage: Usage
    language_model: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Moments of a search, best first, and what of the range could be searched at all."""

    phrase: str
    recording_id: str
    moments: tuple[Moment, ...]
    coverage: CoverageReport
    search_s: float
