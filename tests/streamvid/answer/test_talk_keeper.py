"""Conversations under small budgets: what the context holds is what it would be made of anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from streamvid.answer import TimeRange
from streamvid.answer.result import Answer
from streamvid.errors import ModelFailedError
from streamvid.model.errors import PromptError
from streamvid.model.seam import Finished, FusedSum
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TAIL, D, TinyContext, TinyModel

OPENING = 1
"""Tokens of the tiny model's end of an answer."""
WHOLE, PART = TimeRange(), TimeRange(10, 30)


@dataclass
class Asked:
    """A question as it reached the model: the rows before it, its prompt, and its answer."""

    before: np.ndarray
    prompt: np.ndarray
    text: str = ""
    finished: Finished | None = None


class Listener(TinyModel):
    """The tiny model, noting what it is asked; it fails at what ``doomed`` names."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self.doomed = ""

    def fuse(self, *given: Any, **more: Any) -> FusedSum:
        if self.doomed == "fusion":
            raise PromptError("the question cannot be put; word it otherwise")
        return super().fuse(*given, **more)

    def answer_embeddings(self, text: str) -> Any:
        if self.doomed == "account":
            raise PromptError("the answer cannot be said again; ask otherwise")
        return super().answer_embeddings(text)

    def generate(self, context: TinyContext, prompt: Any, *given: Any, **more: Any) -> Any:
        asked = Asked(context.rows.copy(), np.array(prompt))
        self.asked.append(asked)
        for step in super().generate(context, prompt, *given, **more):
            if isinstance(step, Finished):
                asked.finished = step
            else:
                asked.text += step
                if self.doomed == "answer" and len(asked.text) == 2:
                    raise PromptError("the answer cannot be given; ask otherwise")
            yield step


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clips") / "clip.mp4", 40)


@pytest.fixture(scope="module")
def home(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with Session(home, TinyModel) as session:
        session.ingest(clip)
    return home


class Talking:
    """A conversation, and an account beside it of what must stand before each question."""

    def __init__(self, session: Session, model: Listener, clip: Path, room_tokens: int) -> None:
        self.model = model
        self.room_tokens = room_tokens
        self.turns: list[tuple[np.ndarray, np.ndarray, str]] = []
        """Opening (none where nothing was before it), question and answer."""
        self.lone = partial(session.ask, clip, "alone ?")
        self.alone: dict[TimeRange, Asked] = {}
        for within in (WHOLE, PART):
            self.lone(within=within).result()
            self.alone[within] = model.asked[-1]
        self.conversation = session.conversation(clip)

    def ask(self, question: str, within: TimeRange, *, until_tokens: int = 10**9) -> Answer | None:
        """Ask and look at what the model was given; ``None`` where it failed.

        It is stopped once the model has read ``until_tokens`` in all.
        """
        while self.turns and len(self.history(within)) > self.room_tokens:
            del self.turns[0]
        asked_before = len(self.model.asked)
        answer = None
        with suppress(ModelFailedError):
            answer = self.conversation.ask(
                question,
                within=within,
                cancelled=lambda: self.model.prefilled_tokens >= until_tokens,
            ).result()
        for asked in self.model.asked[asked_before:]:
            self.check(asked, within)
            if answer is not None and answer.finish == "length":
                assert ("history kept" in answer.exactness) == bool(self.turns)
                held = len(asked.before) + len(asked.prompt) + len(asked.text)
                assert answer.usage.context_tokens == held
                skip = OPENING if self.turns else len(TAIL)
                opening = asked.prompt[: OPENING if self.turns else 0]
                self.turns.append((opening, asked.prompt[skip:], asked.text))
        return answer

    def history(self, within: TimeRange) -> np.ndarray:
        """What follows the view, built from nothing: rows [n, d] before places are added."""
        if not self.turns:
            return np.zeros((0, D), np.float32)
        rows = [self.alone[within].prompt[: len(TAIL)]]
        for number, (opening, question, text) in enumerate(self.turns):
            rows += [opening[: OPENING if number else 0], question]
            rows.append(TinyModel()._text(text.encode()))
        return np.concatenate(rows)

    def check(self, asked: Asked, within: TimeRange) -> None:
        """The question met the view and the history, in order and within the bound."""
        history = self.history(within)
        assert len(history) <= self.room_tokens
        scratch = TinyContext(TinyModel())
        scratch.rows = self.alone[within].before
        scratch.extend(history)
        np.testing.assert_allclose(asked.before, scratch.rows, atol=1e-5)


@contextmanager
def talking(home: Path, clip: Path, room_tokens: int) -> Iterator[Talking]:
    model = Listener()
    settings = Settings(history_tokens=room_tokens, max_new_tokens=6, prefill_chunk_tokens=5)
    with Session(home, lambda: model, settings=settings) as session:
        talk = Talking(session, model, clip, room_tokens)
        with talk.conversation:
            yield talk


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "answer", "fusion", "account", "stop"]),
        st.integers(1, 30),
        st.sampled_from([WHOLE, WHOLE, PART]),
    ),
    min_size=1,
    max_size=8,
)
"""What is done or fails, how long the question is (and how many tokens are read until it is
stopped), and about which range."""


@given(steps=STEPS, room_tokens=st.integers(0, 120))
@hypothesis_settings(max_examples=25, deadline=None)
def test_whatever_happens_a_question_meets_the_turns_that_fit(
    home: Path, clip: Path, steps: list[tuple[str, int, TimeRange]], room_tokens: int
) -> None:
    with talking(home, clip, room_tokens) as talk:
        for kind, size, within in steps:
            talk.model.doomed = kind
            until = talk.model.prefilled_tokens + (size if kind == "stop" else 10**6)
            answer = talk.ask("x" * size, within, until_tokens=until)
            assert (answer is None) == (kind in ("answer", "fusion", "account"))
        talk.model.doomed = ""
        answer = talk.ask("and at last ?", WHOLE)
        assert answer is not None
        assert answer.finish == "length"


def test_the_oldest_turn_goes_first(home: Path, clip: Path) -> None:
    with talking(home, clip, 50) as talk:
        lengths = []
        for number in range(8):
            talk.ask(f"q{number} ?", WHOLE)
            lengths.append(len(talk.turns))
    # A turn takes 4 tokens of text, 4 of markers, 6 of answer and 1 of opening: three fit.
    assert lengths == [1, 2, 3, 4, 4, 4, 4, 4]


def test_what_fits_is_not_read_again(home: Path, clip: Path) -> None:
    with talking(home, clip, 120) as talk:
        talk.ask("what ?", WHOLE)
        before = talk.model.prefilled_tokens
        answer = talk.ask("why ?", WHOLE)
        assert answer is not None
        assert answer.usage.context_reused
        assert talk.model.prefilled_tokens - before == answer.usage.question_tokens + 6


def test_a_changed_range_takes_the_turns_along(home: Path, clip: Path) -> None:
    with talking(home, clip, 120) as talk:
        talk.ask("what ?", WHOLE)
        talk.ask("why ?", WHOLE)
        elsewhere = talk.ask("and here ?", PART)
        assert elsewhere is not None
        assert "history kept" in elsewhere.exactness
        assert len(talk.turns) == 3


def test_a_question_stopped_while_turns_are_said_again_leaves_them(home: Path, clip: Path) -> None:
    with talking(home, clip, 120) as talk:
        for number in range(4):
            talk.ask(f"q{number} ?", WHOLE)
        said = talk.model.prefilled_tokens + 10
        stopped = talk.ask("x", PART, until_tokens=said)
        assert stopped is not None
        assert (stopped.finish, stopped.exactness) == ("cancelled", ())
        assert len(talk.turns) == 4
        after = talk.ask("go on", WHOLE)
        assert after is not None
        assert "history kept" in after.exactness
        assert len(talk.turns) == 5


def test_one_stopped_while_turns_are_forgotten_shares_its_context_with_nobody(
    home: Path, clip: Path
) -> None:
    with talking(home, clip, 50) as talk:
        for number in range(4):
            talk.ask(f"q{number} ?", WHOLE)
        said = talk.model.prefilled_tokens + 10
        stopped = talk.ask("x", WHOLE, until_tokens=said)
        assert stopped is not None
        assert (stopped.finish, stopped.exactness) == ("cancelled", ())
        talk.ask("go on", WHOLE)
        talk.lone(within=WHOLE).result()
        alone, again = talk.alone[WHOLE], talk.model.asked[-1]
        np.testing.assert_array_equal(again.before, alone.before)
        assert again.text == alone.text
        talk.ask("and on", WHOLE)
        assert len(talk.turns) == 4
