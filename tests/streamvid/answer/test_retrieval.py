"""Looking words up: what is refused, and a model that has no words to search by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamvid.errors import EmptyQuestionError, ModelFailedError
from streamvid.model.errors import NoTextSearchError
from streamvid.model.seam import FloatArray
from streamvid.session import Session
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel


class Wordless(TinyModel):
    """Has no text side."""

    def embed_text(self, phrase: str) -> FloatArray:
        raise NoTextSearchError("this model searches by pictures alone")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clips") / "clip.mp4", 30)


@pytest.fixture
def wordless(tmp_path: Path) -> Iterator[Session]:
    with Session(tmp_path / "home", Wordless) as session:
        yield session


def test_an_empty_phrase_is_told_as_one(clip: Path, wordless: Session) -> None:
    with pytest.raises(EmptyQuestionError, match="the phrase is empty"):
        wordless.search(clip, " ")
    assert wordless.recordings() == ()


def test_without_words_to_search_by_a_question_is_answered(clip: Path, wordless: Session) -> None:
    answer = wordless.ask(clip, "what ?").result()
    assert answer.text
    assert answer.evidence == ()
    # The newest frame, and the others evenly spread.
    assert answer.exactness == ("bounded 6 of 30",)


def test_without_words_to_search_by_a_search_says_so(clip: Path, wordless: Session) -> None:
    with pytest.raises(ModelFailedError, match="by pictures alone"):
        wordless.search(clip, "a red car")


def test_a_phrase_is_looked_up_without_the_space_around_it(clip: Path, tmp_path: Path) -> None:
    looked_up: list[str] = []

    class Listening(TinyModel):
        def embed_text(self, phrase: str) -> FloatArray:
            looked_up.append(phrase)
            return super().embed_text(phrase)

    with Session(tmp_path / "home", Listening) as session:
        for phrase in (None, "  ", " red "):
            session.ask(clip, "what ?", phrase=phrase).result()
    assert looked_up == ["what ?", "what ?", "red"]
