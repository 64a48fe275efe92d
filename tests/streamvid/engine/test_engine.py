"""The engine with real threads and the tests' real tiny model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from streamvid.engine import Engine, Priority
from streamvid.errors import (
    EngineBusyError,
    EngineClosedError,
    JobDroppedError,
    ModelLoadError,
    StreamvidError,
)
from streamvid.model.seam import VideoModel
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel

LIMIT_S = 20.0


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Hold:
    """A job that keeps the worker busy until it is let go, so that a test can queue behind it."""

    def __init__(self, engine: Engine) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()
        self.future = engine.submit(self._wait, priority=Priority.IDLE, owner="hold")
        assert self.entered.wait(LIMIT_S)

    def _wait(self, model: VideoModel) -> None:
        self.entered.set()
        assert self.leave.wait(LIMIT_S)

    def release(self) -> None:
        self.leave.set()
        self.future.result(LIMIT_S)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(TinyModel) as engine:
        yield engine


def test_one_thread_owns_the_model_and_loads_it_once() -> None:
    loads: list[int] = []

    def load() -> TinyModel:
        loads.append(threading.get_ident())
        return TinyModel()

    with Engine(load) as engine:
        threads = {
            engine.submit(lambda model: threading.get_ident(), priority=priority, owner="x").result(
                LIMIT_S
            )
            for priority in Priority
        }
        assert engine.facts().spec.name == "tiny"
        assert engine.facts().fingerprint == TinyModel().fingerprint
    assert threads == set(loads)
    assert len(loads) == 1
    assert threading.get_ident() not in threads


def test_the_most_urgent_waiting_job_goes_first(engine: Engine) -> None:
    hold, order = Hold(engine), []
    futures = [
        engine.submit(lambda model, p=p: order.append(p), priority=p, owner="x")
        for p in (*reversed(Priority), Priority.FILE)
    ]
    hold.release()
    for future in futures:
        future.result(LIMIT_S)
    assert order == sorted(order)


def test_an_exception_reaches_its_caller_and_the_worker_lives_on(engine: Engine) -> None:
    def fail(model: VideoModel) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        engine.submit(fail, priority=Priority.FILE, owner="x").result(LIMIT_S)
    assert engine.submit(lambda model: 7, priority=Priority.FILE, owner="x").result(LIMIT_S) == 7
    assert engine.counters().failed_jobs == 1


def test_a_cancelled_future_never_runs(engine: Engine) -> None:
    hold, ran = Hold(engine), []
    future = engine.submit(lambda model: ran.append(1), priority=Priority.FILE, owner="x")
    assert future.cancel()
    hold.release()
    engine.submit(lambda model: None, priority=Priority.FILE, owner="x").result(LIMIT_S)
    assert ran == []
    with pytest.raises(CancelledError):
        future.result(LIMIT_S)


def test_a_stream_gives_its_values_in_order(engine: Engine) -> None:
    assert list(engine.stream(lambda model: iter(range(1000)), owner="q")) == list(range(1000))


def test_two_streams_decode_in_turn(engine: Engine) -> None:
    hold, order = Hold(engine), []

    def steps(name: str) -> Iterator[int]:
        for i in range(10):
            order.append(name)
            yield i

    streams = [
        engine.stream(lambda model, n=n: steps(n), owner=n, first=Priority.DECODE) for n in "ab"
    ]
    hold.release()
    assert [list(stream) for stream in streams] == [list(range(10))] * 2
    assert all(order[i] != order[i + 1] for i in range(0, 20, 2))


def test_file_jobs_run_between_the_steps_only_when_no_step_waits(engine: Engine) -> None:
    hold, order = Hold(engine), []

    def steps() -> Iterator[int]:
        for i in range(5):
            order.append("step")
            yield i

    stream = engine.stream(lambda model: steps(), owner="q")
    job = engine.submit(lambda model: order.append("file"), priority=Priority.FILE, owner="f")
    hold.release()
    job.result(LIMIT_S)
    assert list(stream) == list(range(5))
    assert order == ["step"] * 5 + ["file"]


def test_a_cancelled_stream_ends_within_one_step_and_closes_its_generator(engine: Engine) -> None:
    closed = threading.Event()
    taken: list[int] = []

    def steps() -> Iterator[int]:
        try:
            for i in range(10**9):
                taken.append(i)
                yield i
        finally:
            closed.set()

    stream = engine.stream(lambda model: steps(), owner="q")
    assert next(stream) == 0
    stream.cancel()
    after = len(taken)
    assert closed.wait(LIMIT_S)
    assert len(taken) <= after + 1
    list(stream)  # what was made already can be read; it ends


def test_a_slow_reader_rests_its_stream_and_loses_nothing(engine: Engine) -> None:
    made: list[int] = []

    def steps() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    stream = engine.stream(lambda model: steps(), owner="slow")
    engine.submit(lambda model: None, priority=Priority.FILE, owner="f").result(LIMIT_S)
    assert len(made) < 1000  # the file job got its turn because the buffer was full
    assert list(stream) == list(range(1000))


def test_an_exception_in_a_stream_comes_after_its_values(engine: Engine) -> None:
    def steps() -> Iterator[int]:
        yield 1
        raise KeyError("gone")

    stream = engine.stream(lambda model: steps(), owner="q")
    assert next(stream) == 1
    with pytest.raises(KeyError, match="gone"):
        next(stream)


def test_closing_fails_what_waits_and_frees_the_model() -> None:
    model = TinyModel()
    engine = Engine(lambda: model)
    hold = Hold(engine)
    future = engine.submit(lambda model: 1, priority=Priority.FILE, owner="x")
    stream = engine.stream(lambda model: iter([1]), owner="q")
    closer = threading.Thread(target=engine.close)
    closer.start()
    while not engine._closing:
        pass
    hold.release()
    closer.join(LIMIT_S)
    for outcome in (lambda: future.result(LIMIT_S), lambda: next(stream)):
        with pytest.raises(EngineClosedError):
            outcome()
    with pytest.raises(EngineClosedError):
        engine.submit(lambda model: 1, priority=Priority.FILE, owner="x")
    assert model.closed


def test_a_file_job_waits_for_room_and_closing_frees_its_caller() -> None:
    with Engine(TinyModel) as engine:
        hold = Hold(engine)
        outcomes: list[str] = []
        first_four = threading.Event()

        def fill() -> None:
            for i in range(6):
                if i == 4:
                    first_four.set()
                engine.submit(lambda model: None, priority=Priority.FILE, owner="f")
                outcomes.append("in")

        filler = threading.Thread(target=fill)
        filler.start()
        assert first_four.wait(LIMIT_S)
        assert engine.counters().waiting <= 4
        hold.release()
        filler.join(LIMIT_S)
        assert outcomes == ["in"] * 6


def test_the_oldest_live_frame_is_dropped_and_counted() -> None:
    clock = Clock()
    with Engine(TinyModel, settings=Settings(waiting_live_frames=3), now_s=clock) as engine:
        hold = Hold(engine)
        futures = [
            engine.submit(
                lambda model, i=i: i, priority=Priority.LIVE, owner="cam", born_s=float(i)
            )
            for i in range(5)
        ]
        hold.release()
        for i in (0, 1):
            with pytest.raises(JobDroppedError, match="queue is full"):
                futures[i].result(LIMIT_S)
        assert [future.result(LIMIT_S) for future in futures[2:]] == [2, 3, 4]
        assert engine.counters().dropped_live == 2


def test_each_source_has_its_own_room_for_waiting_frames() -> None:
    with Engine(TinyModel, settings=Settings(waiting_live_frames=3)) as engine:
        hold = Hold(engine)
        quiet = engine.submit(lambda model: 1, priority=Priority.LIVE, owner="yard", born_s=-9.0)
        busy = [
            engine.submit(lambda model: 2, priority=Priority.LIVE, owner="door") for _ in range(5)
        ]
        hold.release()
        assert quiet.result(LIMIT_S) == 1  # the oldest of all, and its own source has room
        for future in busy[:2]:
            with pytest.raises(JobDroppedError, match="'door' dropped"):
                future.result(LIMIT_S)
        assert [future.result(LIMIT_S) for future in busy[2:]] == [2] * 3


def test_late_live_frames_alternate_with_decode_steps() -> None:
    clock = Clock()
    with Engine(TinyModel, now_s=clock) as engine:
        hold, order = Hold(engine), []

        def steps() -> Iterator[int]:
            for i in range(6):
                order.append("decode")
                yield i

        stream = engine.stream(lambda model: steps(), owner="q")
        frames = [
            engine.submit(lambda model: order.append("live"), priority=Priority.LIVE, owner="cam")
            for _ in range(3)
        ]
        clock.now_s = 10.0
        hold.release()
        for frame in frames:
            frame.result(LIMIT_S)
        list(stream)
        assert order[:6] in (["live", "decode"] * 3, ["decode", "live"] * 3)


def test_too_many_questions_are_refused_in_one_line() -> None:
    with (
        Engine(TinyModel, settings=Settings(waiting_questions=2)) as engine,
        engine.question() as a,
        engine.question() as b,
    ):
        assert a != b
        with pytest.raises(EngineBusyError, match="2 questions wait already"), engine.question():
            pass
        assert engine.counters().refused_questions == 1


def test_a_place_among_the_questions_is_given_back(engine: Engine) -> None:
    for _ in range(100):
        with engine.question():
            pass


def test_a_model_that_fails_to_load_says_so_and_is_tried_again() -> None:
    attempts: list[int] = []

    def load() -> TinyModel:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("no such\nweights")
        return TinyModel()

    with Engine(load) as engine:
        with pytest.raises(ModelLoadError, match=r"^model could not be loaded: no such weights$"):
            engine.facts()
        assert engine.facts().spec.name == "tiny"


def test_an_error_of_ours_from_loading_passes_unchanged() -> None:
    def load() -> TinyModel:
        raise StreamvidError("weights are missing; run doctor")

    with Engine(load) as engine, pytest.raises(StreamvidError, match="run doctor"):
        engine.facts()
