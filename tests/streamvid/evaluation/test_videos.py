import pytest

from streamvid.evaluation import (
    Clip,
    ClipQuestions,
    Tally,
    VideoQuestion,
    VideoReply,
    VideoRun,
    plan_film,
)


def clip(file: str, noun: str) -> ClipQuestions:
    questions = (
        VideoQuestion(f"Is there a {noun}?", "yes", ("yes",), "yesno", 2, 4),
        VideoQuestion("What is it?", noun, (noun,), "what", 0, 10),
    )
    return ClipQuestions(file, 10.0, f"A {noun} walks.", questions)


CLIPS = [clip("a.mp4", "goat"), clip("b.mp4", "lion"), clip("c.mp4", "crow")]
NOUNS = {"a.mp4": "goat", "b.mp4": "lion", "c.mp4": "crow"}
TICKS = [float(second) for second in range(10)]


def knows(file: str, question: str) -> VideoReply:
    noun = NOUNS[file]
    if question.startswith("Is there"):
        return VideoReply("Yes." if noun in question else "No.", (3.0, 9.0, 8.0))
    return VideoReply(f"It is a {noun}.", (0.0,))


def run() -> VideoRun:
    return VideoRun(Tally(), [], seed=2)


def test_clips_are_scored_by_kind_beside_wrong_clips():
    video = run()
    right = video.ask_clips(CLIPS, knows, lambda file: TICKS)
    figures = video.tally.figures()
    assert all(went.right and not went.wrong for went in right.values())
    assert figures["video_yesno_accuracy"].value == 1.0
    assert figures["video_yesno_accuracy"].wrong == 0.0
    assert figures["video_yesno_accuracy"].chance == 1.0  # all are yes
    assert figures["video_qa_accuracy_what"].count == 3
    assert figures["video_qa_accuracy_what"].chance == pytest.approx(1 / 3)
    assert figures["video_qa_accuracy"].value == 1.0


def test_evidence_counts_pointed_questions_and_exact_chance():
    video = run()
    video.ask_clips(CLIPS, knows, lambda file: TICKS)
    first = video.tally.figures()["evidence_at_1"]
    assert first.count == 3  # "what" spans the clip and is not judged
    assert first.value == 1.0
    assert first.chance == pytest.approx(3 / 10)  # ticks 2, 3 and 4 of ten
    third = video.tally.figures()["evidence_at_3"]
    assert third.chance == pytest.approx(1 - (7 * 6 * 5) / (10 * 9 * 8))


def test_the_film_is_searched_and_asked_by_range():
    plan = plan_film([Clip(c.file, c.duration_s) for c in CLIPS], ["p.jpg", "q.jpg"], 0.05, 1)
    video = run()
    alone = video.ask_clips(CLIPS, knows, lambda file: TICKS)
    places = {plan.range_of(file): file for file in NOUNS}

    def ask(start_s: float, end_s: float, question: str) -> VideoReply:
        return knows(places[start_s, end_s], question)

    def search(phrase: str) -> list[float]:
        file = next(f for f, noun in NOUNS.items() if noun in phrase)
        start_s, _ = plan.range_of(file)
        return [start_s - 1.0, start_s, 0.0]

    video.ask_film(CLIPS, plan, ask, search, alone)
    figures = video.tally.figures()
    assert figures["long_clip_at_1"].value == 0.0
    assert figures["long_clip_at_5"].value == 1.0
    assert figures["long_yesno_accuracy"].value == 1.0
    assert figures["long_yesno_accuracy_clip_alone"].value == 1.0
    assert figures["long_qa_accuracy"].count == 3
    assert figures["long_clip_at_5"].wrong == 0.0
    assert figures["long_qa_accuracy"].wrong == figures["video_qa_accuracy"].wrong == 0.0
    assert figures["long_qa_accuracy_clip_alone"].chance == pytest.approx(1 / 3)
    assert figures["long_yesno_accuracy_clip_alone"].chance == 1.0
    assert all(None not in (figure.wrong, figure.chance) for figure in figures.values())
    seconds = int(plan.duration_s)
    assert figures["long_clip_at_1"].chance == pytest.approx(10 / seconds)
    assert any(record.key == "long_clip_at_5" for record in video.answers)
