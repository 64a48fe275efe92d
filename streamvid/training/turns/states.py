"""Claims about the one subject of a picture: what it is doing, its colour, its clothes, how many.

All are false only on positive evidence of something else: a man that a caption has sitting is not
standing; a shirt called red is not green. What nobody mentions stays open.
"""

from __future__ import annotations

from streamvid.training.turns import grammar, words
from streamvid.training.turns.claims import Claim, claim
from streamvid.training.turns.facts import Gist
from streamvid.training.turns.nouns import COLOURABLE, GARMENTS, PAIRED, spoken
from streamvid.training.turns.places import indoors


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# State → verbs that say so, verbs that leave it open, verbs that rule it out.
STATES: dict[str, tuple[frozenset[str], frozenset[str], frozenset[str]]] = {
    "sitting": (
        _set("sit"),
        _set("ride drive eat drink read row paddle kayak swing slide lean rest relax fish crouch"),
        _set("run walk jump climb leap swim surf skate skateboard snowboard ski dance dive stand"),
    ),
    "standing": (
        _set("stand"),
        _set(
            "hold look pose watch wait talk play throw catch lean wear smile carry sing walk jump"
        ),
        _set("sit lie lay swim sleep crawl kneel ride fall dive slide"),
    ),
    "running": (
        _set("run"),
        _set("race chase jump leap play jog bounce trot fetch catch kick dribble"),
        _set("sit stand lie lay sleep swim climb read eat ride kneel walk pose drink"),
    ),
    "jumping": (
        _set("jump leap"),
        _set("run play fly bounce dive catch perform balance fall skateboard snowboard ski ride"),
        _set("sit stand lie lay sleep swim read eat walk kneel pose drink crawl"),
    ),
    "swimming": (
        _set("swim"),
        _set("float dive splash play wade paddle jump hold surf fetch run stand"),
        _set("sit lie lay sleep climb ride read walk ski skateboard snowboard dance"),
    ),
    "walking": (
        _set("walk"),
        _set("hike carry pull push cross look wade march lead travel hold stand run"),
        _set("sit lie lay sleep swim climb ride kneel jump read surf"),
    ),
    "climbing": (
        _set("climb scale"),
        _set("hike hang stand jump walk reach pull"),
        _set("sit lie swim run ride sleep eat read dance surf"),
    ),
    "lying down": (
        _set("lie lay"),
        _set("sleep rest relax roll float sit slide play chew look"),
        _set("run walk jump climb leap swim surf stand ride skateboard dance"),
    ),
    "sleeping": (
        _set("sleep"),
        _set("lie lay rest relax sit"),
        _set("run walk jump climb swim ride play eat read dance surf skateboard look stand"),
    ),
    "eating": (
        _set("eat"),
        _set("chew bite lick drink hold sit cook feed"),
        _set("run jump climb swim ride sleep surf skateboard dance ski snowboard kick"),
    ),
    "dancing": (
        _set("dance"),
        _set("perform jump play spin pose sing move stand walk twirl"),
        _set("sit lie sleep swim ride climb read eat ski surf"),
    ),
    "reading": (
        _set("read"),
        _set("sit lie look hold write stand"),
        _set("run jump climb swim ride surf skateboard dance ski snowboard eat"),
    ),
}
_DOG_STATES = frozenset(
    {"sitting", "standing", "running", "jumping", "swimming", "walking", "lying down"}
)
_LONE_COLOURED = COLOURABLE - GARMENTS


def subject_states(gist: Gist) -> tuple[set[Claim], set[Claim]]:
    """``the man: sitting`` and the like, true and false, for a lone person or a lone animal."""
    true: set[Claim] = set()
    false: set[Claim] = set()
    for who in (gist.person, gist.animal):
        if who is None:
            continue
        kind = who if who in words.ANIMALS else "person"
        verbs = [
            base
            for caption in gist.captions
            for position, base in caption.verbs.items()
            if caption.subjects.get(position, kind) == kind
        ]
        for state, (saying, leaving, ruling) in STATES.items():
            if kind != "person" and state not in _DOG_STATES:
                continue
            stated = claim("state", f"the {who}", state)
            if any(verb in saying for verb in verbs):
                true.add(stated)
            elif any(verb in ruling for verb in verbs) and not any(v in leaving for v in verbs):
                false.add(stated)
    return true, false


def colour_claims(gist: Gist) -> tuple[set[Claim], set[Claim]]:
    """``the ball: red`` and ``the man: red shirt``, true and false."""
    true: set[Claim] = set()
    false: set[Claim] = set()
    for (thing, _), found in gist.colours.items():
        close = frozenset().union(*(words.CLOSE_COLOURS[colour] for colour in found))
        name = spoken(thing)
        for colour in words.COLOURS:
            claims = [claim("colour", f"the {name}", colour)]
            if thing in GARMENTS and gist.person:
                # One garment asked about by its wearer: the wearer makes it one man's shirt.
                claims = [claim("wear", f"the {gist.person}", colour, name)]
            elif thing in GARMENTS or thing in PAIRED:
                continue
            if found == (colour,):
                true.update(claims)
            elif colour not in close:
                false.update(claims)
    return true, false


def count_claims(gist: Gist) -> tuple[set[Claim], set[Claim]]:
    """``two dogs``, true and false, for classes whose number the captions agree on."""
    true: set[Claim] = set()
    false: set[Claim] = set()
    for noun, number in gist.counts.items():
        for asked in range(1, 5):
            named = noun if asked > 1 else grammar.singular(noun)
            counted = claim("count", grammar.number_word(asked), named)
            (true if asked == number else false).add(counted)
    return true, false


def place_claims(gist: Gist) -> tuple[set[Claim], set[Claim]]:
    """``indoors`` and ``outdoors``, where the captions settle it."""
    inside = indoors(gist.captions)
    if inside is None:
        return set(), set()
    sides = {claim("place", "indoors"): inside, claim("place", "outdoors"): not inside}
    return {c for c, holds in sides.items() if holds}, {
        c for c, holds in sides.items() if not holds
    }
