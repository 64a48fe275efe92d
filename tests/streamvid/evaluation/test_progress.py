from streamvid.evaluation.progress import Steps


def test_steps_are_said_at_the_start_and_then_not_too_often():
    said: list[str] = []
    now = iter([0.0, 0.0, 1.0, 9.0, 10.0, 11.0, 20.0])
    steps = Steps(said.append, monotonic=now.__next__, every_s=10.0)
    steps.begin("clips", 12, "replies")
    for _ in range(4):
        steps.step()
    steps.step(2)
    assert said == ["clips: 12 replies", "clips: 3 of 12 replies", "clips: 6 of 12 replies"]
