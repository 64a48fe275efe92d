"""Captions without the clothes and colours that only few people mention.

Nearly every caption of a person says "in a blue shirt" or the like, each another garment or colour:
a model that learns to repeat them invents shirts. What fewer than half of a picture's captions name
is left out of what is told; questions about colours and clothes are made from the full captions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import Caption, read_caption
from streamvid.training.turns.nouns import GARMENTS

_FEWEST_CAPTIONS = 3
_WORD = re.compile(r"[\w'-]+|[^\w\s]")
_TONES = frozenset({"light", "dark", "bright", "solid", "all"})
_SHADES = frozenset(words.COLOUR_SPELLINGS) | _TONES
_BEFORE_GARMENT = words.DETERMINERS | words.ADJECTIVES | _SHADES | {"and", ","}
_LINKS = frozenset({"and", ",", "with"})
_TO_BE = frozenset({"is", "are", "was", "were", "be"})
_ENDS = frozenset({".", ",", ";"})
_NO_NOUN = words.PREPOSITIONS | _ENDS | _TO_BE | {"and", "or", "one"}
_GO_ON = frozenset({"and", "or", "on", "over"})
_WEARING = frozenset({"in", "wearing", "wears", "with"})
_MOST_MODIFIERS = 6
_SHORTEST = 5

Backed = Callable[[str], bool]


def backed_captions(captions: Sequence[Caption]) -> tuple[Caption, ...]:
    """The captions, each without garments and colours that fewer than half of them name.

    A caption stays as it is where nothing could be said without them, and all do where there are
    fewer than 3.
    """
    if len(captions) < _FEWEST_CAPTIONS:
        return tuple(captions)
    votes = Counter(word for caption in captions for word in {_key(t) for t in caption.tokens})

    def backed(word: str) -> bool:
        return 2 * votes[_key(word)] >= len(captions)

    return tuple(_pruned(caption, backed) for caption in captions)


def _pruned(caption: Caption, backed: Backed) -> Caption:
    spoken = _WORD.findall(caption.text)
    told = _without_colours(_without_clothes(spoken, backed), backed)
    if told == spoken:
        return caption
    shorter = read_caption(" ".join(told))
    # "A man in a blue shirt." must not become "A man."
    enough = len(shorter.tokens) >= _SHORTEST and (shorter.verbs or not caption.verbs)
    return shorter if enough else caption


def _without_clothes(spoken: list[str], backed: Backed) -> list[str]:
    kept: list[str] = []
    position = 0
    while position < len(spoken):
        start = position + 1 if spoken[position] == "dressed" else position
        end, garments = _clothing(spoken, start)
        before = _last(kept)
        follows = spoken[end].lower() if end < len(spoken) else "."
        # "in a swimsuit and braids", "with a cap on its head": the phrase goes on.
        whole = end and before and before not in _TO_BE and follows not in _GO_ON
        if whole and not any(backed(one) for one in garments):
            if before == "," and follows in _ENDS:
                kept.pop()
            position = end
            continue
        kept.append(spoken[position])
        position += 1
    return kept


def _last(spoken: list[str]) -> str:
    return spoken[-1].lower() if spoken else ""


def _clothing(spoken: list[str], start: int) -> tuple[int, list[str]]:
    """Where a phrase such as ``in a red shirt and jeans`` at ``start`` ends, and its garments.

    0 where there is none. ``in white`` is one too, its garment the colour.
    """
    if start >= len(spoken) or spoken[start] not in _WEARING - {"wears"}:
        return 0, []
    garments: list[str] = []
    end, position = 0, start + 1
    while found := _garment(spoken, position, colour=spoken[start] != "with"):
        end, garment = found
        garments.append(garment)
        position = end
        while position < len(spoken) and spoken[position] in _LINKS:
            position += 1
        if position == end:
            break
    return end, garments


def _garment(spoken: list[str], start: int, *, colour: bool) -> tuple[int, str] | None:
    """The end and name of the garment whose words start at ``start``."""
    position = start
    while position < len(spoken) and position - start < _MOST_MODIFIERS:
        word = spoken[position].lower()
        pair = words.COMPOUNDS.get(tuple(one.lower() for one in spoken[position : position + 2]))
        if pair in GARMENTS:
            return position + 2, pair
        name = _name(word)
        if _is_garment(name):
            return position + 1, name
        if word not in _BEFORE_GARMENT:
            break
        position += 1
    last = spoken[position - 1].lower() if position > start else ""
    alone = position >= len(spoken) or spoken[position] in _ENDS | _TO_BE
    return (position, last) if colour and alone and last in words.COLOUR_SPELLINGS else None


def _name(word: str) -> str:
    """A word as tokens spell it: ``t-shirt`` is ``t_shirt``."""
    return {"t-shirt": "t_shirt", "tshirt": "t_shirt"}.get(word, word)


def _is_garment(name: str) -> bool:
    return name in GARMENTS or grammar.singular(name) in GARMENTS


def _without_colours(spoken: list[str], backed: Backed) -> list[str]:
    kept: list[str] = []
    position = 0
    while position < len(spoken):
        end = _shades_end(spoken, position)
        follows = spoken[end].lower() if end < len(spoken) else "."
        # "wearing black", "a blond haired girl": there the colour is no mere addition.
        needed = follows in _NO_NOUN or follows.endswith(("ed", "ing")) or _last(kept) in _WEARING
        if end > position and not needed:
            kept.extend(_backed_shades(spoken[position:end], backed))
        else:
            end = max(end, position + 1)
            kept.extend(spoken[position:end])
        position = end
    return kept


def _shades_end(spoken: list[str], start: int) -> int:
    """Where a run such as ``black , brown and white`` at ``start`` ends; ``start`` if none."""
    end = position = start
    while position < len(spoken):
        word = spoken[position].lower()
        if word in _SHADES:
            end = position + 1
        elif word not in {"and", ","} or end == start:
            break
        position += 1
    named = any(word.lower() in words.COLOUR_SPELLINGS for word in spoken[start:end])
    return end if named else start


def _backed_shades(run: list[str], backed: Backed) -> list[str]:
    colours = [n for n, word in enumerate(run) if word.lower() in words.COLOUR_SPELLINGS]
    stay = [n for n in colours if backed(run[n])]
    if len(stay) == len(colours):
        return run
    told: list[str] = []
    for place, number in enumerate(stay):
        if place:
            told.append("and" if place == len(stay) - 1 else ",")
        if number and run[number - 1].lower() in _TONES:
            told.append(run[number - 1])
        told.append(run[number])
    return told


def _key(word: str) -> str:
    name = _name(word.lower())
    return words.COLOUR_SPELLINGS.get(name) or grammar.singular(name)
