"""What is streamed of an answer: words, and white space only between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.answer.spoken import spoken
from streamvid.model.seam import Finished
from streamvid.session import Session
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel


class Speaker(TinyModel):
    """Says ``pieces`` and nothing else."""

    def __init__(self, pieces: Sequence[str]) -> None:
        super().__init__()
        self.pieces = pieces

    def generate(self, *given: Any, **options: Any) -> Iterator[str | Finished]:
        yield from self.pieces
        yield Finished("stop", 3, len(self.pieces), 0.0, 0.1)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["\n", "\n A", " dog", "\n", " and  ", "a cat. ", "\n\n"], "A dog\n and  a cat."),
        (["one"], "one"),
        (["", "\n "], ""),
        ([], ""),
    ],
)
def test_what_is_streamed_adds_up_to_the_text(tmp_path: Path, pieces: list[str], text: str) -> None:
    path = film(tmp_path / "a.mp4", 3)
    with Session(tmp_path / "home", lambda: Speaker(pieces)) as session:
        stream = session.ask(path, "what ?")
        heard = list(stream)
        answer = stream.result()
    assert all(heard)
    assert "".join(heard) == answer.text == text
    assert (answer.timings.first_text_s > 0) == bool(text)


@given(st.lists(st.text(" \n\tab", max_size=4)))
def test_any_pieces_add_up_to_what_they_say_without_the_space_around_it(pieces: list[str]) -> None:
    heard = list(spoken(pieces))
    assert "".join(heard) == "".join(pieces).strip()
    assert all(words == words.rstrip() != "" for words in heard)


def test_a_word_is_heard_before_the_next_is_there() -> None:
    pieces = iter(["one", " two"])
    heard = spoken(pieces)
    assert next(heard) == "one"
    assert list(pieces) == [" two"]
