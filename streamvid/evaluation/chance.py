"""What guessing gives: majority answers, random moments, random ranks.

Exact wherever it can be computed without drawing.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from streamvid.evaluation import scoring

QaKey = tuple[str, str]
"""(source, type) of a given question, such as ``("coco", "colour")``."""


def majority_answers(pairs: Iterable[tuple[QaKey, str]]) -> dict[QaKey, str]:
    """The commonest answer of each source and type, from the train split's pairs."""
    votes: dict[QaKey, Counter[str]] = defaultdict(Counter)
    for key, answer in pairs:
        votes[key][answer.strip().lower()] += 1
    # Of equally common answers the first in the alphabet: the file's order must not matter.
    return {
        key: min(found, key=lambda answer: (-found[answer], answer)) for key, found in votes.items()
    }


def majority_accuracy(answers: Sequence[str], guess: str) -> float | None:
    """How often always replying ``guess`` is right, by the qa rule; None without answers."""
    if not answers:
        return None
    return sum(scoring.qa_right(guess, answer) for answer in answers) / len(answers)


def constant_reply_accuracy(accepts: Sequence[Sequence[str]]) -> float | None:
    """The best that one constant reply reaches on questions with these accepted keywords.

    The videos have no train split to take a majority from, so the questions' own keywords are
    tried one by one: an upper bound of what guessing without looking gives.
    """
    if not accepts:
        return None
    replies = sorted({keyword for keywords in accepts for keyword in keywords})
    hits = (sum(scoring.accepts(reply, keywords) for keywords in accepts) for reply in replies)
    return max(hits, default=0) / len(accepts)


def yesno_majority(answers: Sequence[bool]) -> float | None:
    """How often the commoner of yes and no is right; None without answers."""
    if not answers:
        return None
    yes = sum(answers)
    return max(yes, len(answers) - yes) / len(answers)


def rank_chance(k: int, items: int) -> float:
    """How often the right one of ``items`` is among the first ``k`` of a random order."""
    return min(k, items) / items if items else 0.0


def random_moment_chance(
    moments_s: Sequence[float], t0_s: float, t1_s: float, *, draws: int
) -> float:
    """How often ``draws`` different moments, drawn from ``moments_s``, include a hit. Exact.

    ``moments_s`` are the times that an answer could name: the clip's remembered frames.
    """
    total = len(moments_s)
    hits = sum(scoring.moment_hits(moment, t0_s, t1_s) for moment in moments_s)
    drawn = min(draws, total)
    if not drawn:
        return 0.0
    return 1.0 - math.comb(total - hits, drawn) / math.comb(total, drawn)


def commonest_subject(pictures: Iterable[Sequence[str]]) -> str | None:
    """The subject that most pictures have, from the train split's references."""
    votes = Counter(
        subject for references in pictures if (subject := scoring.subject_of(references))
    )
    return min(votes, key=lambda subject: (-votes[subject], subject)) if votes else None


def mean(values: Mapping[str, float] | Iterable[float]) -> float | None:
    """The mean of ``values``; None of none."""
    found = list(values.values() if isinstance(values, Mapping) else values)
    return sum(found) / len(found) if found else None
