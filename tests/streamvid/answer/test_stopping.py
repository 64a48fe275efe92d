"""Questions that are given up, in every way, stop within one step of the engine."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamvid.answer.span import TimeRange
from streamvid.answer.stream import AnswerStream
from streamvid.engine import Priority, Stream
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel
from tests.streamvid.watched import Watched

LIMIT_S = 20.0


class Gate:
    """Has the model stand still in its ``at``-th step of one token, until it is opened."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, tokens: int) -> None:
        self._left -= tokens == 1
        if self._left == 0 and not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(LIMIT_S)


class Opened:
    """A remembered recording, and a session whose answers would go on for very long."""

    def __init__(self, home: Path) -> None:
        watched = Watched(home, TinyModel())
        watched.see(20)
        watched.close()
        self.model = TinyModel(usable_context_tokens=10**6)
        settings = Settings(max_new_tokens=100_000, prefill_chunk_tokens=2)
        self.session = Session(home, lambda: self.model, settings=settings)

    def gate(self, at: int) -> Gate:
        self.model.on_extend = gate = Gate(at)
        return gate

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


@pytest.fixture
def given_up(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a question's steps in the engine are cancelled."""
    told, before = threading.Event(), Stream.cancel

    def cancel(stream: Stream[object]) -> None:
        before(stream)
        told.set()

    monkeypatch.setattr(Stream, "cancel", cancel)
    return told


def cancel(stream: AnswerStream) -> None:
    stream.cancel()


def leave(stream: AnswerStream) -> None:
    stream.__exit__()


def drop(stream: AnswerStream) -> None:
    stream._asking.close()  # as when nobody holds it any more


@pytest.mark.parametrize("give_up", [cancel, leave, drop])
def test_an_answer_that_is_given_up_stops_within_a_step(
    opened: Opened, given_up: threading.Event, give_up: Callable[[AnswerStream], None]
) -> None:
    gate = opened.gate(at=40)
    stream = opened.session.ask("door", "what ?")
    for _, _ in zip(range(5), stream, strict=False):
        pass
    assert gate.reached.wait(LIMIT_S)
    before = opened.model.prefilled_tokens
    leaving = threading.Thread(target=give_up, args=(stream,))  # some wait for the step
    leaving.start()
    end_s = time.monotonic() + LIMIT_S
    while not (given_up.is_set() or stream._stop.is_set()) and time.monotonic() < end_s:
        time.sleep(0.001)
    gate.opened.set()
    leaving.join(LIMIT_S)
    after = opened.settled_tokens()
    assert after - before == 1  # the step that was under way, and no other
    assert opened.settled_tokens() == after
    assert opened.session.ask("door", "again ?", deadline_s=0.0).result().finish == "deadline"


@pytest.mark.parametrize("within", [TimeRange(), TimeRange(0, 15)], ids=["growing", "settled"])
def test_ctrl_c_while_the_view_is_read_stops_behind_the_chunk(
    opened: Opened, given_up: threading.Event, within: TimeRange
) -> None:
    gate, before = Gate(at=1), []
    opened.model.on_extend = lambda tokens: gate(1 if tokens == 2 else 0)

    def interrupt() -> None:
        assert gate.reached.wait(LIMIT_S)
        before.append(opened.model.prefilled_tokens)
        asking = threading.main_thread().ident or 0
        while sys._current_frames()[asking].f_code is not threading.Condition.wait.__code__:
            time.sleep(0.001)  # until it waits for the chunk
        time.sleep(0.05)  # a signal ahead of the system call would be heard behind it
        signal.pthread_kill(asking, signal.SIGINT)
        given_up.wait(LIMIT_S / 4)
        gate.opened.set()

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        opened.session.ask("door", "what ?", within=within).result()
    interrupting.join(LIMIT_S)
    after = opened.settled_tokens()
    assert [after - before[0], given_up.is_set()] == [2, True]  # the chunk that was under way
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
