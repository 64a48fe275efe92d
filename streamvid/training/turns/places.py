"""Where captions put things: the scene's place, in or out of doors, and where its subject is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import Caption
from streamvid.training.turns.facts import Fact, kin_of
from streamvid.training.turns.nouns import SKIP

_PREPOSITIONS = words.word_set("""
    in on at near by under through along across over down inside
""")
# Where a scene is set; the preposition that an answer takes.
SETTINGS = {
    "beach": "on",
    "street": "on",
    "road": "on",
    "dirt_road": "on",
    "sidewalk": "on",
    "field": "in",
    "grass": "in",
    "park": "in",
    "woods": "in",
    "forest": "in",
    "city": "in",
    "yard": "in",
    "backyard": "in",
    "garden": "in",
    "lawn": "on",
    "snow": "in",
    "water": "in",
    "ocean": "in",
    "sea": "in",
    "lake": "in",
    "river": "in",
    "stream": "in",
    "creek": "in",
    "pond": "in",
    "pool": "in",
    "swimming_pool": "in",
    "mountain": "on",
    "mountains": "in",
    "hill": "on",
    "hillside": "on",
    "cliff": "on",
    "desert": "in",
    "sand": "in",
    "playground": "on",
    "track": "on",
    "racetrack": "on",
    "trail": "on",
    "path": "on",
    "bridge": "on",
    "parking_lot": "in",
    "stadium": "in",
    "gym": "in",
    "kitchen": "in",
    "bathroom": "in",
    "bedroom": "in",
    "living_room": "in",
    "dining_room": "in",
    "restaurant": "in",
    "store": "in",
    "shop": "in",
    "market": "at",
    "office": "in",
    "classroom": "in",
    "library": "in",
    "museum": "in",
    "church": "in",
    "airport": "at",
    "train_station": "at",
    "station": "at",
    "subway": "in",
    "dock": "on",
    "pier": "on",
    "stage": "on",
    "court": "on",
    "tennis_court": "on",
    "basketball_court": "on",
    "football_field": "on",
    "soccer_field": "on",
    "baseball_field": "on",
    "skate_park": "in",
    "intersection": "at",
    "crosswalk": "on",
    "alley": "in",
    "highway": "on",
    "runway": "on",
    "zoo": "in",
    "barn": "in",
    "farm": "on",
    "meadow": "in",
    "pasture": "in",
    "room": "in",
    "hallway": "in",
    "cave": "in",
    "canyon": "in",
    "harbor": "in",
}
# Where a subject is, without being a setting.
SPOTS = words.word_set("""
    bench couch sofa bed chair table floor rug carpet swing slide trampoline rock rocks boat
    raft canoe kayak horse bike bicycle motorcycle skateboard surfboard stairs steps ramp rail
    fence wall tree umbrella window car truck bus train toilet sink counter desk plate bowl
    box basket shelf stove oven bathtub tub log ledge railing platform ladder blanket tent
    tunnel mud puddle fountain air sky
""")
# Words of one caption that settle it; none may speak for the other side.
INDOOR_WORDS = words.word_set("""
    indoors indoor kitchen bathroom bedroom living_room dining_room couch sofa office
    classroom restaurant gym carpet bowling subway hallway library refrigerator toilet shower
    fireplace microwave oven stove museum inside ceiling arcade bathtub bed
""")
OUTDOOR_WORDS = words.word_set("""
    outdoors outside outdoor beach street road field grass grassy snow snowy ocean sea lake
    river mountain mountains forest woods park yard backyard lawn sidewalk desert hill
    hillside cliff sky trail creek stream pond meadow pasture sunset city playground waves
    tree trees garden highway intersection dune waterfall sand dirt parade
""")
_UNDECIDED = words.word_set("""
    painting screen tv television window poster picture mural toy
""")


def indoors(captions: Sequence[Caption]) -> bool | None:
    """True indoors, False outdoors, None where the captions don't settle it."""
    inside = outside = 0
    for caption in captions:
        tokens = frozenset(caption.tokens)
        inside += not tokens.isdisjoint(INDOOR_WORDS)
        outside += not tokens.isdisjoint(OUTDOOR_WORDS)
        if not tokens.isdisjoint(_UNDECIDED) and len(captions) < 3:
            return None
    needed = 2 if len(captions) > 2 else 1
    if inside >= needed and not outside:
        return True
    if outside >= needed and not inside:
        return False
    return None


