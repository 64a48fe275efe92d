"""Question and answer pairs that came with a picture, made into sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from streamvid.training.turns import grammar
from streamvid.training.turns.turn import GivenPair, Turn

_DIGIT_NUMBERS = {str(value): grammar.number_word(value) for value in range(13)}


def given_turn(pairs: Sequence[GivenPair], rng: Random) -> Turn | None:
    """One of the pairs as a turn; None if there is none."""
    if not pairs:
        return None
    pair = rng.choice(pairs)
    question = re.sub(r"\s+", " ", pair.question).strip()
    question = grammar.capitalise(question.rstrip("?. ")) + "?"
    # Both spellings are asked at use; the pairs have one.
    if rng.random() < 0.5:
        question = re.sub(r"\bcolor\b", "colour", question)
    answer = _DIGIT_NUMBERS.get(pair.answer.strip(), pair.answer)
    return Turn(question, grammar.sentence(_spoken(answer, pair)), "qa")


def _spoken(answer: str, pair: GivenPair) -> str:
    """A bare singular object gets its article where the statement gave it one."""
    if pair.type == "object" and pair.statement:
        found = re.search(rf"\b(an?) {re.escape(answer)}\b", pair.statement, re.I)
        if found:
            return f"{found[1].lower()} {answer}"
    return answer
