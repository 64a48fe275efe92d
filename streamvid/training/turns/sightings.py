"""What an image classifier is sure to see, or not to see, in a picture: more things to ask about.

Captions name some hundred things often enough to ask about them. The frozen tower was trained on a
thousand classes, and its probabilities reach the language model through the compressor; asked about
the classes' names as well, the model learns to look things up there, not a fixed list by heart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import tokenise

SURE = 0.35
"""From this probability on the thing is there: the classifier was trained to doubt itself."""
SURE_NOT = 0.002
"""Below this probability it is not, if no caption says otherwise."""
_LEAST_PICTURES = 3
_DOG_BREEDS = range(151, 269)
# Looks that the classifier gives other things on pictures of people and sport, kinds of scene, and
# what a picture of anybody may hold unseen.
_UNASKABLE = words.word_set("""
    abaya academic_gown african_bush_elephant american_black_bear amphibious_vehicle
    arabian_camel asian_elephant automated_teller_machine baby_pacifier bagel baguette
    balaclava_ski_mask balance_beam beach binoculars bridegroom broccoli bubble bulletproof_vest
    chiffonier cliff common_sorrel_horse croquet_ball crutch dam dingo dugong dumbbell
    egyptian_mau entertainment_center fire_screen front_curtain fur_coat gazelle geyser
    gymnastic_horizontal_bar hair_wig handrail hen_of_the_woods_mushroom hockey_puck
    home_theater hoop_skirt hot_pot hot_tub hunting_bow infant_bed jeans killer_whale knee_pad
    lab_coat lakeshore library maraca maypole maze meatloaf megalith military_hat miniskirt
    missile mobile_home monastery mountain neck_brace one-piece_bathing_suit oxygen_mask pajamas
    palace parallel_bars patio pedestal planetarium plastic_bag plate pole poncho pot_pie
    potter's_wheel prison promontory punching_bag quilt ram restaurant rickshaw_vehicle sandbar
    sarong sawmill seat_belt shoji_screen siamese_cat ski solar_thermal_collector
    spaghetti_squash stage steel_drum stretcher suit sunglasses swim_trunks t-shirt table_lamp
    tandem_bicycle through_arch_bridge tobacco_shop torch toy_store toyshop
    traffic_or_street_sign trench_coat tusker unicycle valley volcano volleyball_ball
    window_shade windsor_tie
""")


@dataclass(frozen=True, slots=True)
class Sighting:
    """Of one picture: phrases ("a violin") of what is surely there, and of what surely is not."""

    seen: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()


def find_sightings(
    images: Sequence[str], probabilities: npt.NDArray[np.float32], names: Sequence[str]
) -> dict[str, Sighting]:
    """Sightings by image. ``probabilities`` [images, classes] of the classes called ``names``.

    Classes seen in fewer than 3 of the images are left out: of them only "no" could be said.
    """
    phrases = {
        number: spoken for number, name in enumerate(names) if (spoken := _phrase(number, name))
    }
    seen = probabilities >= SURE
    times = Counter({number: int(seen[:, number].sum()) for number in phrases})
    kept = [number for number in phrases if times[number] >= _LEAST_PICTURES]
    unseen = probabilities < SURE_NOT
    return {
        image: Sighting(
            frozenset(phrases[number] for number in kept if seen[row, number]),
            frozenset(phrases[number] for number in kept if unseen[row, number]),
        )
        for row, image in enumerate(images)
    }


def is_denied(phrase: str, vocabulary: frozenset[str]) -> bool:
    """Whether words about a picture leave room for a "no": none of the phrase's is among them."""
    own = {token for token in tokenise(phrase) if token not in words.DETERMINERS}
    both = own | {grammar.plural(token) for token in own}
    return both.isdisjoint(vocabulary)


def _phrase(number: int, name: str) -> str | None:
    """A class name with its article; None for what is not asked about."""
    spoken = re.sub(r"\s*(?:/.*|\(.*\))$", "", name).strip().lower()
    if number in _DOG_BREEDS or spoken.replace(" ", "_") in _UNASKABLE:
        return None
    return grammar.article(spoken)
