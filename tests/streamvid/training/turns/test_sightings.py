from random import Random

import numpy as np

from streamvid.training.turns import Example, TurnMaker
from streamvid.training.turns.sightings import Sighting, find_sightings, is_denied

NAMES = ["violin", "crash helmet", "pole", "handrail / baluster"]


def _probabilities() -> np.ndarray:
    table = np.full((6, len(NAMES)), 0.1, np.float32)
    table[:3, 0] = 0.8
    table[4:, 0] = 0.0001
    table[:2, 1] = 0.9
    table[:, 2:] = 0.99
    return table


def test_what_is_seen_often_enough_is_told_from_what_is_surely_not_there():
    images = [str(number) for number in range(6)]
    found = find_sightings(images, _probabilities(), NAMES)
    assert found["0"] == Sighting(frozenset({"a violin"}), frozenset())
    assert found["3"] == Sighting()
    assert found["5"] == Sighting(frozenset(), frozenset({"a violin"}))


def test_words_about_the_picture_take_a_no_away():
    assert is_denied("a crash helmet", frozenset({"a", "man", "rides"}))
    assert not is_denied("a crash helmet", frozenset({"helmets"}))
    assert is_denied("a crash helmet", frozenset({"a"}))


def test_sightings_are_asked_about_with_both_answers():
    music, dog = ("A man plays music on a stage.",), ("A dog runs on grass.",)
    there = [Example(f"v{i}", music, (), "test", squashed=False) for i in range(20)]
    not_there = [Example(f"n{i}", dog, (), "test", squashed=False) for i in range(20)]
    seen = {one.image: Sighting(seen=frozenset({"a violin"})) for one in there}
    unseen = {one.image: Sighting(unseen=frozenset({"a violin"})) for one in not_there}
    maker = TurnMaker([*there, *not_there], seed=0, sightings={**seen, **unseen})
    rng = Random(0)
    for examples, answer in ((there, "Yes"), (not_there, "No")):
        turns = [t for one in examples for t in maker.picture_turns(one, rng, 6)]
        about = [t for t in turns if t.kind == "yesno" and t.concept == "a violin"]
        assert about
        assert all(t.answer.startswith(answer) for t in about)
