from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.engine import Priority, Turns, Waiting, pick
from streamvid.engine.schedule import REMEMBERED_OWNERS, is_late

jobs = st.lists(
    st.builds(
        Waiting,
        number=st.integers(0, 10_000),
        priority=st.sampled_from(Priority),
        owner=st.sampled_from("abcd"),
        born_s=st.floats(0, 100),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda job: job.number,
)


def test_nothing_waiting_is_refused() -> None:
    with pytest.raises(ValueError, match="no job waits"):
        pick([], Turns(), 0.0)


@settings(deadline=None)
@given(jobs, st.floats(0, 100))
def test_the_most_urgent_kind_goes_first_unless_a_live_frame_is_late(
    waiting: list[Waiting], now_s: float
) -> None:
    place, turns = pick(waiting, Turns(), now_s, late_s=4)
    late = [job for job in waiting if is_late(job, now_s, 4)]
    if late:
        assert waiting[place] in late
        assert turns.late_last
    else:
        assert waiting[place].priority is min(job.priority for job in waiting)


@settings(deadline=None)
@given(jobs, st.floats(0, 100))
def test_every_job_is_served_once_and_late_frames_alternate(
    waiting: list[Waiting], now_s: float
) -> None:
    turns, order = Turns(), []
    left = list(waiting)
    while left:
        place, turns = pick(left, turns, now_s, late_s=4)
        order.append(left.pop(place))
    assert Counter(job.number for job in order) == Counter(job.number for job in waiting)
    lateness = [is_late(job, now_s, 4) for job in order]
    others = [job for job in order if not is_late(job, now_s, 4)]
    # Of two neighbours one is not late, for as long as there is anything else.
    seen_others = 0
    for before, after in itertools.pairwise(lateness):
        seen_others += not before
        if seen_others + (not after) < len(others):
            assert not (before and after)
    # Decode steps and questions alternate until either is used up; the rest in order of urgency.
    kinds = [job.priority for job in others]
    asked = [kind for kind in kinds if kind <= Priority.QUESTION]
    assert kinds == asked + sorted(kind for kind in kinds if kind > Priority.QUESTION)
    steps = asked.count(Priority.DECODE)
    both = 2 * min(steps, len(asked) - steps)
    assert asked[:both] == [Priority.DECODE, Priority.QUESTION] * (both // 2)


@settings(deadline=None)
@given(st.integers(2, 5), st.integers(1, 30), st.sampled_from([Priority.DECODE, Priority.QUESTION]))
def test_questions_are_served_in_turn(owners: int, rounds: int, priority: Priority) -> None:
    waiting = [Waiting(i, priority, f"q{i}", 0.0) for i in range(owners)]
    turns, served = Turns(), []
    for step in range(owners * rounds):
        place, turns = pick(waiting, turns, 0.0)
        job = waiting[place]
        served.append(job.owner)
        waiting[place] = Waiting(owners + step, priority, job.owner, 0.0)
    assert set(Counter(served).values()) == {rounds}
    for start in range(0, len(served), owners):
        assert len(set(served[start : start + owners])) == owners


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 20))
def test_a_second_question_reads_between_the_steps_of_the_first(
    steps: int, readings: int, frames: int
) -> None:
    """Late live frames in between change nothing of it."""
    turns, kinds = Turns(), []
    left = {"first": steps, "second": readings, "cam": frames}
    while left["first"] and left["second"]:
        waiting = [
            Waiting(1, Priority.DECODE, "first", 90.0),
            Waiting(2, Priority.QUESTION, "second", 90.0),
        ]  # fmt: skip
        if left["cam"]:
            waiting.append(Waiting(3, Priority.LIVE, "cam", 0.0))
        place, turns = pick(waiting, turns, 100.0)
        left[waiting[place].owner] -= 1
        kinds.append(waiting[place].priority)
    asked = [kind for kind in kinds if kind is not Priority.LIVE]
    assert all(before != after for before, after in itertools.pairwise(asked))


def test_a_newcomer_does_not_wait_behind_all_steps_of_the_others() -> None:
    turns = Turns()
    for number in range(10):
        _, turns = pick([Waiting(number, Priority.DECODE, "old", 0.0)], turns, 0.0)
    waiting = [Waiting(11, Priority.DECODE, "old", 0.0), Waiting(12, Priority.DECODE, "new", 0.0)]
    assert pick(waiting, turns, 0.0)[0] == 1


@settings(deadline=None)
@given(st.integers(1, 40))
def test_decoding_gets_every_other_turn_beside_late_frames(steps: int) -> None:
    turns, kinds = Turns(), []
    frames = [Waiting(i, Priority.LIVE, "cam", float(i)) for i in range(steps)]
    decode = Waiting(10_000, Priority.DECODE, "q", 0.0)
    while frames:
        waiting = [decode, *frames]
        place, turns = pick(waiting, turns, 1000.0)
        kinds.append(waiting[place].priority)
        if place:
            frames.pop(place - 1)
    assert kinds.count(Priority.LIVE) == steps
    assert abs(kinds.count(Priority.DECODE) - steps) <= 1


def test_the_oldest_live_frame_goes_first() -> None:
    waiting = [Waiting(0, Priority.LIVE, "a", 9.0), Waiting(1, Priority.LIVE, "b", 8.0)]
    assert pick(waiting, Turns(), 9.5)[0] == 1


def test_only_the_latest_owners_are_remembered() -> None:
    turns = Turns()
    for number in range(REMEMBERED_OWNERS + 10):
        turns = turns.after(Waiting(number, Priority.FILE, f"o{number}", 0.0), late=False)
    assert len(turns.served) == REMEMBERED_OWNERS
    assert "o0" not in turns.served
