import re
from random import Random

import pytest

from streamvid.training.turns import wording
from streamvid.training.turns.claims import claim

CLAIMS = [
    claim("thing", "a dog"),
    claim("thing", "snow"),
    claim("thing", "stairs"),
    claim("thing", "a motorcycle", "a motorbike"),
    claim("doing", "a person", "swimming"),
    claim("doing", "two people", "hugging"),
    claim("state", "the man", "sitting"),
    claim("colour", "the dogs", "brown"),
    claim("colour", "the ball", "red"),
    claim("wear", "the man", "red", "shirt"),
    claim("wear", "the girl", "orange", "shorts"),
    claim("count", "one", "dog"),
    claim("count", "two", "dogs"),
    claim("place", "indoors"),
]


def questions(asked):
    return {wording.ask_claim(asked, Random(seed)) for seed in range(400)}


@pytest.mark.parametrize("asked", CLAIMS, ids=lambda asked: asked.name)
def test_every_claim_is_asked_in_ten_forms_and_more(asked):
    found = questions(asked)
    shapes = {re.sub(r"\b(picture|image|photo|scene|video|clip)\b", "M", text) for text in found}
    assert len(shapes) >= 10
    assert all(text.endswith("?") and text[0].isupper() and "{" not in text for text in found)


@pytest.mark.parametrize(
    "asked",
    [claim("colour", "the dogs", "brown"), claim("thing", "stairs"), claim("thing", "bubbles")],
)
def test_several_things_take_a_plural_verb(asked):
    noun = asked.parts[0].removeprefix("the ")
    for text in questions(asked):
        assert not re.search(rf"\bis (?:there )?(?:the )?{noun}\b", text, re.I), text
        assert not re.search(rf"\b{noun} is\b", text), text
        assert not re.search(rf"\bdoes (?:the )?{noun}\b", text, re.I), text


def test_the_medium_takes_a_singular_verb():
    assert "Does the photo show stairs?" in questions(claim("thing", "stairs"))


def test_articles_agree_with_colours_and_plurals_have_none():
    for text in questions(claim("wear", "the girl", "orange", "shorts")):
        assert "a orange" not in text
        assert "an orange shorts" not in text
    assert any(
        " an orange shirt" in t for t in questions(claim("wear", "the man", "orange", "shirt"))
    )


@pytest.mark.parametrize("asked", CLAIMS, ids=lambda asked: asked.name)
@pytest.mark.parametrize("holds", [True, False])
def test_answers_begin_with_yes_or_no(asked, holds):
    for seed in range(60):
        text = wording.say(asked, Random(seed), holds=holds)
        assert text.startswith("Yes" if holds else "No")
        assert text.endswith(".")
        assert "no no" not in text


def test_wording_is_drawn_without_regard_to_the_answer():
    asked = claim("thing", "a dog")
    for seed in range(50):
        one, other = Random(seed), Random(seed)
        assert wording.ask_claim(asked, one) == wording.ask_claim(asked, other)
