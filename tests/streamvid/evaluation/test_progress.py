import pytest

from streamvid.evaluation.progress import Steps, time_left


def test_steps_are_said_at_the_start_and_then_not_too_often():
    said: list[str] = []
    now = iter([0.0, 0.0, 1.0, 9.0, 10.0, 11.0, 20.0])
    steps = Steps(said.append, monotonic=now.__next__, every_s=10.0)
    steps.begin("clips", 12, "replies")
    for _ in range(4):
        steps.step()
    steps.step(2)
    assert said == [
        "clips: 12 replies",
        "clips: 3 of 12 replies, 30 s left",
        "clips: 6 of 12 replies, 20 s left",
    ]


def test_the_time_left_counts_from_the_start_of_the_part():
    said: list[str] = []
    now = iter([0.0, 100.0, 110.0])
    steps = Steps(said.append, monotonic=now.__next__, every_s=10.0)
    steps.begin("clips", 100, "replies")
    steps.step(1)
    assert said[-1] == "clips: 1 of 100 replies, 17 min left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (0.1, ", 10 s left"), (60, ", 60 s left"), (61, ", 2 min left")],
)
def test_the_time_left_is_rounded_up(seconds, words):
    assert time_left(seconds) == words
