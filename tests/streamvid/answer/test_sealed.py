"""Questions about recordings that grow: what is prefilled, what the context holds, what is said."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capture import decode_still
from memory import RollingView
from streamvid.answer import TimeRange
from streamvid.session import Session
from streamvid.settings import Settings
from tests.memory.frames import RAM_FOLDER
from tests.streamvid.tiny_model import HEAD, D, TinyContext, TinyModel
from tests.streamvid.watched import Watched

LIMIT_S = 20.0
WORDS = 4


class SlowContext(TinyContext):
    def extend(self, embeddings: Any) -> None:
        time.sleep(getattr(self.model, "slow_s", 0.0))
        super().extend(embeddings)


class Listener(TinyModel):
    """The tiny model, noting what stands in the context before each prompt."""

    slow_s = 0.0

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.before: list[np.ndarray] = []
        self.prompts: list[np.ndarray] = []

    def context(self, prefix_head: Any) -> TinyContext:
        context = SlowContext(self)
        context.extend(prefix_head)
        return context

    def generate(self, context: TinyContext, prompt: Any, *given: Any, **more: Any) -> Any:
        self.before.append(context.rows.copy())
        self.prompts.append(np.array(prompt))
        yield from super().generate(context, prompt, *given, **more)


class Live:
    """A growing recording, and a session that is asked about it."""

    def __init__(self, home: Path, *, view_tokens: int = 32, **settings: Any) -> None:
        self.watched = Watched(home, TinyModel())
        self.model = Listener(default_view_tokens=view_tokens, usable_context_tokens=8000)
        chosen = {"max_new_tokens": WORDS, **settings}
        self.session = Session(home, lambda: self.model, settings=Settings(**chosen))

    def ask(self, question: str = "what ?", **more: Any) -> Any:
        return self.session.ask("door", question, **more).result()

    def close(self) -> None:
        self.session.close()
        self.watched.close()

    def head_now(self) -> np.ndarray:
        """The prefix head's mean over all frames, the long way."""
        with self.watched.recording.snapshot() as snapshot:
            stills = snapshot.stills(snapshot.frames().ticks.tolist())
        encoded = TinyModel().encode([decode_still(still) for still in stills.values()])
        return encoded.fused_prefix.mean(0)[: len(HEAD)]

    def context_of(self, head: np.ndarray, view_tokens: int = 32) -> np.ndarray:
        """What a context over all frames holds behind ``head``, the long way."""
        view = RollingView(view_tokens, (1, D), policy="merge-similar")
        with self.watched.recording.snapshot() as snapshot:
            for chunk in snapshot.tokens():
                view.append(chunk.t_s, chunk.values, snapshot.gaps())
        context = TinyContext(TinyModel())
        context.extend(head)
        context.extend(view.view().flat_tokens)
        return context.rows


Open = Callable[..., Live]


@pytest.fixture
def open_live() -> Iterator[Open]:
    opened: list[Live] = []
    with tempfile.TemporaryDirectory(dir=RAM_FOLDER) as folder:

        def make(**settings: Any) -> Live:
            opened.append(Live(Path(folder), **settings))
            return opened[-1]

        yield make
        for live in opened:
            live.close()


def test_what_is_new_goes_behind_a_frozen_prefix(open_live: Open) -> None:
    live = open_live(epoch_drift=1.0, fusion="full")
    live.watched.see(10)
    first = live.ask()
    head = live.head_now()
    assert first.exactness == ("exact",)  # nothing was frozen before it
    assert (first.usage.epoch, first.usage.full_prefills) == (1, 1)
    np.testing.assert_allclose(live.model.before[-1], live.context_of(head), atol=5e-3)
    frozen = live.model.before[-1][: len(HEAD)]
    for more in (1, 5, 7):
        live.watched.see(more)
        prefilled = live.model.prefilled_tokens
        answer = live.ask()
        usage = answer.usage
        assert answer.exactness == ("sealed prefix",)
        assert (usage.epoch, usage.full_prefills, usage.extended_tokens) == (1, 0, more)
        assert usage.context_reused
        # the new frames, the prompt and the answer: nothing else
        said = len(live.model.prompts[-1]) + WORDS
        assert live.model.prefilled_tokens - prefilled == more + said
        rows = live.model.before[-1]
        np.testing.assert_array_equal(rows[: len(HEAD)], frozen)
        np.testing.assert_array_equal(rows[len(HEAD) :], live.context_of(head)[len(HEAD) :])
    assert live.ask().exactness == ("sealed prefix",)
    assert live.session.context_counters().full_prefills == 1
    assert live.session.context_counters().extended_tokens == 13


