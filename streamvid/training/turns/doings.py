"""What subjects do and to what: ``A man is riding a bike`` answers three questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamvid.training.turns import grammar, words
from streamvid.training.turns.captions import VERB_BASE, Caption, subject_class
from streamvid.training.turns.facts import Fact, kin_of
from streamvid.training.turns.nouns import noun_phrase, spoken

# Base verb → what is asked of its object ("What is the man riding?").
_OBJECT_VERBS = words.word_set("""
    hold carry ride wear throw catch kick eat chase pull push read climb hit drink chew play
    touch lick bite lift drive paint wash brush hug kiss feed pet watch cross
""")
_WITH_PARTICLE = {
    ("sit", "on"): "sitting on",
    ("sit", "in"): "sitting in",
    ("stand", "on"): "standing on",
    ("lie", "on"): "lying on",
    ("lay", "on"): "lying on",
    ("jump", "over"): "jumping over",
    ("jump", "into"): "jumping into",
    ("jump", "off"): "jumping off",
    ("play", "with"): "playing with",
    ("play", "in"): "playing in",
    ("lean", "against"): "leaning against",
    ("look", "at"): "looking at",
    ("climb", "up"): "climbing up",
    ("slide", "down"): "sliding down",
    ("run", "through"): "running through",
    ("swim", "in"): "swimming in",
}
_DULL = words.word_set("""
    wear enjoy move make give get use take hold help participate
""")
# Verbs that answer "what is she doing" without another word.
_ENOUGH_ALONE = words.word_set("""
    swim run jump leap sleep dance sing eat read walk climb fish surf ski skate snowboard
    skateboard smile laugh cry sit smoke hike pose wrestle fight play drink bark graze rest
    crawl wade float dive jog
""")
_CLAUSE_END = words.word_set("""
    . , ; while as who that which whilst but because where when is are has have so whose
""")
_DANGLING = words.PREPOSITIONS | words.DETERMINERS | frozenset({"and", "or", "very"})
_MAX_TAIL_WORDS = 9


def subject_noun(caption: Caption, position: int) -> tuple[str, str] | None:
    """The noun and full phrase of the one subject ahead of the verb, if singular and alone."""
    before = caption.tokens[:position]
    found = [i for i, token in enumerate(before) if subject_class(token)]
    if not found or len({before[i] for i in found}) > 1:
        return None
    noun = before[found[0]]
    if noun in words.PLURALS or (noun.endswith("s") and not noun.endswith("ss")):
        return None
    start = found[0]
    while start and before[start - 1] in words.ADJECTIVES:
        start -= 1
    if start and before[start - 1] not in {"a", "an", "the", "one"}:
        return None
    phrase = spoken(" ".join(before[start : found[0] + 1]))
    return spoken(noun), phrase


def doing_facts(captions: Sequence[Caption]) -> Iterator[Fact]:
    """What each singular subject is doing, from every caption with a clear subject and verb."""
    answers: dict[str, list[str]] = {}
    for caption in captions:
        for position, base in caption.verbs.items():
            if base in _DULL or position not in caption.subjects:
                continue
            subject = subject_noun(caption, position)
            tail = _tail(caption, position) if subject else None
            if subject and tail is not None and (tail or base in _ENOUGH_ALONE):
                base = "lie" if base == "lay" else base  # captions say "laying" of who lies
                doing = spoken(" ".join([grammar.ing_form(base), *tail]))
                answers.setdefault(subject[0], []).append(doing)
    for noun, doings in answers.items():
        questions = (
            f"What is the {noun} doing?",
            f"What does the {noun} do?",
            f"What is the {noun} up to?",
            f"What can you see the {noun} doing?",
            f"What activity is the {noun} doing?",
            f"What is the {noun} doing in the {{medium}}?",
            f"Describe what the {noun} is doing.",
            f"Tell me what the {noun} does.",
            f"What is happening with the {noun}?",
            f"In the {{medium}}, what is the {noun} doing?",
        )
        said: list[str] = []
        for doing in doings:
            said += [f"{grammar.capitalise(doing)}."] * 2 + [f"The {noun} is {doing}."]
        yield Fact("doing", ("doing", noun), questions, tuple(said), kin_of(noun))


def _tail(caption: Caption, position: int) -> list[str] | None:
    """What follows the verb to the end of its clause; None if too long to be sure of."""
    tail: list[str] = []
    tokens = caption.tokens
    for index in range(position + 1, len(tokens)):
        token = tokens[index]
        if token in _CLAUSE_END:
            break
        if index in caption.verbs and not token.endswith("ing"):
            break  # "a man standing on a rock looks …": another predicate
        if token == "and" and not _joins_nouns(caption, index):
            break
        tail.append(token)
        if len(tail) > _MAX_TAIL_WORDS:
            break
    del tail[_MAX_TAIL_WORDS:]
    while tail and (tail[-1] in _DANGLING and tail[-1] not in {"down", "up", "around", "outside"}):
        tail.pop()
    if tail and (tail[-1] in words.ADJECTIVES or tail[-1] in VERB_BASE):
        return None
    return tail


def _joins_nouns(caption: Caption, index: int) -> bool:
    follower = caption.tokens[index + 1] if index + 1 < len(caption.tokens) else "."
    return follower in words.ADJECTIVES and caption.tokens[index - 1] in words.ADJECTIVES


def object_facts(captions: Sequence[Caption]) -> Iterator[Fact]:
    """What a subject rides, holds, sits on …; and who does it."""
    for caption in captions:
        for position, base in caption.verbs.items():
            subject = subject_noun(caption, position) if position in caption.subjects else None
            if subject is None:
                continue
            start, doing = position + 1, grammar.ing_form(base)
            following = caption.tokens[start] if start < len(caption.tokens) else "."
            particle = _WITH_PARTICLE.get((base, following))
            if particle:
                start, doing = start + 1, particle
            elif base not in _OBJECT_VERBS:
                continue
            phrase = noun_phrase(caption.tokens, start)
            if phrase is None or phrase[0].split()[-1] in _VAGUE:
                continue
            yield from _about_object(subject, doing, phrase[0])


_VAGUE = words.word_set("""
    something object item thing things pose face air side way trick back front right left
    group distance other ground game camera it course edge time area middle top bottom part
