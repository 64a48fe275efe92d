"""How a turn is put into words: ten forms and more for each, and what the picture is called."""

from __future__ import annotations

from random import Random

from streamvid.training.turns import grammar
from streamvid.training.turns.claims import Claim

PICTURE_WORDS = ("picture", "image", "photo", "scene", "video", "clip", "picture", "photo")
VIDEO_WORDS = ("video", "clip", "video", "film", "recording", "footage")

CAPTION_REQUESTS = (
    "Describe the {medium}.",
    "Describe this {medium}.",
    "Describe the {medium} in one sentence.",
    "What is happening?",
    "What is happening in the {medium}?",
    "What is going on?",
    "What is going on here?",
    "What do you see?",
    "What can you see in the {medium}?",
    "What does the {medium} show?",
    "What is shown?",
    "What is in the {medium}?",
    "What is the {medium} about?",
    "Give a short description.",
    "Write a caption.",
    "Caption this {medium}.",
    "Tell me what you see.",
    "Tell me what happens.",
    "Say in one sentence what is going on.",
    "What do you see in this {medium}?",
)
_THING = (
    "Is there {x}?",
    "Is there {x} in the {medium}?",
    "Does the {medium} show {x}?",
    "Can you see {x}?",
    "Can you see {x} in the {medium}?",
    "Do you see {x}?",
    "Is {x} visible?",
    "Is {x} shown?",
    "Does {x} appear?",
    "Does {x} appear in the {medium}?",
    "Is {x} in the {medium}?",
    "Can {x} be seen?",
    "Do you see {x} anywhere?",
    "Is there {x} here?",
    "Does the {medium} contain {x}?",
)
_ANY = (
    "Are there any {many}?",
    "Are there {many} in the {medium}?",
    "Do you see any {many}?",
    "Can you see any {many}?",
    "Are there any {many} in the {medium}?",
    "Are {many} visible?",
    "Does the {medium} show any {many}?",
    "Can any {many} be seen?",
    "Are any {many} to be seen?",
    "Are there {many} here?",
)
_ANY_SHARE = 0.12
_DOING = (
    "Is {who} {doing}?",
    "Is there {who} {doing}?",
    "Does the {medium} show {who} {doing}?",
    "Can you see {who} {doing}?",
    "Do you see {who} {doing}?",
    "Is {who} {doing} in the {medium}?",
    "Is {who} {doing} here?",
    "Can {who} be seen {doing}?",
    "Is there {who} {doing} in the {medium}?",
    "Do you see {who} {doing} in the {medium}?",
    "In the {medium}, is {who} {doing}?",
)
_ANYBODY = ("anybody", "somebody", "someone", "anyone")
_STATE = (
    "Is {who} {doing}?",
    "Is {who} {doing} in the {medium}?",
    "In the {medium}, is {who} {doing}?",
    "Can you see {who} {doing}?",
    "Do you see {who} {doing}?",
    "Does the {medium} show {who} {doing}?",
    "Can {who} be seen {doing}?",
    "Would you say that {who} is {doing}?",
    "Is it true that {who} is {doing}?",
    "Is {who} {doing} here?",
)
_COLOUR = (
    "Is {x} {colour}?",
    "Is {x} {colour} in the {medium}?",
    "Is the colour of {x} {colour}?",
    "Is {colour} the colour of {x}?",
    "Would you call {x} {colour}?",
    "Do you see that {x} is {colour}?",
    "Does {x} look {colour}?",
    "Is it true that {x} is {colour}?",
    "In the {medium}, is {x} {colour}?",
    "Is the color of {x} {colour}?",
)
_WEAR = (
    "Is {who} wearing {x}?",
    "Does {who} wear {x}?",
    "Is {who} in {x}?",
    "Is {who} dressed in {x}?",
    "Can you see {who} in {x}?",
    "In the {medium}, is {who} wearing {x}?",
    "Is {who} in the {medium} wearing {x}?",
    "Does {who} have {x} on?",
    "Do you see {who} wearing {x}?",
    "Is it true that {who} is wearing {x}?",
)
_COUNT = (
    "{are} there {number} {noun}?",
    "{are} there exactly {number} {noun}?",
    "{are} there {number} {noun} in the {medium}?",
    "Do you see {number} {noun}?",
    "Can you see exactly {number} {noun}?",
    "Does the {medium} show {number} {noun}?",
    "Does the {medium} show exactly {number} {noun}?",
    "{are} {number} {noun} visible?",
    "Can {number} {noun} be seen?",
    "Is the number of {many} {number}?",
)
_PLACE = (
    "Is this {x}?",
    "Is it {x}?",
    "Was this filmed {x}?",
    "Does this take place {x}?",
    "Is the scene {x}?",
    "Is this scene set {x}?",
    "Was the {medium} taken {x}?",
    "Are we {x}?",
    "Is this happening {x}?",
    "Is everything here {x}?",
)
PLURAL_THINGS = frozenset({"trunks", "stairs", "bubbles", "flowers", "dogs"})


