"""The one thread that owns the model; everybody else hands it small jobs.

Between any two jobs the most urgent waiting one goes first (``schedule.pick``). It knows nothing
of video, memory or answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from streamvid.engine.allocator import keep_large_buffers
from streamvid.engine.blas_threads import limit_blas_threads
from streamvid.engine.schedule import Priority, Turns, Waiting, pick
from streamvid.engine.stream import Stream, closed_error
from streamvid.errors import (
    EngineBusyError,
    JobDroppedError,
    ModelFailedError,
    ModelLoadError,
    StreamvidError,
)
from streamvid.model.seam import ModelSpec, VideoModel
from streamvid.settings import Settings

T = TypeVar("T")
WAITING_FILE_JOBS = 4
BUFFERED_VALUES = 256


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What may be known of the loaded model outside its thread."""

    spec: ModelSpec
    fingerprint: str
    language_model: str


@dataclass(frozen=True, slots=True)
class EngineCounters:
    """What the engine did and refused since it started; ``waiting`` jobs are there now."""

    decode_steps: int
    question_jobs: int
    live_jobs: int
    file_jobs: int
    idle_jobs: int
    dropped_live: int
    refused_questions: int
    failed_jobs: int
    waiting: int


@dataclass(slots=True, eq=False)
class _Job:
    """Mutable: a stream's job waits again after each step, under its later priority."""

    waiting: Waiting
    work: Callable[[VideoModel], Any]
    future: Future[Any] | None = None
    stream: Stream[Any] | None = None
    rest: Priority = Priority.DECODE
    resting: bool = False


@dataclass(slots=True)
class _Tally:
    """Mutable: counted under the engine's lock."""

    done: dict[Priority, int] = field(default_factory=lambda: dict.fromkeys(Priority, 0))
    dropped_live: int = 0
    refused_questions: int = 0
    failed_jobs: int = 0


