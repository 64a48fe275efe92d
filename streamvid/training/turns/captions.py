"""One caption read as tokens: compounds joined, verbs found and given their subject.

A light reading by word lists, made for captions of one or two plain sentences. Where it is unsure
it finds nothing: a question that is not made costs less than a wrong answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamvid.training.turns import grammar, words

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*|[.,;]")
_SPELLINGS = {
    "t-shirt": "t_shirt",
    "tshirt": "t_shirt",
    "frisby": "frisbee",
    "airplanes": "airplanes",
    "grey": "gray",
    "cellphone": "cell_phone",
    "cellphones": "cell_phones",
    "racquet": "racket",
    "tee-shirt": "t_shirt",
}

VERB_BASE: dict[str, str] = {}
for _base in words.ACTIONS:
    VERB_BASE[grammar.ing_form(_base)] = _base
    _third = _base + ("es" if re.search(r"(?:ss|x|z|ch|sh|o)$", _base) else "s")
    if _base.endswith("y") and _base[-2] not in "aeiou":
        _third = _base[:-1] + "ies"
    if _third not in words.NOT_VERBS:
        VERB_BASE[_third] = _base
# After a plural subject the base form itself is the verb ("two dogs run"); few are safe as words.
PLAIN_VERBS = words.word_set("""
    run play stand sit walk ride jump climb swim pose fight eat chase dance talk race
""")


_BEFORE_NOUN = words.DETERMINERS | words.ADJECTIVES


@dataclass(frozen=True, slots=True)
class Caption:
    """A tidied caption and its tokens; ``subjects[i]`` is the subject of the verb at token i."""

    text: str
    tokens: tuple[str, ...]
    verbs: dict[int, str]
    """Token position → base of the verb that stands there."""
    subjects: dict[int, str]
    """Token position of a verb → ``"person"`` or an animal's name, where it is clear."""


def tokenise(text: str) -> tuple[str, ...]:
    """Lower-case words and stops of ``text``, compounds joined by an underscore."""
    raw = [_SPELLINGS.get(word, word) for word in _WORD.findall(text.lower())]
    tokens: list[str] = []
    position = 0
    while position < len(raw):
        compound = words.COMPOUNDS.get(tuple(raw[position : position + 2]))
        tokens.append(compound or raw[position])
        position += 2 if compound else 1
    return tuple(tokens)


def subject_class(word: str) -> str | None:
    """``"person"``, an animal's name, or None for a word that is no subject we know."""
    return _SUBJECTS.get(word)


def read_caption(text: str) -> Caption:
    """Read one caption; never fails, at worst it finds no verb."""
    tokens = tokenise(text)
    verbs: dict[int, str] = {}
    subjects: dict[int, str] = {}
    for position, token in enumerate(tokens):
        if not position:
            continue
        base = VERB_BASE.get(token)
        if base is None and token in PLAIN_VERBS and tokens[position - 1] in words.PLURALS:
            base = token
        if base is None or tokens[position - 1] in _BEFORE_NOUN:
            continue  # "a running stream", "his drink"
        verbs[position] = base
        if tokens[position - 1] in words.IN_BODY:
            continue  # "with her head resting on": the head does it
        subject = _subject_before(tokens, position)
        if subject:
            subjects[position] = subject
    return Caption(grammar.sentence(text), tokens, verbs, subjects)


def _subject_before(tokens: tuple[str, ...], position: int) -> str | None:
    """The class that every subject noun ahead of the verb shares, or that stands right before."""
    start = max((i for i in range(position) if tokens[i] in {".", ";"}), default=-1) + 1
    classes = {_SUBJECTS[token] for token in tokens[start:position] if token in _SUBJECTS}
    if len(classes) == 1:
        return classes.pop()
    back = position - 1
    while back >= start and tokens[back] in {"is", "are", "happily", "playfully"}:
        back -= 1
    near = _SUBJECTS.get(tokens[back]) if back >= start else None
    # "a man with a dog walks": the noun beside the verb hangs on a preposition.
    ahead = [token for token in tokens[start : back + 1] if token in words.PREPOSITIONS]
    return near if near and not ahead else None


_SUBJECTS = dict.fromkeys(words.PERSON, "person") | {
    word: animal for animal, names in words.ANIMALS.items() for word in names
}