def fill(form: str, rng: Random, *, media: tuple[str, ...] = PICTURE_WORDS) -> str:
    """``form`` with its ``{medium}``, if it has one, called one of ``media``."""
    return form.replace("{medium}", rng.choice(media)) if "{medium}" in form else form


def ask_claim(claim: Claim, rng: Random, *, media: tuple[str, ...] = PICTURE_WORDS) -> str:
    """A yes/no question about ``claim``; the wording is drawn without regard to the answer."""
    parts = claim.parts
    if claim.form == "thing" and rng.random() < _ANY_SHARE and _countable(parts[0]):
        text = rng.choice(_ANY).replace("{many}", grammar.plural(parts[0].split(" ", 1)[1]))
    elif claim.form == "thing":
        text = rng.choice(_THING).replace("{x}", rng.choice(parts))
        if parts[0] in PLURAL_THINGS:
            text = for_plural(text)
    elif claim.form == "doing":
        who = parts[0]
        if who == "a person" and rng.random() < 0.4:
            text = rng.choice(_DOING[:1] + _DOING[5:7]).replace("{who}", rng.choice(_ANYBODY))
        else:
            text = rng.choice(_DOING).replace("{who}", who)
            if who.startswith("two "):
                text = for_plural(text)
        text = text.replace("{doing}", parts[1])
    elif claim.form == "state":
        doing = "sitting down" if parts[1] == "sitting" and rng.random() < 0.3 else parts[1]
        text = rng.choice(_STATE).replace("{who}", parts[0]).replace("{doing}", doing)
    elif claim.form == "colour":
        text = rng.choice(_COLOUR).replace("{x}", parts[0]).replace("{colour}", parts[1])
        if grammar.singular(parts[0].split()[-1]) != parts[0].split()[-1]:
            text = for_plural(text)
    elif claim.form == "wear":
        worn = f"{parts[1]} {parts[2]}"
        many = grammar.singular(parts[2].split()[-1]) != parts[2].split()[-1]
        text = rng.choice(_WEAR).replace("{who}", parts[0])
        text = text.replace("{x}", worn if many else grammar.article(worn))
    elif claim.form == "count":
        text = rng.choice(_COUNT).replace("{number}", parts[0]).replace("{noun}", parts[1])
        text = text.replace("{many}", grammar.plural(parts[1]) if parts[0] == "one" else parts[1])
        text = text.replace("{are}", "Is" if parts[0] == "one" else "Are")
    else:
        text = rng.choice(_PLACE).replace("{x}", parts[0])
    return fill(text, rng, media=media)


def _countable(phrase: str) -> bool:
    return phrase.startswith(("a ", "an ")) and " of " not in phrase


def for_plural(text: str) -> str:
    """A question worded for one thing, reworded for several: ``Are there bubbles?``"""
    if text.startswith(("Is the colour", "Is the color")) or " the colour of" in text:
        return text
    text = text.replace(", is ", ", are ")
    if " that " in text:
        return text.replace(" is ", " are ")
    for one, many in (("Is ", "Are "), ("Was ", "Were ")):
        if text.startswith(one):
            return many + text[len(one) :]
    asks_the_medium = text.startswith(_OF_THE_MEDIUM)
    return "Do " + text[5:] if text.startswith("Does ") and not asks_the_medium else text


_OF_THE_MEDIUM = tuple(
    f"Does the {medium}" for medium in ("{medium}", *sorted({*PICTURE_WORDS, *VIDEO_WORDS}))
)


def say(claim: Claim, rng: Random, *, holds: bool) -> str:
    """``Yes.`` or ``No.``, now and then with the short full form."""
    word = "Yes" if holds else "No"
    if rng.random() > 0.12:
        return f"{word}."
    full = _full_form(claim, holds=holds, name=claim.parts[0])
    return f"{word}, {full}." if full else f"{word}."


def _full_form(claim: Claim, *, holds: bool, name: str) -> str | None:
    many = name in PLURAL_THINGS
    if claim.form == "thing" and holds:
        return f"there {'are' if many else 'is'} {name}"
    if claim.form == "thing":
        bare = name.split(" ", 1)[1] if name.startswith(("a ", "an ")) else name
        if bare.startswith("the "):
            return None
        return f"there {'are' if many else 'is'} no {bare}"
    if claim.form == "state":
        return f"{name} is {'' if holds else 'not '}{claim.parts[1]}"
    if claim.form == "place":
        return f"it is {'' if holds else 'not '}{name}"
    return None