class Engine:
    """Owns the model in one worker thread; a context manager.

    ``load_model`` is called in that thread before the first job; where it fails, that job fails
    with ``ModelLoadError`` and the next one tries again. What waits is bounded: questions beyond
    ``settings.waiting_questions`` are refused, an owner's live jobs beyond
    ``settings.waiting_live_frames`` push out its oldest (``JobDroppedError``, counted), file jobs
    make their caller wait.
    """

    def __init__(
        self,
        load_model: Callable[[], VideoModel],
        *,
        settings: Settings | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load_model = load_model
        self._settings = settings or Settings()
        self._now_s = now_s
        self._model: VideoModel | None = None
        self._facts: ModelFacts | None = None
        self._own_fingerprint = ""
        self._follows: dict[str, str] = {}
        self._changed = threading.Condition()
        self._waiting: list[_Job] = []
        self._questions: set[str] = set()
        self._turns = Turns()
        self._number = 0
        self._closing = False
        self._tally = _Tally()
        self._thread: threading.Thread | None = None

    def submit(
        self,
        work: Callable[[VideoModel], T],
        *,
        priority: Priority,
        owner: str,
        born_s: float | None = None,
    ) -> Future[T]:
        """Have ``work`` done with the model; its value or exception comes with the future.

        A future that is cancelled before its turn never runs. Raises ``EngineClosedError``.
        """
        future: Future[T] = Future()
        with self._changed:
            if priority is Priority.FILE:
                while self._count(Priority.FILE) >= WAITING_FILE_JOBS and not self._closing:
                    self._changed.wait()
            job = _Job(self._ticket(priority, owner, born_s), work, future=future)
            self._enqueue(job)
            dropped = self._drop_oldest_live(owner) if priority is Priority.LIVE else None
        if dropped is not None:
            who, age_s = dropped.waiting.owner, self._now_s() - dropped.waiting.born_s
            _refuse(
                dropped, JobDroppedError(f"live queue is full; {who!r} dropped at {age_s:.1f} s")
            )
        return future

    def stream(
        self,
        start: Callable[[VideoModel], Iterator[T]],
        *,
        owner: str,
        first: Priority = Priority.QUESTION,
        rest: Priority = Priority.DECODE,
    ) -> Stream[T]:
        """Run the generator that ``start`` makes, one ``next`` a job.

        Its first step counts as ``first``, the others as ``rest``.
        Raises ``EngineClosedError``.
        """
        stream: Stream[T] = Stream(start, limit=BUFFERED_VALUES, wake=self._stir)
        with self._changed:
            ticket = self._ticket(first, owner, None)
            self._enqueue(_Job(ticket, stream.step, stream=stream, rest=rest))
        return stream

    @contextmanager
    def question(self) -> Iterator[str]:
        """A place among the questions: the owner name for its jobs. Raises ``EngineBusyError``."""
        with self._changed:
            if len(self._questions) >= self._settings.waiting_questions:
                self._tally.refused_questions += 1
                raise EngineBusyError(
                    f"{len(self._questions)} questions wait already; ask again later"
                )
            self._number += 1
            owner = f"question-{self._number}"
            self._questions.add(owner)
        try:
            yield owner
        finally:
            with self._changed:
                self._questions.discard(owner)
                self._follows.pop(owner, None)

    @property
    def loaded(self) -> bool:
        """Whether the model was loaded; asking this loads nothing."""
        return self._facts is not None

    def facts(self) -> ModelFacts:
        """Sizes and names of the model; loads it. Raises ``ModelLoadError``."""
        if self._facts is None:
            self._facts = self.submit(
                lambda model: ModelFacts(model.spec, model.fingerprint, model.language_model),
                priority=Priority.QUESTION,
                owner="facts",
            ).result()
        return self._facts

    def follow(self, owner: str, fingerprint: str) -> ModelFacts:
        """Have ``owner``'s jobs done as in the memory with ``fingerprint``, until ``unfollow``.

        A memory made on another machine may be in another precision (``VideoModel.adopt``). Gives
        the model's facts as these jobs will find them: with another fingerprint where more than
        the precision differs. All other owners' jobs are done in the model's own precision.
        """
        own = self.facts()
        if fingerprint == own.fingerprint:
            return own

        def adopt(model: VideoModel) -> ModelFacts | None:
            if not model.adopt(fingerprint):
                return None
            return ModelFacts(model.spec, model.fingerprint, model.language_model)

        facts = self.submit(adopt, priority=Priority.QUESTION, owner=owner).result()
        if facts is None:
            return own
        with self._changed:
            self._follows[owner] = fingerprint
        return facts

    def unfollow(self, owner: str) -> None:
        """Do further jobs of ``owner`` in the model's own precision."""
        with self._changed:
            self._follows.pop(owner, None)

    def counters(self) -> EngineCounters:
        """What was done so far."""
        with self._changed:
            done, tally = self._tally.done, self._tally
            return EngineCounters(
                decode_steps=done[Priority.DECODE],
                question_jobs=done[Priority.QUESTION],
                live_jobs=done[Priority.LIVE],
                file_jobs=done[Priority.FILE],
                idle_jobs=done[Priority.IDLE],
                dropped_live=tally.dropped_live,
                refused_questions=tally.refused_questions,
                failed_jobs=tally.failed_jobs,
                waiting=len(self._waiting),
            )

    def close(self) -> None:
        """Finish the running step, fail what waits with ``EngineClosedError``, free the model."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # Under the lock.

    def _ticket(self, priority: Priority, owner: str, born_s: float | None) -> Waiting:
        self._number += 1
        return Waiting(self._number, priority, owner, self._now_s() if born_s is None else born_s)

    def _enqueue(self, job: _Job) -> None:
        if self._closing:
            raise closed_error()
        self._waiting.append(job)
        if self._thread is None:
            keep_large_buffers()
            limit_blas_threads()
            # A daemon: an app that dies without closing must not hang on a model's long step.
            self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _count(self, priority: Priority) -> int:
        return sum(job.waiting.priority is priority for job in self._waiting)

    def _drop_oldest_live(self, owner: str) -> _Job | None:
        """Each source has its own room: many of them do not push out each other's frames."""
        waiting = (job for job in self._waiting if job.waiting.priority is Priority.LIVE)
        live = [job for job in waiting if job.waiting.owner == owner]
        if len(live) <= self._settings.waiting_live_frames:
            return None
        oldest = min(live, key=lambda job: (job.waiting.born_s, job.waiting.number))
        self._waiting.remove(oldest)
        self._tally.dropped_live += 1
        return oldest

    def _stir(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # The worker thread.

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            again = self._do(job)
            with self._changed:
                self._tally.done[job.waiting.priority] += 1
                if again:
                    job.waiting = self._ticket(job.rest, job.waiting.owner, None)
                    self._waiting.append(job)
        with self._changed:
            left, self._waiting = self._waiting, []
        for job in left:
            _refuse(job, closed_error())
        if self._model is not None:
            self._model.close()
            self._model = None

    def _next_job(self) -> _Job | None:
        with self._changed:
            while True:
                if self._closing:
                    return None
                ready = [
                    job for job in self._waiting if job.stream is None or not job.stream.resting
                ]
                if ready:
                    break
                self._changed.wait()
            place, self._turns = pick(
                [job.waiting for job in ready],
                self._turns,
                self._now_s(),
                late_s=self._settings.live_late_s,
            )
            self._waiting.remove(ready[place])
            self._changed.notify_all()  # a file job's caller may wait for room
            return ready[place]

    def _do(self, job: _Job) -> bool:
        """Do one job or step; whatever it raises goes to its caller, and the worker lives on."""
        if job.future is not None and not job.future.set_running_or_notify_cancel():
            return False
        try:
            value = job.work(self._model_for(job.waiting.owner))
        except BaseException as error:  # noqa: BLE001 - delivered whole to whoever waits for it
            with self._changed:
                self._tally.failed_jobs += 1
            _fail(job, error)
            return False
        if job.future is not None:
            job.future.set_result(value)
            return False
        return bool(value)

    def _model_for(self, owner: str) -> VideoModel:
        """The model in the precision of the memory that ``owner`` works on."""
        model = self._loaded()
        with self._changed:
            wanted = self._follows.get(owner, self._own_fingerprint)
        if model.fingerprint != wanted and not model.adopt(wanted):
            raise ModelFailedError(f"model cannot go back to {wanted[:12]}; start streamvid again")
        return model

    def _loaded(self) -> VideoModel:
        if self._model is None:
            try:
                model = self._load_model()
                self._own_fingerprint = model.fingerprint
                self._model = model
            except StreamvidError:
                raise
            except Exception as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                raise ModelLoadError(f"model could not be loaded: {reason}") from error
        return self._model


def _fail(job: _Job, error: BaseException) -> None:
    """Deliver the error of a job that ran."""
    if job.stream is not None:
        job.stream.end(error)
    elif job.future is not None:
        job.future.set_exception(error)


def _refuse(job: _Job, error: BaseException) -> None:
    """Deliver the error of a job that never ran; its caller may have cancelled it meanwhile."""
    if job.future is None or job.future.set_running_or_notify_cancel():
        _fail(job, error)
