"""Which turns of a conversation stay, and what is said again of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamvid.answer.talk import Turn, said_again, youngest

Sizes = list[tuple[int, int, int]]
"""Tokens of each turn's opening, question and answer."""
SIZES = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6), st.integers(0, 6)), max_size=6)


def turns_of(sizes: Sizes) -> tuple[Turn, ...]:
    """Turns whose rows are told apart by turn, part and place."""

    def rows(turn: int, part: int, tokens: int) -> np.ndarray:
        places = [(turn, part, place) for place in range(tokens)]
        return np.array(places, np.float32).reshape(tokens, 3)

    return tuple(
        Turn(np.concatenate([rows(turn, 0, opening), rows(turn, 1, words)]), opening,
             rows(turn, 2, answer))
        for turn, (opening, words, answer) in enumerate(sizes)
    )  # fmt: skip


def expected_rows(sizes: Sizes, first: int, tail: np.ndarray) -> list[list[float]]:
    rows = tail.tolist()
    for turn in range(first, len(sizes)):
        opening, words, answer = sizes[turn]
        counts = (0 if turn == first else opening, words, answer)
        rows += [[turn, part, place] for part, n in enumerate(counts) for place in range(n)]
    return rows


@given(sizes=SIZES, tail_tokens=st.integers(0, 3), room_tokens=st.integers(0, 60))
def test_the_oldest_turns_go_and_no_more_than_must(
    sizes: Sizes, tail_tokens: int, room_tokens: int
) -> None:
    tail = np.full((tail_tokens, 3), -1, np.float32)
    turns = turns_of(sizes)
    stay = youngest(turns, tail_tokens=tail_tokens, room_tokens=room_tokens)
    first = len(turns) - len(stay)
    assert stay == turns[first:]
    assert len(said_again(stay, tail)) <= (room_tokens if stay else 0)
    if first:
        assert len(expected_rows(sizes, first - 1, tail)) > room_tokens


@given(sizes=SIZES.filter(len), tail_tokens=st.integers(0, 3), data=st.data())
def test_what_is_left_reads_as_a_dialogue_that_began_there(
    sizes: Sizes, tail_tokens: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(sizes) - 1))
    tail = np.full((tail_tokens, 3), -1, np.float32)
    said = said_again(turns_of(sizes)[first:], tail)
    assert said.dtype == np.float32
    assert said.tolist() == expected_rows(sizes, first, tail)


def test_without_turns_the_question_brings_the_tail_itself() -> None:
    assert said_again((), np.ones((2, 3), np.float32)).shape == (0, 3)
