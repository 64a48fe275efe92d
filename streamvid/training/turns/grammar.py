"""Small English: tidy sentences, articles, plurals, verb forms. Knows no picture and no caption."""

from __future__ import annotations

import re

from streamvid.training.turns import words

_CONSONANT_SOUND = re.compile(
    r"(?:uni(?:c|f|q|v|o)|us[eu]|ut[ei]|uk|u-|ufo|eu|ewe|one\b|once\b)", re.I
)
_VOWEL_SOUND = re.compile(r"(?:[aeiou]|hour|honest|heir)", re.I)
_IRREGULAR_PLURAL = {
    "man": "men",
    "woman": "women",
    "child": "children",
    "person": "people",
    "sheep": "sheep",
    "fish": "fish",
    "foot": "feet",
    "goose": "geese",
    "mouse": "mice",
    "knife": "knives",
    "leaf": "leaves",
    "scarf": "scarves",
    "shelf": "shelves",
    "wolf": "wolves",
    "calf": "calves",
    "bus": "buses",
}
_IRREGULAR_SINGULAR = {plural: word for word, plural in _IRREGULAR_PLURAL.items()}
_COMPOUND_HEADS = ("man", "woman", "child", "person", "fish", "knife", "scarf", "bus")
_NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_SINGULAR_IN_S = words.word_set("""
    bus dress glass grass gas class tennis canvas
""")


def article(words: str) -> str:
    """``words`` behind the article that its sound wants: ``an orange ball``, ``a unicycle``."""
    vowel = _VOWEL_SOUND.match(words) and not _CONSONANT_SOUND.match(words)
    return f"{'an' if vowel else 'a'} {words}"


def plural(noun: str) -> str:
    """The plural of ``noun``; of several words the last one changes."""
    head, space, last = noun.rpartition(" ")
    if last in _IRREGULAR_PLURAL:
        return head + space + _IRREGULAR_PLURAL[last]
    for irregular in _COMPOUND_HEADS:
        if last.endswith(irregular) and last != irregular and irregular != "bus":
            return head + space + last[: -len(irregular)] + _IRREGULAR_PLURAL[irregular]
    if re.search(r"(?:s|x|z|ch|sh)$", last):
        return noun + "es"
    if re.search(r"[^aeiou]y$", last):
        return noun[:-1] + "ies"
    return noun + "s"


def singular(noun: str) -> str:
    """The singular of one word that may be a plural already; unknown endings stay."""
    if noun in _IRREGULAR_SINGULAR:
        return _IRREGULAR_SINGULAR[noun]
    if noun in _SINGULAR_IN_S or noun.endswith(("ss", "us", "is")) or len(noun) < 4:
        return noun
    if noun.endswith(("men", "women")):
        return noun[:-2] + "an"
    if noun.endswith("ies") and noun not in {"cookies", "movies", "hoodies", "ties"}:
        return noun[:-3] + "y"
    if re.search(r"(?:ss|x|z|ch|sh)es$", noun):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") else noun


def number_word(count: int) -> str:
    """``two`` for 2; digits above twelve."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def number_value(word: str) -> int | None:
    """2 for ``two`` or ``2``; None for anything else."""
    if word.isascii() and word.isdigit():
        return int(word)
    return _NUMBERS.index(word) if word in _NUMBERS else None


def capitalise(text: str) -> str:
    """``text`` with its first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """``text`` as one tidy sentence: spaces, articles, first letter, one full stop at the end."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.;:!?'])(?=\s|$)", r"\1", text)
    text = re.sub(r"(?:[\s.,;:!?-]+)$", "", text)
    text = _fix_articles(text)
    return capitalise(text) + "."


def lower_first(text: str) -> str:
    """A sentence as it reads inside another: no capital (names and ``I`` excepted), no stop."""
    text = text.rstrip(".! ")
    first = text.split(" ", 1)[0]
    keep = first in {"I", "I'm"} or (len(first) > 1 and first[1:] != first[1:].lower())
    return text if keep else text[:1].lower() + text[1:]


def _fix_articles(text: str) -> str:
    def fixed(match: re.Match[str]) -> str:
        if match[2] in words.PREPOSITIONS:
            return match[0]  # a letter by itself: "with an A on it"
        whole = article(match[2].lower()).split(" ", 1)[0]
        return (whole.capitalize() if match[1][0] == "A" else whole) + " " + match[2]

    return re.sub(r"\b([Aa]n?) ([A-Za-z][a-z][a-z-]*)", fixed, text)


_DOUBLED = words.word_set("""
    run swim sit hit get put cut dig hug pet jog ship skip flip step stop grab clap dip hop
    tap wag wrap zip spin grin rub tug chat nap drag set shop slip trip win bat begin
""")
_ING = {"lie": "lying", "tie": "tying", "die": "dying", "be": "being", "ski": "skiing"}
_KEEP_E = frozenset(["see", "free", "agree", "flee", "canoe"])


def ing_form(verb: str) -> str:
    """The -ing form of a base verb: ``run`` → ``running``, ``ride`` → ``riding``."""
    if verb in _ING:
        return _ING[verb]
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("e") and verb not in _KEEP_E:
        return verb[:-1] + "ing"
    return verb + "ing"


def base_of_third_person(verb: str) -> str:
    """The base of a verb in the third person: ``runs`` → ``run``, ``catches`` → ``catch``."""
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if re.search(r"(?:ss|x|z|ch|sh|[^aeiou]o)es$", verb):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb
