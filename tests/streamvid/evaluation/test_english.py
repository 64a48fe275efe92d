import pytest

from streamvid.evaluation import english


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dogs", "dog"),
        ("women", "person"),
        ("Bus".lower(), "bus"),
        ("buses", "bus"),
        ("grass", "grass"),
        ("puppies", "puppy"),
        ("boxes", "box"),
        ("kids", "person"),
        ("leaves", "leaf"),
    ],
)
def test_nouns_are_compared_in_one_form(word, expected):
    assert english.noun_of(word) == expected


def test_content_words_are_long_and_mean_something():
    words = english.content_words("The red goats are running there, near a BIG green house!")
    assert words == {"goats", "running", "green", "house"}


def test_function_words_are_lower_case_and_number_words_are_not_content():
    assert all(word == word.lower() for word in english.FUNCTION_WORDS)
    assert english.content_words("three seven eight") == frozenset()


def test_nouns_stand_behind_determiners():
    assert english.noun_candidates("A black goat is walking on the grass.") == ["goat", "grass"]
