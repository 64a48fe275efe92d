"""Which of a picture's captions say what its other captions say too.

Told to repeat any caption, a model learns to invent what only some of them mention: shirts and
their colours, above all. Captions that agree with the others are what can be seen for certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import VERB_BASE, Caption

_FEWEST_CAPTIONS = 3
_LEAST = 0.1
_POWER = 3.0
_SHORTEST_WORD = 3
_EMPTY = words.DETERMINERS | words.PREPOSITIONS | frozenset(["and", "are", "that", "who", "while"])


def agreement_weights(captions: Sequence[Caption]) -> tuple[float, ...]:
    """How often to take each caption, each in (0, 2); all alike where there are fewer than 3.

    A caption's score is the mean of two shares in 0..1: how many of the other captions name each of
    its content words, and how many of the words that at least half of all captions name it names.
    """
    if len(captions) < _FEWEST_CAPTIONS:
        return (1.0,) * len(captions)
    said = [_content(caption) for caption in captions]
    votes, agreed = _votes(said)
    return tuple(
        (_LEAST + _score(spoken, votes, agreed, others=len(captions) - 1)) ** _POWER
        for spoken in said
    )


def _votes(said: Sequence[frozenset[str]]) -> tuple[Counter[str], set[str]]:
    """How many captions name each word, and the words that at least half of them do."""
    votes = Counter(word for spoken in said for word in spoken)
    return votes, {word for word, count in votes.items() if 2 * count >= len(said)}


def _score(spoken: frozenset[str], votes: Counter[str], agreed: set[str], *, others: int) -> float:
    if not spoken:
        return 0.0
    backed = sum(votes[word] - 1 for word in spoken) / (others * len(spoken))
    covered = len(spoken & agreed) / len(agreed) if agreed else backed
    return (backed + covered) / 2


def _content(caption: Caption) -> frozenset[str]:
    """Content words of a caption, verbs as their base and nouns as their singular."""
    return frozenset(
        VERB_BASE.get(token) or grammar.singular(token)
        for token in caption.tokens
        if len(token) >= _SHORTEST_WORD and token not in _EMPTY
    )
