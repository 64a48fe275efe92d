"""Answers: from a question to text with its evidence, coverage and exactness."""

from streamvid.answer.result import (
    Answer,
    CoverageReport,
    Evidence,
    Moment,
    SearchResult,
    Timings,
    Usage,
)
from streamvid.answer.span import TimeRange, outside_words

__all__ = [
    "Answer",
    "CoverageReport",
    "Evidence",
    "Moment",
    "SearchResult",
    "TimeRange",
    "Timings",
    "Usage",
    "outside_words",
]