def test_a_compaction_ends_an_epoch_and_the_answer_says_merged(open_live: Open) -> None:
    live = open_live(epoch_drift=1.0)
    live.watched.see(30)
    live.ask()
    live.watched.see(6)  # a view of 32 is full in between
    answer = live.ask()
    assert (answer.usage.epoch, answer.usage.full_prefills) == (2, 1)
    assert answer.exactness == ("bounded 6 of 36", "merged view")
    np.testing.assert_allclose(live.model.before[-1], live.context_of(live.head_now()), atol=5e-3)
    live.watched.see(2)
    assert live.ask().exactness == ("bounded 6 of 38", "merged view", "sealed prefix")
    assert len(live.session._asker._contexts) == 1  # the old epoch's is closed


def test_a_mean_that_moved_too_far_ends_an_epoch_while_the_view_is_young(open_live: Open) -> None:
    live = open_live(epoch_drift=0.0)
    live.watched.see(5)
    live.ask()
    live.watched.see(1)
    answer = live.ask()
    assert (answer.usage.epoch, answer.usage.full_prefills) == (2, 1)
    assert "sealed prefix" not in answer.exactness
    live.watched.see(27)  # the first compaction
    live.ask()
    live.watched.see(1)
    answer = live.ask()
    assert answer.usage.full_prefills == 0
    assert "sealed prefix" in answer.exactness


@pytest.mark.slow  # 3,000 frames through a model, and a thousand questions about them
def test_a_question_prefills_what_is_new_and_all_once_per_256_frames(open_live: Open) -> None:
    """At 1 fps with the default view, after its first 1,024 frames; nobody keeps up in between."""
    live = open_live(view_tokens=1024, fusion_frames=1, max_new_tokens=1)
    live.watched.see(1024, commit_frames=64)
    live.ask()
    full_at: list[int] = []
    while live.watched.next_tick < 3000:
        live.watched.see(3)
        usage = live.ask().usage
        assert usage.full_prefills or usage.extended_tokens == 3
        if usage.full_prefills:
            full_at.append(live.watched.next_tick)
    frames = live.watched.next_tick - 1024
    assert len(full_at) <= frames / 256 + 1
    assert len(full_at) >= frames // 256  # the view was compacted that often
    assert all(b - a >= 256 - 3 for a, b in itertools.pairwise(full_at))
    assert live.session.context_counters().full_prefills == 1 + len(full_at)


def test_what_was_asked_of_is_kept_up_in_the_background(open_live: Open) -> None:
    live = open_live(view_tokens=256, epoch_drift=1.0)
    live.watched.see(10)
    live.session.upkeep.tell(live.watched.recording)  # nobody asked yet: nothing to keep up
    assert live.session.upkeep.wait_until_idle(LIMIT_S)
    assert live.session.context_counters().full_prefills == 0
    live.ask()
    live.watched.see(20)
    live.session.upkeep.tell(live.watched.recording)
    assert live.session.upkeep.wait_until_idle(LIMIT_S)
    assert live.session.context_counters().extended_tokens == 0  # too few for a pass
    live.watched.see(20)
    live.session.upkeep.tell(live.watched.recording)
    assert live.session.upkeep.wait_until_idle(LIMIT_S)
    assert live.session.context_counters().extended_tokens == 40
    answer = live.ask()
    assert answer.usage.extended_tokens == 0
    assert "sealed prefix" in answer.exactness
    assert live.session.engine_counters().idle_jobs > 0
    np.testing.assert_array_equal(
        live.model.before[-1][len(HEAD) :], live.context_of(live.head_now(), 256)[len(HEAD) :]
    )
    live.watched.see(250)  # a compaction: the next epoch is begun before anybody asks
    live.session.upkeep.tell(live.watched.recording)
    assert live.session.upkeep.wait_until_idle(LIMIT_S)
    assert live.session.context_counters().full_prefills == 2
    usage = live.ask().usage
    assert (usage.epoch, usage.full_prefills, usage.extended_tokens) == (2, 0, 0)


def test_upkeep_leaves_a_context_alone_that_somebody_works_behind(open_live: Open) -> None:
    live = open_live(view_tokens=256, epoch_drift=1.0)
    live.watched.see(10)
    with live.session.conversation("door") as talk:
        talk.ask("what ?").result()
        live.watched.see(50)
        live.session.upkeep.tell(live.watched.recording)
        assert live.session.upkeep.wait_until_idle(LIMIT_S)
        assert live.session.context_counters().extended_tokens == 0
        # another question reads on in a copy, which is kept: the next reads nothing
        assert live.ask().usage.extended_tokens == 50
        assert live.ask().usage.extended_tokens == 0


