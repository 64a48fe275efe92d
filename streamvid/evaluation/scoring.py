"""What counts as right: the rules of the data's own descriptions, one pure function each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from streamvid.evaluation import english

EVIDENCE_SLACK_S = 0.5
"""Event times are good to about half a second: a moment so far outside still counts."""
AGREEING_REFERENCES = 3
_ARTICLES = frozenset({"a", "an", "the"})
_SMALL_WORDS = _ARTICLES | frozenset({"in", "at", "on", "of", "near", "to", "is", "it"})
_NOT_WORD = re.compile(r"[^a-z0-9\s]+")


def yes_or_no(reply: str) -> str | None:
    """The first word of ``reply`` that is ``yes`` or ``no``; None if neither occurs."""
    return next((word for word in english.words_of(reply) if word in {"yes", "no"}), None)


def qa_right(reply: str, answer: str) -> bool:
    """Whether ``reply`` contains ``answer``, by the rule of ``qa.jsonl``.

    Case, articles and punctuation don't count; no letter or digit may stand directly before or
    after; plural -s/-es and number words against digits are equal. A list answer (``sofa, lamp``)
    needs every item.
    """
    said = _plain(reply)
    items = [words for item in answer.split(",") if (words := _plain(item))]
    return bool(items) and all(_contains(said, item) for item in items)


def _plain(text: str) -> list[str]:
    """The words of ``text`` without case, articles and punctuation; number words as digits."""
    # Punctuation parts words ("t-shirt" is "t shirt"), an apostrophe does not.
    bare = _NOT_WORD.sub(" ", text.lower().replace("'", ""))
    return [_digits(word) for word in bare.split() if word not in _ARTICLES]


def _digits(word: str) -> str:
    if word in english.NUMBER_WORDS:
        return str(english.NUMBER_WORDS.index(word))
    return str(int(word)) if word.isdigit() else word


def _contains(said: Sequence[str], item: Sequence[str]) -> bool:
    starts = range(len(said) - len(item) + 1)
    return any(all(map(_same, said[start:], item)) for start in starts)


def _same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long in {short, short + "s", short + "es"}


def accepts(reply: str, accept: Sequence[str]) -> bool:
    """Whether a keyword of ``accept`` occurs in ``reply``, by the rule of the videos' manifest.

    No letter or digit may stand directly before it; for keywords of one or two characters none
    directly after it either.
    """
    said = reply.lower()
    return any(_occurs(keyword.lower(), said) for keyword in accept)


def _occurs(keyword: str, said: str) -> bool:
    after = r"(?![a-z0-9])" if len(keyword) <= 2 else ""
    return re.search(rf"(?<![a-z0-9]){re.escape(keyword)}{after}", said) is not None


def choices_of(question: str) -> list[frozenset[str]]:
    """The words by which a reply can name each choice of ``A or B?``; empty if it offers none.

    After a colon whole choices are given; without one the first starts somewhere in the question,
    and only its last word that counts, like the first of the last choice, is sure to be its own.
    """
    text = question.rstrip("?. ").lower()
    head, colon, tail = text.rpartition(":")
    if not re.search(r"\bor\b", tail):
        return []
    pieces = [piece for piece in re.split(r",|\bor\b", tail) if piece.strip()]
    # "Which comes first, A or B": what stands before the comma asks, it is no choice.
    if not colon and len(pieces) > 2 and re.match(r"\s*(?:which|what|who|when)\b", pieces[0]):
        head, pieces = pieces[0], pieces[1:]
    whole = bool(colon) or bool(head)
    choices: list[list[str]] = []
    for number, piece in enumerate(pieces):
        spoken = [word for word in english.words_of(piece) if word not in _SMALL_WORDS]
        if not whole and number == 0:
            choices.append(spoken[-1:])
        elif not whole and number == len(pieces) - 1:
            choices.append(spoken[:1])
        else:
            # Of a whole choice its content words; of "one or two" there are none but itself.
            content = [word for word in spoken if word not in english.FUNCTION_WORDS]
            choices.append(content or spoken)
    shared = Counter(word for words in choices for word in set(words))
    own = [frozenset(word for word in words if shared[word] == 1) for words in choices]
    return own if all(own) and len(own) > 1 else []


def video_answer_right(reply: str, question: str, accept: Sequence[str], kind: str) -> bool:
    """Whether a reply about a video is right.

    ``yesno``: its first yes or no is the accepted one. Others: ``accepts``; a reply that names more
    than one choice of a two-choice question counts as wrong.
    """
    if kind == "yesno":
        return yes_or_no(reply) in {keyword.lower() for keyword in accept}
    if not accepts(reply, accept):
        return False
    choices = choices_of(question)
    said = reply.lower()
    named = sum(any(_occurs(word, said) for word in own) for own in choices)
    return named <= 1


def subject_of(references: Sequence[str]) -> str | None:
    """The noun that at least three references share; None if there is none.

    Man, woman, boy, girl, person, people, child, kid and their plurals count as one. Of several
    nouns the one that most references have, then the one that comes first.
    """
    nouns = [english.noun_candidates(reference) for reference in references]
    votes = Counter(noun for found in nouns for noun in set(found))
    shared = [noun for noun, times in votes.items() if times >= AGREEING_REFERENCES]
    if not shared:
        return None
    return min(shared, key=lambda noun: (-votes[noun], _first_place(noun, nouns), noun))


def _first_place(noun: str, nouns: Sequence[Sequence[str]]) -> float:
    places = [found.index(noun) for found in nouns if noun in found]
    return sum(places) / len(places)


def has_subject(caption: str, subject: str) -> bool:
    """Whether a word of ``caption`` means ``subject`` (as ``subject_of`` gives it)."""
    return any(english.noun_of(word) == subject for word in english.words_of(caption))


@dataclass(frozen=True, slots=True)
class ContentScore:
    """Shares from 0 to 1; None where there was no word to judge."""

    precision: float | None
    recall: float | None


def content_score(caption: str, references: Sequence[str]) -> ContentScore:
    """Content words of ``caption`` against its references.

    Precision: the share of them that any reference has. Recall: the share of the words that at
    least three references agree on that the caption says.
    """
    said = english.content_words(caption)
    votes = Counter(word for text in references for word in english.content_words(text))
    agreed = {word for word, times in votes.items() if times >= AGREEING_REFERENCES}
    return ContentScore(
        precision=sum(word in votes for word in said) / len(said) if said else None,
        recall=len(agreed & said) / len(agreed) if agreed else None,
    )


def rank_of(scores: Sequence[float], right: int) -> int:
    """The place of item ``right`` by descending score, from 1; equal scores stand before it.

    Ties count against: a model that scores everything alike must not look perfect.
    """
    mine = scores[right]
    return sum(score >= mine for score in scores)


def moment_hits(moment_s: float, t0_s: float, t1_s: float) -> bool:
    """Whether a moment counts as evidence for [t0, t1], half a second of slack on either side."""
    return t0_s - EVIDENCE_SLACK_S <= moment_s <= t1_s + EVIDENCE_SLACK_S


def is_pointed(t0_s: float, t1_s: float, duration_s: float) -> bool:
    """Whether a question's interval is under half its clip, so that evidence can be judged."""
    return (t1_s - t0_s) < duration_s / 2
