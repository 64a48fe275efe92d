from collections import defaultdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.training.turns import Example, NoExamplesError, Turn
from tests.streamvid.training.turns.village import village, village_maker

EXAMPLES = village(240, seed=4)


def scene(name: str, *captions: str) -> Example:
    return Example(name, captions * (4 // len(captions)), (), "", False)


DOG = scene("dog.jpg", "A brown dog is catching a frisbee.")
MAN = scene("man.jpg", "A man is riding a bicycle.")
BOAT = scene("boat.jpg", "A woman is near a boat.")


def all_turns(frames: list[Example], n: int = 150) -> list[Turn]:
    return [t for seed in range(n) for t in village_maker().video_turns(frames, Random(seed), 5)]


def by_question(turns: list[Turn]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for turn in turns:
        found[turn.question].add(turn.answer)
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(EXAMPLES) - 1), min_size=1, max_size=24), st.integers(0, 2**32))
def test_video_turns_are_well_formed_and_repeat_by_seed(places, seed):
    frames = [EXAMPLES[place] for place in places]
    turns = village_maker().video_turns(frames, Random(seed), 6)
    assert turns == village_maker().video_turns(frames, Random(seed), 6)
    for turn in turns:
        assert turn.answer.endswith(".")
        assert turn.question.endswith(("?", "."))
        assert "{" not in turn.question + turn.answer
        assert "_" not in turn.question + turn.answer


def test_order_is_the_order_of_scenes():
    answers = by_question(all_turns([DOG, MAN, MAN, BOAT]))
    checked = 0
    for question, replies in answers.items():
        if (
            "came first, the dog or the boat" in question
            or "first: the dog or the boat" in question
        ):
            assert replies == {"The dog."}
            checked += 1
        if question.startswith("Did the boat come before the dog"):
            assert replies == {"No."}
            checked += 1
        if question == "What is happening now?":
            assert replies == {"A woman is near a boat."}
            checked += 1
        if question in {"What was shown first?", "What came first?"}:
            assert replies == {"A brown dog is catching a frisbee."}
            checked += 1
    assert checked >= 3


def test_halves_go_by_frames_not_by_scenes():
    answers = by_question(all_turns([DOG, DOG, DOG, DOG, MAN, BOAT]))
    halves = [r for q, r in answers.items() if "half" in q and "bicycle" in q and "person" not in q]
    assert halves
    assert all(replies == {"In the second half."} for replies in halves)


def test_scenes_are_counted_once_each():
    answers = by_question(all_turns([DOG, DOG, MAN, BOAT, BOAT]))
    assert answers["Count the scenes."] == {"Three."}
    again = by_question(all_turns([DOG, MAN, DOG]))
    assert "Count the scenes." not in again


def test_a_fact_is_asked_only_where_one_scene_can_be_meant():
    turns = all_turns([MAN, scene("other.jpg", "A man is riding a horse.")])
    assert not [t for t in turns if t.question == "What is the man riding?"]
    alone = by_question(all_turns([MAN, DOG]))
    asked = [r for q, r in alone.items() if q.startswith("What is the man riding")]
    assert asked
    assert all(
        answer in {"A bicycle.", "The man is riding a bicycle."} for r in asked for answer in r
    )


@pytest.mark.parametrize("scenes", [1, 2, 5, 12])
def test_ever_is_balanced_for_every_length(scenes):
    rng = Random(scenes)
    votes: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    negative = total = 0
    for _ in range(500):
        for turn in village_maker().video_turns(rng.choices(EXAMPLES, k=scenes), rng, 5):
            total += 1
            negative += turn.answer.startswith(
                ("No", "I did not", "There is no", "I see no", "Zero")
            )
            if turn.kind == "yesno":
                votes[turn.concept or ""][turn.answer.startswith("Yes")] += 1
    for no, yes in votes.values():
        assert abs(yes - no) <= 4.5 * (yes + no) ** 0.5 + 2
    assert 0.15 < negative / total < 0.5


def test_no_to_ever_is_true_of_every_scene():
    frames = [DOG, MAN, BOAT]
    for turn in all_turns(frames):
        if turn.concept in {"a dog", "a man", "a bicycle", "a boat", "a woman", "a frisbee"}:
            assert turn.kind == "yesno"
            assert turn.answer.startswith("Yes")


def test_both_scenes_share_what_both_have():
    turns = all_turns([MAN, scene("more.jpg", "A man sits on a bench.")])
    shared = [t for t in turns if (t.concept or "").startswith("both:")]
    assert shared
    for turn in shared:
        is_shared = turn.concept in {"both: a man", "both: a person"}
        assert turn.answer == ("Yes." if is_shared else "No.")


def test_an_empty_video_is_refused():
    with pytest.raises(NoExamplesError):
        village_maker().video_turns([], Random(1), 3)