def test_a_conversation_says_its_turns_again_behind_new_frames(open_live: Open) -> None:
    live = open_live(epoch_drift=1.0)
    live.watched.see(10)
    with live.session.conversation("door") as talk:
        first = talk.ask("one ?").result()
        view = 10
        said = [live.model.prompts[-1], live.model.answer_embeddings(first.text)]
        live.watched.see(5)
        second = talk.ask("two ?").result()
        assert "history kept" in second.exactness
        assert "sealed prefix" in second.exactness
        assert (second.usage.full_prefills, second.usage.extended_tokens) == (0, 5)
        rows, frozen = live.model.before[-1], live.model.before[0][: len(HEAD)]
        context = TinyContext(TinyModel())
        context.extend(np.zeros((len(rows) - sum(map(len, said)), D), np.float32))
        for piece in said:
            context.extend(piece)
        behind = len(HEAD) + view + 5
        # the tail is of now, the question as it was fused when it was asked
        np.testing.assert_array_equal(rows[: len(HEAD)], frozen)
        np.testing.assert_array_equal(rows[behind + 2 :], context.rows[behind + 2 :])
        third = talk.ask("three ?").result()
        assert third.usage.extended_tokens == 0
        live.watched.see(20)  # another epoch
        fourth = talk.ask("four ?").result()
        assert (fourth.usage.epoch, fourth.usage.full_prefills) == (2, 1)
        assert "history kept" in fourth.exactness
        assert "sealed prefix" not in fourth.exactness


def test_a_finished_recording_is_exact_and_has_no_epoch(open_live: Open) -> None:
    live = open_live(fusion="full")
    live.watched.see(10)
    live.ask()
    live.watched.see(3)
    live.watched.finish()
    answer = live.ask()
    assert answer.exactness == ("exact",)
    assert answer.usage.epoch == 0


def test_a_range_that_moves_or_has_an_end_has_a_context_of_its_own(open_live: Open) -> None:
    live = open_live(fusion="full")
    live.watched.see(20)
    for within in (TimeRange(last_s=10), TimeRange(2, 12)):
        answer = live.ask(within=within)
        assert answer.exactness == ("exact",)
        assert (answer.usage.epoch, answer.usage.view_tokens) == (0, 10)
    live.watched.see(5)
    moved, fixed = live.ask(within=TimeRange(last_s=10)), live.ask(within=TimeRange(2, 12))
    assert (moved.usage.full_prefills, fixed.usage.full_prefills) == (1, 0)
    later = live.ask(within=TimeRange(15))
    live.watched.see(4)
    later = live.ask(within=TimeRange(15))
    assert (later.usage.epoch, later.usage.view_tokens) == (2, 14)


def test_a_question_that_is_stopped_while_it_reads_leaves_what_it_read(open_live: Open) -> None:
    live = open_live(view_tokens=256, prefill_chunk_tokens=1, epoch_drift=1.0)
    live.watched.see(100)
    live.model.slow_s = 0.002  # so that whoever asked can say stop in between
    stream = live.session.ask(
        "door", "what ?", cancelled=lambda: live.model.prefilled_tokens > len(HEAD) + 30
    )
    answer = stream.result()
    assert answer.finish == "cancelled"
    assert live.session.context_counters().full_prefills == 1
    live.model.slow_s = 0.0
    usage = live.ask().usage
    assert usage.full_prefills == 0
    assert 0 < usage.extended_tokens < 100
    np.testing.assert_allclose(
        live.model.before[-1], live.context_of(live.head_now(), 256), atol=5e-3
    )


def test_many_ask_while_it_grows_and_is_kept_up(open_live: Open) -> None:
    live = open_live(view_tokens=64)
    live.watched.see(20)
    failures: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                assert live.ask().finish == "length"
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        live.watched.see(4)
        live.session.upkeep.tell(live.watched.recording)
    stop.set()
    for thread in threads:
        thread.join(LIMIT_S)
    assert not failures
    live.ask()
    np.testing.assert_array_equal(
        live.model.before[-1][len(HEAD) :], live.context_of(live.head_now(), 64)[len(HEAD) :]
    )
    assert all(len(rows) <= len(HEAD) + 64 for rows in live.model.before)


def test_forgetting_a_recording_forgets_its_lines(open_live: Open) -> None:
    live = open_live()
    live.watched.see(10)
    live.ask()
    live.session._asker.forget("door")
    assert len(live.session._asker._contexts) == 0
    assert live.ask().usage.epoch == 1
