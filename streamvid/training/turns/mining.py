"""Things that a folder's captions often name and the catalogue does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import VERB_BASE, Caption
from streamvid.training.turns.concepts import Concept, Term

# What is in most pictures, named or not (a tree, a face), parts and measures, and words that only
# look like nouns: no honest "no" can be had for them.
_UNASKABLE = words.word_set("""
    group field shirt grass ball air background camera area wall park building picture jacket
    hill game crowd trick ground toy hat top player side jump mountain path fence sand rock
    yard ramp stand track tree body face race run edge middle day guy object dress coat wave
    shore lady sky room lot city back trail sign suit t_shirt cliff distance house course
    slope floor bunch pole line pose kid cap lawn view photo collar window railing high ride
    set piece rail look team structure outfit surface drink corner uniform court board bar
    setting ledge bag plate turn pile other leash stunt rider door event sweater jersey
    obstacle fight end right scene vehicle adult closeup left one vest blanket shot match net
    watch competition harness dock hand platform ring hole costume photograph display branch
    log seat deck skirt flip garden shop box beard landscape counter bowl handrail audience
    station barrier foreground pair doorway wheel bottle walkway mud market rain pipe show
    light head base bank carpet screen tube way item fall smile something image pack try
    machine range dance family gate horizon direction bend male female rest break step post
    device shade band plain float fish hands cloth dark cover place strip center flight patch
    case close number can enclosure landing square position frame laugh foot attempt arm
    shadow container mouth roof pen club lead handle time equipment town open backs leg snout
    hair eyes shape shoulder shoulders neck feet ears ear tail tongue nose lips knee wings paw
    claws point kind sort lap style mid midair surf skier surfer skateboarder snowboarder
    climber biker cyclist hiker goalie referee racer runner photographer bride groom toddler
    puppy child person people man woman boy girl baby couple men women children teenager owner
    mother father pool street road ocean sea lake river stream creek pond beach forest woods
    water snow dirt ice play walk go wait stop catch kick throw goal pitch motion stance gear
    material gathering activity action performance exhibit tour work job word words letter
    stadium sit sits stands runs jumps plays walks holds rides looks poses leaps wears climbs
    swims flies watches catches chases night colors variety assortment bit total front rear
    part section row stack array tan solid print pattern design cement concrete brick stone
    wood metal plastic glass leather plaid striped formation motorcyclist bicyclist footballer
    skater dancer swimmer wrestler pitcher batter teammate opponent companion friend officer
    soldier worker driver performer musician spectator onlooker passenger lone youth infant
    curve mound splash hillside wheelie cat dog horse bird cow sheep elephant bear shepherd
    greyhound retriever poodle terrier collie
    beam beverage block blow circle disc disk dog_race dog_show dog_track fair flock handstand herd
    hockey_game home incline innertube intersection landmark leap marathon meadow nap neighborhood
    ollie pad pail pathway pirate plant shoreline silhouette skyline slice slip space sport spot
    spray treat bow bush cloud curb hall hallway paper plank ridge sheet shower ski_jump
    climbing_wall concert valley ravine pasture plaza porch patio rink cave desert glove
""")
_FOLLOWERS = words.PREPOSITIONS | frozenset(
    [".", ",", ";", "is", "are", "and", "that", "while", "as"]
)


def mine_concepts(
    captions_of_pictures: Iterable[list[Caption]], known: frozenset[str], *, least: int = 4
) -> list[Concept]:
    """Concepts for nouns that at least ``least`` pictures name behind an article, sorted.

    ``known`` are words the catalogue already speaks for. A noun counts where it ends its phrase.
    """
    pictures: Counter[str] = Counter()
    for captions in captions_of_pictures:
        pictures.update({noun for caption in captions for noun in _heads(caption)})
    return [
        _concept(noun)
        for noun, times in sorted(pictures.items())
        if times >= least and noun not in known and noun not in _UNASKABLE
    ]


def _heads(caption: Caption) -> set[str]:
    found = set()
    tokens = caption.tokens
    for position, token in enumerate(tokens):
        if token not in {"a", "an"}:
            continue
        head = position + 1
        while head < len(tokens) and tokens[head] in words.ADJECTIVES:
            head += 1
        if head + 1 >= len(tokens) or tokens[head + 1] not in _FOLLOWERS:
            continue
        noun = tokens[head]
        plain = noun.replace("_", "")
        if len(plain) > 2 and plain.isalpha() and noun not in VERB_BASE and not _odd(noun):
            found.add(noun)
    return found


def _odd(noun: str) -> bool:
    return (
        noun in words.PREPOSITIONS
        or noun in words.DETERMINERS
        or noun in words.PERSON
        or noun in words.ANIMAL_WORDS
        or noun.endswith(("ing", "s", "ed"))
    )


def _concept(noun: str) -> Concept:
    spoken = noun.replace("_", " ")
    many = grammar.plural(spoken).replace(" ", "_")
    own = frozenset({noun, many})
    # Parts of a compound may name it too: "a hoop" for a basketball hoop.
    parts = frozenset(part for part in noun.split("_") if "_" in noun)
    return Concept(
        phrases=(grammar.article(spoken),),
        evidence=(Term((own,)),),
        blocks=own | parts | {grammar.plural(part) for part in parts},
        common=True,
    )
