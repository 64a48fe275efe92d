import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.evaluation import scoring


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Yes.", "yes"),
        ("No, there is no dog.", "no"),
        ("I think YES, no doubt", "yes"),
        ("There is nothing; no.", "no"),
        ("A yesman in a knot.", None),
        ("", None),
        ("Not here.", None),
        ("No.Yes", "no"),
    ],
)
def test_the_first_yes_or_no_decides(reply, expected):
    assert scoring.yes_or_no(reply) == expected


@pytest.mark.parametrize(
    ("reply", "answer", "right"),
    [
        ("A red cat.", "cat", True),
        ("Cats!", "cat", True),
        ("a cat", "cats", True),
        ("two buses", "bus", True),
        ("a bus", "buses", True),
        ("glasses", "glass", True),
        ("Concatenate", "cat", False),
        ("The category", "cat", False),
        ("There are two.", "2", True),
        ("2", "two", True),
        ("12", "2", False),
        ("twenty two", "2", True),
        ("A T-shirt", "t-shirt", True),
        ("The table.", "a table", True),
        ("a sofa and the lamp", "lamp, sofa", True),
        ("a sofa", "lamp, sofa", False),
        ("a bottle of the liquid", "bottle of liquid", True),
        ("of liquid bottle", "bottle of liquid", False),
        ("", "cat", False),
        ("the", "the", False),
        ("garbage bins", "garbage bin", True),
    ],
)
def test_given_answers_are_found_as_whole_words(reply, answer, right):
    assert scoring.qa_right(reply, answer) is right


@given(st.lists(st.sampled_from(["cat", "red bus", "7", "tree"]), min_size=1, max_size=4))
def test_saying_every_item_in_any_order_answers_a_list(items):
    assert scoring.qa_right(" and then the ".join(reversed(items)), ", ".join(items))


@given(st.text(max_size=30), st.text(max_size=10))
def test_scoring_any_text_never_fails(reply, answer):
    assert scoring.qa_right(reply, answer) in {True, False}
    assert scoring.accepts(reply, [answer]) in {True, False}
    assert scoring.video_answer_right(reply, f"{answer} or {reply}?", ["red"], "order") in {
        True,
        False,
    }


@pytest.mark.parametrize(
    ("reply", "accept", "right"),
    [
        ("Reddish.", ["red"], True),
        ("It is covered.", ["red"], False),
        ("RED", ["Red"], True),
        ("4", ["4"], True),
        ("40", ["4"], False),
        ("14", ["4"], False),
        ("about 8.5 seconds", ["8.5"], True),
        ("8 cars", ["8", "eight"], True),
        ("tv", ["tv"], True),
        ("tvs", ["tv"], False),
        ("a swimming pool", ["swimming pool"], True),
        ("anything", [], False),
    ],
)
def test_keywords_start_a_word_and_short_ones_end_it(reply, accept, right):
    assert scoring.accepts(reply, accept) is right


@pytest.mark.parametrize(
    ("question", "choices"),
    [
        ("Which came first: the goat or a big wheel?", [{"goat"}, {"big", "wheel"}]),
        ("Is the goat at the start or at the end of the clip?", [{"start"}, {"end"}]),
        ("Does the goat show up before or after the wheel?", [{"before"}, {"after"}]),
        ("Is it in the first or in the second half?", [{"first"}, {"second"}]),
        ("When: at the start, in the middle or at the end?", [{"start"}, {"middle"}, {"end"}]),
        ("Who is it: the man in red or the man in black?", [{"red"}, {"black"}]),
        ("What is first, the goat or the wheel?", [{"goat"}, {"wheel"}]),
        ("Which number is first: 4 or 2?", [{"4"}, {"2"}]),
        ("What colour is the goat?", []),
        ("What is the actor holding?", []),
    ],
)
def test_choices_are_read_from_the_question(question, choices):
    assert [set(own) for own in scoring.choices_of(question)] == choices


def test_a_reply_that_names_both_choices_is_wrong():
    question = "Which came first: the goat or the wheel?"
    assert scoring.video_answer_right("The goat.", question, ["goat"], "order")
    assert not scoring.video_answer_right("The wheel.", question, ["goat"], "order")
    both = "The goat came before the wheel."
    assert not scoring.video_answer_right(both, question, ["goat"], "order")


def test_naming_the_second_thing_is_no_choice_of_before_or_after():
    question = "Does the goat appear before or after the wheel?"
    assert scoring.video_answer_right("After the wheel.", question, ["after"], "when")


def test_yes_no_about_videos_goes_by_the_first_word():
    assert scoring.video_answer_right("Yes, and no more.", "Is it?", ["yes"], "yesno")
    assert not scoring.video_answer_right("Maybe", "Is it?", ["no"], "yesno")


def test_person_words_count_as_one_subject():
    references = ["A man walks.", "A boy is walking.", "Two kids walk.", "A dog.", "Grass."]
    assert scoring.subject_of(references) == "person"
    assert scoring.has_subject("There are people.", "person")
    assert not scoring.has_subject("There is a mango.", "person")


def test_the_noun_that_most_references_share_is_the_subject():
    references = [
        "A black dog runs after a ball.",
        "The dog is running with a ball.",
        "Two dogs play.",
        "A big dog and a ball.",
    ]
    assert scoring.subject_of(references) == "dog"
    assert scoring.has_subject("Dogs run.", "dog")


def test_no_subject_without_three_agreeing_references():
    assert scoring.subject_of(["A cat.", "A dog.", "A cat.", "A cow."]) is None


def test_content_words_are_compared_with_all_references():
    references = ["A goat jumps over fences.", "The goat is jumping.", "One goat here."]
    score = scoring.content_score("A goat jumps over the moon near water.", references)
    assert score.precision == pytest.approx(2 / 4)  # goat, jumps of goat, jumps, moon, water
    assert score.recall == pytest.approx(1.0)  # only "goat" is agreed on
    empty = scoring.content_score("It is.", references)
    assert empty.precision is None
    assert empty.recall == 0.0


def test_ties_count_against_the_right_item():
    assert scoring.rank_of([0.5, 0.9, 0.1], 0) == 2
    assert scoring.rank_of([0.5, 0.5, 0.5], 1) == 3


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20), st.data())
def test_ranks_run_from_one_to_all(scores, data):
    right = data.draw(st.integers(0, len(scores) - 1))
    rank = scoring.rank_of(scores, right)
    assert 1 <= rank <= len(scores)
    better = sum(score > scores[right] for score in scores)
    assert rank > better


def test_moments_have_half_a_second_of_slack():
    assert scoring.moment_hits(1.5, 2.0, 3.0)
    assert scoring.moment_hits(3.5, 2.0, 3.0)
    assert not scoring.moment_hits(1.49, 2.0, 3.0)
    assert not scoring.moment_hits(math.nextafter(3.5, 4), 2.0, 3.0)


def test_evidence_is_judged_under_half_the_clip_only():
    assert scoring.is_pointed(0, 4.9, 10)
    assert not scoring.is_pointed(0, 5.0, 10)
