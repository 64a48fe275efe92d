"""What a yes/no question can be about, and how captions decide it.

A concept is *named* by a picture's captions, *possible* (they say something that it could be), or
neither: only then is "no" an honest answer. Evidence is written in a small language:

    ``swim | person:swim | ride>bike``   any of the three: a word of family ``swim``; a verb of that
    family whose subject is a person; a word of family ``bike`` at most four words behind one of
    ``ride``. ``a+b``: both in one caption. A name without a family is the word itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamvid.training.turns.captions import Caption

REACH_WORDS = 4


@dataclass(frozen=True, slots=True)
class Term:
    """One alternative of evidence: all of ``together``, ``pairs`` in order, a subject's verb."""

    together: tuple[frozenset[str], ...]
    pairs: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    subject: str | None = None

    def holds(self, caption: Caption, token_set: frozenset[str]) -> bool:
        """Whether the caption says so; ``token_set`` is the set of its tokens."""
        if any(group.isdisjoint(token_set) for group in self.together):
            return False
        tokens = caption.tokens
        for first, then in self.pairs:
            starts = [i for i, token in enumerate(tokens) if token in first]
            if not any(t in then for i in starts for t in tokens[i + 1 : i + 1 + REACH_WORDS]):
                return False
        if self.subject is None:
            return True
        verb = self.together[0]
        return any(tokens[i] in verb and who == self.subject for i, who in caption.subjects.items())


@dataclass(frozen=True, slots=True, eq=False)  # one object each: compared by identity
class Concept:
    """Something that is there or not. ``phrases`` are equal names, the first its identity.

    ``clause`` is for doings: ``("a dog", "swimming")``, None for things. ``blocks`` are words that
    could mean it; ``unless``: words beside which its own words don't count (a bike, a motorbike).
    ``common`` things are often there unmentioned, so only full captions can deny them. Concepts
    sharing a ``scene`` are each other's hard negatives.
    """

    phrases: tuple[str, ...]
    evidence: tuple[Term, ...]
    blocks: frozenset[str]
    unless: frozenset[str] = frozenset()
    scenes: frozenset[str] = frozenset()
    common: bool = False
    clause: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """The concept's identity: its first phrase."""
        return self.phrases[0]

    def named_by(self, caption: Caption, token_set: frozenset[str]) -> bool:
        """Whether this caption says that it is there."""
        return any(term.holds(caption, token_set) for term in self.evidence)


def parse_evidence(
    text: str, families: Mapping[str, frozenset[str]]
) -> tuple[tuple[Term, ...], frozenset[str]]:
    """The alternatives written in ``text``, and every word they rest on."""
    terms: list[Term] = []
    every: set[str] = set()
    for alternative in text.split("|"):
        written = alternative.strip()
        subject, colon, rest = written.partition(":")
        together: list[frozenset[str]] = []
        pairs: list[tuple[frozenset[str], frozenset[str]]] = []
        for piece in (rest if colon else written).split("+"):
            links = [_family(name.strip(), families) for name in piece.split(">")]
            together.extend(links)
            pairs.extend(itertools.pairwise(links))
        terms.append(Term(tuple(together), tuple(pairs), subject.strip() if colon else None))
        every.update(*together)
    return tuple(terms), frozenset(every)


def union(names: Sequence[str], families: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Every word of the named families (a name without a family is itself a word)."""
    return frozenset().union(*(_family(name, families) for name in names))


def _family(name: str, families: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return families.get(name, frozenset({name}))