def spoken_places(caption: Caption) -> Iterator[tuple[str, str, int]]:
    """Each place the caption names: its phrase, its noun and the position of the preposition."""
    tokens = caption.tokens
    for position, token in enumerate(tokens[:-1]):
        if token not in _PREPOSITIONS:
            continue
        start = position + 1
        determiner = tokens[start] if tokens[start] in words.DETERMINERS else ""
        noun = start + bool(determiner)
        while noun < len(tokens) and tokens[noun] in SKIP:
            noun += 1
        if noun >= len(tokens) or noun - start > 4:
            continue
        place = tokens[noun]
        if place not in SETTINGS and place not in SPOTS:
            continue
        after = tokens[noun + 1] if noun + 1 < len(tokens) else "."
        if after not in _AFTER:
            continue  # "on the street sign", "in the water bottle"
        words_said = [_rests(token, place), *tokens[start : noun + 1]]
        phrase = " ".join(words_said).replace("_", " ")
        yield phrase, place, position


def _rests(preposition: str, place: str) -> str:
    """The preposition that says where something is: who runs through a field is in it."""
    if preposition in {"through", "along", "across", "down", "over"}:
        return SETTINGS.get(place, "on")
    return preposition


_AFTER = words.PREPOSITIONS | frozenset(
    [
        ".",
        ",",
        ";",
        "and",
        "is",
        "are",
        "while",
        "as",
        "who",
        "that",
        "which",
        "whilst",
        "has",
        "wearing",
        "holding",
        "looking",
        "playing",
    ]
)


def setting(captions: Sequence[Caption]) -> tuple[str, str] | None:
    """The setting most captions name: its phrase as an answer (``on a beach``) and its noun."""
    said: Counter[str] = Counter()
    for caption in captions:
        # Once a caption, in the order said: a set's order changes from process to process.
        nouns = [noun for _, noun, _ in spoken_places(caption) if noun in SETTINGS]
        said.update(dict.fromkeys(nouns, 1))
    if not said:
        return None
    noun, times = said.most_common(1)[0]
    if times < 2 and len(captions) > 2:
        return None
    return f"{SETTINGS[noun]} {_with_article(noun)}", noun


_BARE = {"snow", "water", "grass", "sand", "woods", "ocean", "sea", "mountains", "forest"}


def _with_article(noun: str) -> str:
    spoken = noun.replace("_", " ")
    return f"the {spoken}" if noun in _BARE else grammar.article(spoken)


def place_facts(captions: Sequence[Caption], subject: str | None) -> Iterator[Fact]:
    """Where the scene is, whether in or out of doors, and where its one subject is."""
    found = setting(captions)
    if found:
        phrase, _noun = found
        questions = (
            "Where is this?",
            "Where does this take place?",
            "Where was this filmed?",
            "Where does the scene take place?",
            "What is the place?",
            "In what kind of place is this?",
            "What kind of place is it?",
            "Where are we?",
            "What is the setting?",
            "Where is this happening?",
            "What place does the {medium} show?",
        )
        answers = (f"{grammar.capitalise(phrase)}.",) * 3 + (f"It is {phrase}.",)
        yield Fact("where", ("setting",), questions, answers, frozenset())
    inside = indoors(captions)
    if inside is not None:
        word = "indoors" if inside else "outdoors"
        sides = (
            "Is this indoors or outdoors?",
            "Is this outdoors or indoors?",
            "Is it inside or outside?",
            "Was this filmed inside or outdoors?",
            "Does this take place indoors or outdoors?",
            "Indoors or outdoors?",
        )
        answer = f"{word.capitalize()}."
        yield Fact("where", ("indoors",), sides, (answer, answer, f"It is {word}."), frozenset())
    if subject:
        yield from _subject_place(captions, subject)


def _subject_place(captions: Sequence[Caption], subject: str) -> Iterator[Fact]:
    """Where the one person or animal is, from the caption that puts it somewhere by a verb."""
    phrases = [
        phrase
        for caption in captions
        for phrase, _, position in spoken_places(caption)
        if position
        and (position - 1 in caption.verbs or caption.tokens[position - 1] in _STAYS)
        and _is_about(caption, position, subject)
    ]
    if not phrases:
        return
    answers = tuple(f"{grammar.capitalise(phrase)}." for phrase in dict.fromkeys(phrases))
    questions = (
        f"Where is the {subject}?",
        f"Where is the {subject} in the {{medium}}?",
        f"Where can the {subject} be seen?",
        f"Where do you see the {subject}?",
        f"Where exactly is the {subject}?",
        f"Where can I find the {subject}?",
        f"In what place is the {subject}?",
        f"Where would you say the {subject} is?",
        f"Tell me where the {subject} is.",
        f"What place is the {subject} in?",
    )
    yield Fact("where", ("place", subject), questions, answers, kin_of(subject))


_STAYS = words.word_set("""
    is are stands sits lies lays down
""")


def _is_about(caption: Caption, position: int, subject: str) -> bool:
    names = kin_of(subject)
    return any(token in names for token in caption.tokens[:position])
