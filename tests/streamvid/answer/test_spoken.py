"""What is streamed of an answer: words, and white space only between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from streamvid.errors import EmptyQuestionError
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
    ("pieces", "spoken"),
    [
        (["\n", "\n A", " dog", "\n", " and  ", "a cat. ", "\n\n"], "A dog\n and  a cat."),
        (["one"], "one"),
        (["", "\n "], ""),
        ([], ""),
    ],
)
def test_pieces_add_up_to_the_text(tmp_path: Path, pieces: list[str], spoken: str) -> None:
    path = film(tmp_path / "a.mp4", 3)
    with Session(tmp_path / "home", lambda: Speaker(pieces)) as session:
        stream = session.ask(path, "what ?")
        heard = list(stream)
        answer = stream.result()
    assert all(heard)
    assert "".join(heard) == answer.text == spoken
    assert (answer.timings.first_text_s > 0) == bool(spoken)


def test_an_empty_phrase_is_told_as_one(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 3)
    with Session(tmp_path / "home", TinyModel) as session:
        with pytest.raises(EmptyQuestionError, match="the phrase is empty"):
            session.search(path, " ")
        assert session.recordings() == ()
