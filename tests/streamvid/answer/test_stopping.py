"""Questions that are given up, in every way, stop within one step of the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamvid.answer.stream import AnswerStream
from streamvid.engine import Priority
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel
from tests.streamvid.watched import Watched

LIMIT_S = 20.0


class Opened:
    """A remembered recording, and a session whose answers would go on for very long."""

    def __init__(self, home: Path) -> None:
        watched = Watched(home, TinyModel())
        watched.see(20)
        watched.close()
        self.model = TinyModel(usable_context_tokens=10**6)
        settings = Settings(max_new_tokens=100_000)
        self.session = Session(home, lambda: self.model, settings=settings)

    def settled_tokens(self) -> int:
        """Tokens that the model has read and written once nothing of a question is under way."""
        for _ in range(3):  # decode steps would have had their turns in between
            self.session.search("door", "red")
        return self.model.prefilled_tokens


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path)
    with opened.session:
        yield opened


def cancel(stream: AnswerStream) -> None:
    stream.cancel()


def leave(stream: AnswerStream) -> None:
    stream.__exit__()


def drop(stream: AnswerStream) -> None:
    stream._asking.close()  # as when nobody holds it any more


@pytest.mark.parametrize("give_up", [cancel, leave, drop])
def test_an_answer_that_is_given_up_stops_within_a_step(
    opened: Opened, give_up: Callable[[AnswerStream], None]
) -> None:
    stream = opened.session.ask("door", "what ?")
    for _, _ in zip(range(5), stream, strict=False):
        pass
    if give_up is cancel:
        give_up(stream)
        before = opened.model.prefilled_tokens
    else:
        before = opened.model.prefilled_tokens
        give_up(stream)
    after = opened.settled_tokens()
    # a step may be under way; what is made ahead of a reader is bounded by the engine's buffer
    assert after - before <= (1 if give_up is cancel else 300)
    assert opened.settled_tokens() == after
    assert opened.session.ask("door", "again ?", deadline_s=0.0).result().finish == "deadline"


def test_one_that_waits_behind_another_is_given_up_before_it_begins(opened: Opened) -> None:
    entered, leave_it = threading.Event(), threading.Event()

    def hold(model: object) -> None:
        entered.set()
        assert leave_it.wait(LIMIT_S)

    opened.session._engine.facts()
    held = opened.session._engine.submit(hold, priority=Priority.DECODE, owner="hold")
    assert entered.wait(LIMIT_S)
    stop = threading.Event()
    stream = opened.session.ask("door", "what ?", cancelled=stop.is_set)
    reader = threading.Thread(target=stream.result)
    reader.start()
    stop.set()
    leave_it.set()
    held.result(LIMIT_S)
    reader.join(LIMIT_S)
    assert stream.result().finish == "cancelled"
    assert opened.model.fused_frames <= 2 * opened.model.spec.encode_batch
