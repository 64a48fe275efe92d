"""Noun phrases of a caption: whose they are, their colour, how many. Works on tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import VERB_BASE, Caption

_GARMENTS = """
    shirt t_shirt jacket hat dress coat shorts pants suit helmet sweater top vest cap uniform outfit
    jersey skirt sweatshirt hoodie wetsuit wet_suit scarf bikini swimsuit swimming_suit bathing_suit
    swimming_trunks swim_trunks trunks jeans headband bandanna gloves boots shoes costume robe
    tank_top tank_tops life_jacket life_vest backpack tie apron goggles socks snowsuit overalls
    blouse sari kimono sunglasses glasses
"""
GARMENTS = frozenset(_GARMENTS.split())
HEADWEAR = words.word_set("""
    hat helmet cap headband bandanna hood beanie wig mask headscarf
""")
PAIRED = words.word_set("""
    shorts pants jeans gloves boots shoes goggles socks overalls trunks swimming_trunks
    swim_trunks sunglasses glasses tank_tops
""")
# Things whose colour captions state and a picture of this size shows.
COLOURABLE = GARMENTS | frozenset(
    [
        "dog",
        "dogs",
        "puppy",
        "cat",
        "horse",
        "horses",
        "bird",
        "cow",
        "ball",
        "tennis_ball",
        "toy",
        "frisbee",
        "car",
        "truck",
        "bus",
        "train",
        "boat",
        "bike",
        "bicycle",
        "motorcycle",
        "motor_bike",
        "scooter",
        "kayak",
        "canoe",
        "raft",
        "sled",
        "slide",
        "swing",
        "umbrella",
        "balloon",
        "balloons",
        "tent",
        "flag",
        "kite",
        "building",
        "house",
        "wall",
        "door",
        "fence",
        "bench",
        "chair",
        "couch",
        "sofa",
        "table",
        "bed",
        "blanket",
        "pillow",
        "towel",
        "rug",
        "carpet",
        "curtain",
        "plate",
        "bowl",
        "cup",
        "box",
        "bag",
        "bucket",
        "flower",
        "flowers",
        "rose",
        "vase",
        "tube",
        "innertube",
        "rope",
        "leash",
        "collar",
        "surfboard",
        "snowboard",
        "skateboard",
        "sheets",
        "suitcase",
        "airplane",
        "plane",
        "hydrant",
        "sign",
        "stick",
        "bandana",
        "racket",
        "guitar",
        "van",
        "jeep",
    ]
)
_NOT_HEADS = words.word_set("""
    and or with in on is are one ones that who while the a an of to as at by from
