"""The real engine under load, in simulated time: jobs cost what they cost on two slow cores.

Work advances the clock, and whatever arrives meanwhile is handed over from there, in the engine's
own thread: so a run is the same each time, and five minutes take a moment.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from streamvid.engine import Engine, Priority
from streamvid.errors import JobDroppedError
from streamvid.model.seam import VideoModel
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel

LIMIT_S = 60.0
READING_S = (0.05, 0.1, 0.1, 0.27, 0.03)
"""A question's embedding, two steps of fusion, the view's prefill, the prompt's."""
DECODE_S, ENCODE_S, FILE_BATCH_S = 0.02, 0.04, 0.3
ANSWER_TOKENS = 60


class World:
    """Cameras at one frame a second, askers who ask again at once, a file, for ``length_s``."""

    def __init__(self, *, cameras: int, askers: int, files: int, length_s: float) -> None:
        self.now_s = 0.0
        self.length_s = length_s
        self.over = threading.Event()
        self.ages_s: dict[str, list[float]] = {f"cam{i}": [] for i in range(cameras)}
        self.first_word_s: dict[str, list[float]] = {f"ask{i}": [] for i in range(askers)}
        self.most_between_steps_s = 0.0
        self.file_batches = self.idle_jobs = 0
        self.frames: list[Future[None]] = []
        self._files = files
        self._seen_s = 0
        self.engine = Engine(TinyModel, settings=Settings(), now_s=lambda: self.now_s)

    def play(self) -> None:
        def start(model: VideoModel) -> None:
            for name in self.first_word_s:
                self._ask(name, 1)
            for _ in range(self._files):
                self._watch_file()
            self._idle()
            self._spend(0.001)

        with self.engine:
            self.engine.submit(start, priority=Priority.QUESTION, owner="start")
            assert self.over.wait(LIMIT_S)

    def _spend(self, seconds: float) -> None:
        self.now_s += seconds
        if self.now_s >= self.length_s:
            self.over.set()
            return
        while self._seen_s < int(self.now_s):
            self._seen_s += 1
            for name in self.ages_s:
                self._see(name, float(self._seen_s))

    def _see(self, name: str, born_s: float) -> None:
        def encode(model: VideoModel) -> None:
            self.ages_s[name].append(self.now_s - born_s)
            self._spend(ENCODE_S)

        self.frames.append(
            self.engine.submit(encode, priority=Priority.LIVE, owner=name, born_s=born_s)
        )

    def _watch_file(self) -> None:
        def encode(model: VideoModel) -> None:
            self.file_batches += not self.over.is_set()
            self._spend(FILE_BATCH_S)
            if not self.over.is_set():
                self._watch_file()

        self.engine.submit(encode, priority=Priority.FILE, owner="film")

    def _idle(self) -> None:
        def extend(model: VideoModel) -> None:
            self.idle_jobs += not self.over.is_set()
            self._spend(0.05)
            if not self.over.is_set():
                self._idle()

        self.engine.submit(extend, priority=Priority.IDLE, owner="epochs")

    def _ask(self, name: str, number: int) -> None:
        asked_s = self.now_s

        def decode(model: VideoModel) -> Iterator[None]:
            self._spend(READING_S[-1])
            yield
            self.first_word_s[name].append(self.now_s - asked_s)
            for _ in range(ANSWER_TOKENS):
                before_s = self.now_s
                self._spend(DECODE_S)
                yield
                self.most_between_steps_s = max(self.most_between_steps_s, self.now_s - before_s)
            if not self.over.is_set():
                self._ask(name, number + 1)

        def read(model: VideoModel) -> Iterator[None]:
            for cost_s in READING_S[:-1]:
                self._spend(cost_s)
                yield
            self.engine.stream(decode, owner=f"{name}-{number}")

        self.engine.stream(read, owner=f"{name}-{number}", rest=Priority.QUESTION)

    def dropped(self) -> int:
        return sum(
            isinstance(frame.exception(), JobDroppedError) for frame in self.frames if frame.done()
        )


@pytest.mark.parametrize(("cameras", "askers"), [(2, 1), (2, 3), (8, 3)])
def test_neither_questions_nor_live_frames_starve(cameras: int, askers: int) -> None:
    world = World(cameras=cameras, askers=askers, files=1, length_s=300.0)
    world.play()
    assert world.engine.counters().dropped_live == world.dropped() == 0
    for ages_s in world.ages_s.values():
        # late at 4 s; then every other turn is a frame's, the oldest first
        assert max(ages_s) <= 4.0 + cameras * (max(READING_S) + ENCODE_S)
        assert len(ages_s) >= 300 - 4 - 2 * cameras
    # Beside each job of its own at most one of each other question and a frame; without turns
    # between reading and decoding three askers waited 4.4 s, each for the others' whole answers.
    alone_s, turn_s = sum(READING_S), DECODE_S + ENCODE_S
    for waits_s in world.first_word_s.values():
        assert max(waits_s) <= askers * (alone_s + len(READING_S) * turn_s) + 2 * DECODE_S
    assert world.most_between_steps_s <= 2 * max(READING_S) + 3 * turn_s
    answers = [len(waits_s) for waits_s in world.first_word_s.values()]
    assert max(answers) - min(answers) <= 1
    assert world.file_batches == world.idle_jobs == 0  # somebody always asked


def test_without_questions_frames_are_encoded_at_once_and_files_take_the_rest() -> None:
    world = World(cameras=2, askers=0, files=1, length_s=100.0)
    world.play()
    for ages_s in world.ages_s.values():
        assert max(ages_s) <= 1.0 + FILE_BATCH_S + 2 * ENCODE_S  # arrivals are told between jobs
    assert world.file_batches >= (100 - 200 * ENCODE_S) / FILE_BATCH_S - 1
    assert world.idle_jobs == 0


def test_a_question_among_cameras_waits_for_one_job_at_most() -> None:
    """The first word of the first question: its own reading, and what ran when it came."""
    world = World(cameras=2, askers=1, files=1, length_s=30.0)
    world.play()
    assert world.first_word_s["ask0"][0] <= sum(READING_S) + FILE_BATCH_S + ENCODE_S


def test_the_oldest_frames_of_a_source_go_where_the_engine_cannot_keep_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(globals(), "ENCODE_S", 1.5)
    world = World(cameras=1, askers=0, files=0, length_s=120.0)
    world.play()
    counters = world.engine.counters()
    assert counters.dropped_live == world.dropped() > 10
    ages_s = world.ages_s["cam0"]
    assert max(ages_s) <= 16 * 1.5 + 2 * 1.5  # the queue's length: memory and delay are bounded
    assert all(age_s >= 0 for age_s in ages_s)
    assert len(ages_s) + counters.dropped_live + 16 >= 118
