import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.training.turns import grammar


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dog", "a dog"),
        ("orange ball", "an orange ball"),
        ("unicycle", "a unicycle"),
        ("umbrella", "an umbrella"),
        ("uniform", "a uniform"),
        ("usual day", "a usual day"),
        ("one-legged man", "a one-legged man"),
        ("hour", "an hour"),
        ("horse", "a horse"),
        ("European man", "a European man"),
        ("elephant", "an elephant"),
    ],
)
def test_articles_go_by_sound(words, expected):
    assert grammar.article(words) == expected


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("dog", "dogs"),
        ("bus", "buses"),
        ("fireman", "firemen"),
        ("snow woman", "snow women"),
        ("child", "children"),
        ("puppy", "puppies"),
        ("boy", "boys"),
        ("bench", "benches"),
        ("knife", "knives"),
        ("tennis racket", "tennis rackets"),
        ("sheep", "sheep"),
        ("kayak", "kayaks"),
    ],
)
def test_plurals_and_back(one, many):
    assert grammar.plural(one) == many
    if " " not in one:
        assert grammar.singular(many) == one


@pytest.mark.parametrize("word", ["bus", "grass", "dress", "tennis", "glass"])
def test_what_only_looks_plural_stays(word):
    assert grammar.singular(word) == word


@pytest.mark.parametrize(
    ("rough", "tidy"),
    [
        ("a dog runs", "A dog runs."),
        ("A orange ball .", "An orange ball."),
        ("an man  with an umbrella ,", "A man with an umbrella."),
        ("Two dogs !", "Two dogs."),
        ("it has an A on it", "It has an A on it."),
    ],
)
def test_sentences_are_tidied(rough, tidy):
    assert grammar.sentence(rough) == tidy


@given(st.text(alphabet="aeiou bcdn,.!?A", min_size=1, max_size=40))
def test_a_tidy_sentence_stays_as_it_is(text):
    once = grammar.sentence(text)
    assert once.endswith(".")
    assert grammar.sentence(once) == once


@given(st.integers(0, 12))
def test_number_words_go_both_ways(number):
    assert grammar.number_value(grammar.number_word(number)) == number


def test_other_words_are_no_numbers():
    assert grammar.number_value("dog") is None
    assert grammar.number_value("27") == 27
    assert grammar.number_word(40) == "40"


@pytest.mark.parametrize(
    ("verb", "ing"),
    [
        ("run", "running"),
        ("ride", "riding"),
        ("lie", "lying"),
        ("eat", "eating"),
        ("ski", "skiing"),
    ],
)
def test_ing_forms(verb, ing):
    assert grammar.ing_form(verb) == ing


@given(st.sampled_from(["run", "ride", "swim", "jump", "eat", "hold", "carry", "sit", "wade"]))
def test_ing_forms_are_words(verb):
    assert re.fullmatch(r"[a-z]+ing", grammar.ing_form(verb))


def test_sentences_join_without_capitals_but_keep_names():
    assert grammar.lower_first("A dog runs.") == "a dog runs"
    assert grammar.lower_first("USA flags.") == "USA flags"