""")
SKIP = words.ADJECTIVES | frozenset(["and"])


@dataclass(frozen=True, slots=True)
class Coloured:
    """``thing`` with its ``colours`` and the person noun that owns it, or None."""

    thing: str
    colours: tuple[str, ...]
    owner: str | None


def coloured_things(caption: Caption) -> Iterator[Coloured]:
    """Every colourable thing that the caption gives a colour."""
    tokens = caption.tokens
    for position, token in enumerate(tokens):
        if token not in COLOURABLE:
            continue
        colours: list[str] = []
        back = position - 1
        while back >= 0 and tokens[back] in SKIP:
            colour = words.COLOUR_SPELLINGS.get(tokens[back])
            if colour:
                colours.insert(0, colour)
            elif tokens[back] == "and" and not colours:
                break
            back -= 1
        if colours and tokens[max(back, 0)] not in {"or"}:
            owner = _owner(tokens, back) if token in GARMENTS else None
            yield Coloured(token, tuple(dict.fromkeys(colours)), owner)


def _owner(tokens: tuple[str, ...], position: int) -> str | None:
    """The person noun that wears what starts at ``position``: ``man in a``."""
    linked = False
    for back in range(position, max(position - 9, -1), -1):
        token = tokens[back]
        if token in {"in", "wearing", "wears", "dressed", "with"}:
            linked = True
        elif token in words.PERSON:
            return token if linked and token not in words.PLURALS else None
        elif (
            token in {".", ";", "while"}
            or token in words.ANIMAL_WORDS
            or (token in VERB_BASE and token not in {"wearing", "wears"})
        ):
            return None
    return None


def spoken(tokens: str) -> str:
    """Tokens as they are written: compounds apart, ``T-shirt`` as usual."""
    return tokens.replace("t_shirt", "T-shirt").replace("_", " ")


def count_in(caption: Caption, nouns: frozenset[str]) -> int | None:
    """How many of ``nouns`` (a class such as dogs, or people) the caption has; None if unsaid.

    ``two boys and a girl`` is three people. A bare plural, or "several", leaves it unsaid.
    """
    total = 0
    tokens = caption.tokens
    for position, token in enumerate(tokens):
        if token in words.VAGUE_PLURALS or token in {"each", "crowd", "group", "couple", "team"}:
            return None
        if token not in nouns:
            continue
        if position + 1 < len(tokens) and tokens[position + 1] in nouns:
            continue  # "a shepherd dog", "man surfer": one
        back = position - 1
        while back >= 0 and (tokens[back] in words.ADJECTIVES or tokens[back] in nouns):
            back -= 1
        before = tokens[back] if back >= 0 else ""
        number = grammar.number_value(before)
        if number is not None:
            total += number
        elif grammar.singular(token) != token or token in words.PLURALS:
            return None
        elif before in {"the", "his", "her", "their", "its", "that", "this"} and total:
            continue  # named again
        else:
            total += 1
    return total or None


def noun_phrase(tokens: tuple[str, ...], start: int) -> tuple[str, int] | None:
    """The noun phrase at ``start``: its words and the position behind it; None if it is none.

    Determiner, up to three adjectives, one noun. ``his`` and ``the`` become ``a`` before a
    singular: the answer to "what is he holding" names no owner.
    """
    position = start
    determiner = ""
    if position < len(tokens) and tokens[position] in words.DETERMINERS:
        determiner = tokens[position]
        position += 1
    described: list[str] = []
    while position < len(tokens) and tokens[position] in SKIP and len(described) < 4:
        if tokens[position] == "and" and not described:
            return None
        described.append(tokens[position])
        position += 1
    if position >= len(tokens) or not tokens[position].replace("_", "").replace("-", "").isalpha():
        return None
    noun = tokens[position]
    if noun in _NOT_HEADS or noun in words.PREPOSITIONS or noun in _PRONOUNS or noun in VERB_BASE:
        return None
    after = tokens[position + 1] if position + 1 < len(tokens) else "."
    # What follows must end the phrase, else the head is still to come ("a ski mask").
    if not (after in ".,;" or after in _ENDS or after in VERB_BASE):
        return None
    bare = spoken(" ".join([*described, noun]))
    many = _is_plural(noun)
    if determiner in _SINGULAR_DETERMINERS:
        return (bare if many or noun in _MASS else grammar.article(bare)), position + 1
    if not determiner:
        return bare, position + 1  # "playing tennis", "wearing glasses"
    return f"{determiner} {bare}", position + 1


_SINGULAR_DETERMINERS = words.word_set("""
    a an the his her its their one this that each another any every
""")


def _is_plural(noun: str) -> bool:
    return (
        noun in PAIRED
        or noun in words.PLURALS
        or grammar.singular(noun.split("_")[-1]) != (noun.split("_")[-1])
    )


_ENDS = words.PREPOSITIONS | frozenset(
    [
        "is",
        "are",
        "and",
        "while",
        "as",
        "that",
        "who",
        "which",
        "whilst",
        "has",
        "have",
        "because",
        "when",
        "where",
        "next",
    ]
)
_PRONOUNS = words.word_set("""
    something someone it him her them himself herself itself themselves each other one another
    ones others each-other anything what there they he she
""")
_MASS = words.word_set("""
    water snow grass sand dirt mud ice food fruit bread rice corn milk beer wine coffee paint
    fire music pizza equipment luggage graffiti clothing hay smoke soda cake ice_cream fishing
    jewelry gear makeup money foam bubbles
""")