""")


def _about_object(subject: tuple[str, str], doing: str, found: str) -> Iterator[Fact]:
    noun, whole = subject
    base = doing.split()[0]
    third = _third_person(doing)
    questions = [
        f"What is the {noun} {doing}?",
        f"What is the {noun} in the {{medium}} {doing}?",
        f"In the {{medium}}, what is the {noun} {doing}?",
        f"What do you see the {noun} {doing}?",
        f"What can be seen that the {noun} is {doing}?",
        f"The {noun} is {doing} what?",
        f"Can you tell what the {noun} is {doing}?",
        f"Tell me what the {noun} is {doing}.",
        f"Say what the {noun} is {doing}.",
        f"What does the {noun} {third}?",
    ]
    answer = f"{grammar.capitalise(found)}."
    answers = (answer, answer, answer, f"The {noun} is {doing} {found}.")
    # "What is the woman playing with" is about the woman, and about the playing.
    yield Fact("what", (doing, noun), tuple(questions), answers, kin_of(noun))
    if base in {"wearing", "holding"} or noun not in words.PERSON:
        return
    who = grammar.article(whole)
    asked = (
        f"Who is {doing} {_definite(found)}?",
        f"Who is {doing} {found}?",
        f"Who can be seen {doing} {found}?",
        f"Who do you see {doing} {found}?",
        f"In the {{medium}}, who is {doing} {found}?",
        f"Which person is {doing} {found}?",
        f"Tell me who is {doing} {found}.",
        f"By whom is that: {doing} {found}?",
    )
    about = kin_of(found.split()[-1])
    yield Fact("what", ("who", doing), asked[:7], (f"{grammar.capitalise(who)}.",), about)


def _third_person(doing: str) -> str:
    verb, space, particle = doing.partition(" ")
    return VERB_BASE.get(verb, verb) + space + particle


def _definite(phrase: str) -> str:
    first, _, rest = phrase.partition(" ")
    return f"the {rest}" if first in {"a", "an"} else f"the {phrase}"
