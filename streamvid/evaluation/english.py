"""The words that scoring counts and does not count. Fixed: figures are compared across versions."""

from __future__ import annotations

import re


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")

FUNCTION_WORDS = _word_set("""
    a an the and or but nor so yet if then than that this these those there here i you he she
    it we they me him her us them my your his its our their mine yours hers ours theirs myself
    himself herself itself themselves who whom whose which what where when while whilst why
    how is are was were be been being am do does did done doing have has had having will would
    can could shall should may might must not no none only just also very too quite rather as
    at by for from in into of off on onto out over to toward towards under underneath up upon
    with within without about above across after against along alongside amid among amongst
    around atop away back before behind below beneath beside besides between beyond down
    during inside near nearby next outside past through throughout until because though
    although since both each either neither every all any some several many much more most few
    other others another same such own one two three four five six seven eight nine ten
    something someone somebody anything anyone appears appear seems seem
""")
"""Words that say nothing about a picture; content words are all others of four letters or more."""

_NUMBERS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty
"""
NUMBER_WORDS = tuple(_NUMBERS.split())
"""The word for each number from 0."""

PERSON = "person"
_PERSON_WORDS = _word_set("""
    man men woman women boy boys girl girls person persons people child children kid kids
""")
_IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "feet": "foot",
    "geese": "goose",
    "mice": "mouse",
    "knives": "knife",
    "leaves": "leaf",
    "scarves": "scarf",
    "shelves": "shelf",
    "buses": "bus",
}
_DETERMINERS = _word_set("""
    a an the his her its their one two three four five six seven eight nine ten several some
    many this that another
""")
_DESCRIBING = _word_set("""
    red blue green yellow white black brown orange pink purple gray grey tan golden blond
    blonde beige silver small large little big young old older elderly tall short long tiny
    huge group couple bunch pair crowd front side top back middle wooden metal plastic
""")
_RUN_WORDS = 4


def words_of(text: str) -> list[str]:
    """The lower-case words of ``text`` in order, punctuation dropped."""
    return _WORD.findall(text.lower())


def singular(word: str) -> str:
    """``word`` without a plural ending; what does not look plural stays."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def noun_of(word: str) -> str:
    """The form in which nouns are compared: singular, every word for a person as ``person``."""
    return PERSON if word in _PERSON_WORDS else singular(word)


def content_words(text: str) -> frozenset[str]:
    """Words of four or more letters that are no function words."""
    return frozenset(
        word for word in words_of(text) if len(word) >= 4 and word not in FUNCTION_WORDS
    )


def noun_candidates(text: str) -> list[str]:
    """What may be a noun of a caption: words in the runs behind its determiners, in order.

    A run ends at a function word, at an -ing form or after four words; colours, sizes and words
    for sets (``group``) are left out. Verbs that slip in are outvoted by other captions.
    """
    found: list[str] = []
    words = words_of(text)
    for position, word in enumerate(words):
        if position and word not in _DETERMINERS:
            continue
        start = position + 1 if word in _DETERMINERS else position
        for follower in words[start : start + _RUN_WORDS]:
            if follower in FUNCTION_WORDS or (follower.endswith("ing") and follower != "building"):
                break
            if follower not in _DESCRIBING:
                found.append(noun_of(follower))
    return found
