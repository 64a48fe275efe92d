import json
from pathlib import Path

import numpy as np
import pytest

from streamvid.evaluation import Data, EvaluationError, FilmPlan, VideoReply, evaluate

NOUNS = ("dog", "cat", "horse", "bus")


class Knower:
    """Watches nothing: it knows from a file's name what is in it."""

    def __init__(self) -> None:
        self.plan: FilmPlan | None = None

    def answer_picture(self, picture: Path, question: str) -> str:
        return self._reply(picture, question)

    def embed_texts(self, texts):
        return np.array([[noun in text for noun in NOUNS] for text in texts], np.float32)

    def embed_pictures(self, pictures):
        return np.array([[p.stem.startswith(noun) for noun in NOUNS] for p in pictures], np.float32)

    def ask_clip(self, clip: Path, question: str) -> VideoReply:
        return VideoReply(self._reply(clip, question), (1.0,))

    def clip_moments_s(self, clip: Path):
        return [float(second) for second in range(8)]

    def watch_film(self, plan: FilmPlan) -> None:
        assert all(Path(s.clip or s.picture or "").is_absolute() for s in plan.segments)
        self.plan = plan

    def ask_film(self, start_s: float, end_s: float, question: str) -> VideoReply:
        assert self.plan is not None
        if (start_s, end_s) == (0.0, self.plan.duration_s):
            return VideoReply("A long film.", (63.0, 3700.0))
        (clip,) = [s.clip for s in self.plan.segments if s.start_s == start_s and s.end_s == end_s]
        return self.ask_clip(Path(clip or ""), question)

    def search_film(self, phrase: str):
        assert self.plan is not None
        return [
            s.start_s
            for s in self.plan.segments
            if s.clip and any(n in phrase and n in Path(s.clip).stem for n in NOUNS)
        ]

    @staticmethod
    def _reply(file: Path, question: str) -> str:
        noun = next(noun for noun in NOUNS if file.stem.startswith(noun))
        if question.startswith("Is there"):
            return "Yes." if noun in question else "No."
        return f"A {noun} stands there."


def lines(file: Path, records: list[dict[str, object]]) -> None:
    file.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")


@pytest.fixture
def captions(tmp_path):
    folder = tmp_path / "captions"
    folder.mkdir()
    records = [
        {
            "image": f"{noun}_{split}.jpg",
            "captions": [f"A {noun} stands there."] * 3,
            "split": split,
            "source": "flickr8k",
        }
        for noun in NOUNS
        for split in ("train", "dev")
    ]
    lines(folder / "captions.jsonl", records)
    pairs = [{"question": "What is it?", "answer": "dog", "type": "object"}]
    lines(folder / "qa.jsonl", [{"image": "dog_dev.jpg", "qa": pairs, "split": "dev"}])
    asked = [
        {"image": f"{noun}_dev.jpg", "question": f"Is there a {noun}?", "answer": "yes"}
        for noun in NOUNS
    ]
    lines(folder / "yesno.jsonl", asked)
    return folder


@pytest.fixture
def manifest(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    records = [
        {
            "file": f"content/{noun}.mp4",
            "duration_s": 8,
            "caption": f"A {noun} stands.",
            "qa": [
                {
                    "q": f"Is there a {noun}?",
                    "answer": "yes",
                    "accept": ["yes"],
                    "kind": "yesno",
                    "t0": 1,
                    "t1": 2,
                },
                {
                    "q": "What is it?",
                    "answer": noun,
                    "accept": [noun],
                    "kind": "what",
                    "t0": 0,
                    "t1": 8,
                },
            ],
        }
        for noun in NOUNS[:3]
    ]
    lines(folder / "manifest.jsonl", records)
    return folder / "manifest.jsonl"


def test_everything_is_asked_and_written(captions, manifest, tmp_path):
    parts: list[str] = []
    out = tmp_path / "out"
    figures = evaluate(
        Knower(), Data(captions, "dev", manifest, 0.02), out, seed=1, progress=parts.append
    )
    assert parts == [
        "retrieval: 16 embeddings",
        "picture yes and no: 8 replies",
        "picture questions: 2 replies",
        "captions: 8 replies",
        "clips: 12 replies",
        "long film: 1 film",
        "film: 12 replies",
        "whole film: 6 replies",
    ]
    assert not [key for key, f in figures.items() if None in (f.value, f.wrong, f.chance)]
    assert set(json.loads((out / "eval.json").read_text())) == set(figures)
    for key in (
        "text_to_image_r1",
        "picture_yesno_accuracy",
        "picture_qa_accuracy_flickr8k_object",
        "caption_subject_accuracy",
        "video_yesno_accuracy",
        "video_qa_accuracy_what",
        "evidence_at_1",
        "long_clip_at_1",
        "long_yesno_accuracy",
        "long_qa_accuracy",
        "long_yesno_accuracy_clip_alone",
    ):
        assert figures[key].value == 1.0, key
    assert figures["video_yesno_accuracy"].wrong == 0.0
    assert (out / "answers.jsonl").read_text().count("\n") > 20
    assert "evidence_at_3" in (out / "table.txt").read_text()


def test_what_is_asked_of_the_whole_film_is_written_and_not_scored(captions, manifest, tmp_path):
    out = tmp_path / "out"
    figures = evaluate(Knower(), Data(captions, "dev", manifest, 0.02), out, seed=1)
    assert "whole_film" not in figures
    answers = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    whole = [answer for answer in answers if answer["key"] == "whole_film"]
    assert len(whole) == 6
    assert {answer["right"] for answer in whole} == {None}
    assert [answer["key"] for answer in answers if answer["right"] is None] == ["whole_film"] * 6
    header, *rows = (out / "whole_film.txt").read_text().splitlines()
    assert header.split()[:2] == ["asked", "of"]
    assert len(rows) == 6
    assert all(row.endswith("A long film.  1:03 1:01:40") for row in rows)
    assert any(row.startswith("content/dog.mp4 at 0:") and "Is there a dog?" in row for row in rows)
    evaluate(Knower(), Data(captions, "dev", manifest, 0), out, seed=1)
    assert not (out / "whole_film.txt").exists()  # these figures are of no film


def test_any_subset_of_the_data_will_do(captions, manifest, tmp_path):
    only_videos = evaluate(Knower(), Data(None, "dev", manifest, 0), tmp_path / "v")
    assert not [key for key in only_videos if key.startswith(("picture", "caption", "long"))]
    for name in ("qa.jsonl", "yesno.jsonl"):
        (captions / name).unlink()
    only_captions = evaluate(Knower(), Data(captions, "dev", None, 0), tmp_path / "c")
    assert set(only_captions) == {
        "text_to_image_r1",
        "text_to_image_r5",
        "text_to_image_r10",
        "caption_subject_accuracy",
        "caption_content_precision",
        "caption_content_recall",
    }


def test_nothing_to_evaluate_on_is_refused(captions):
    with pytest.raises(EvaluationError, match="nothing to evaluate"):
        Data(None, "dev", None, 0)
    with pytest.raises(EvaluationError, match="needs a captions folder and a manifest"):
        Data(captions, "dev", None, 1)


def test_a_stop_keeps_answers_and_the_figures_of_finished_parts(captions, manifest, tmp_path):
    class Stopped(Knower):
        def ask_clip(self, clip: Path, question: str) -> VideoReply:
            if clip.stem == "horse":
                raise KeyboardInterrupt
            return super().ask_clip(clip, question)

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        evaluate(Stopped(), Data(captions, "dev", manifest, 0), out)
    figures = json.loads((out / "eval.json").read_text())
    assert "caption_content_recall" in figures
    assert "video_yesno_accuracy" not in figures
    answers = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    assert any(answer["key"] == "video_yesno_accuracy" for answer in answers)


def test_a_picture_is_asked_the_same_question_once(captions, tmp_path):
    asked: list[tuple[Path, str]] = []

    class Counting(Knower):
        def answer_picture(self, picture: Path, question: str) -> str:
            asked.append((picture, question))
            return super().answer_picture(picture, question)

    figures = evaluate(Counting(), Data(captions, "dev", None, 0), tmp_path / "out")
    assert len(asked) == len(set(asked))
    described = [picture for picture, question in asked if question.startswith("Describe")]
    assert len(described) == figures["caption_content_precision"].count == len(NOUNS)


def test_a_stop_before_anything_was_asked_leaves_an_earlier_run_alone(captions, tmp_path):
    class Stopped(Knower):
        def embed_pictures(self, pictures):
            raise KeyboardInterrupt

    out = tmp_path / "out"
    evaluate(Knower(), Data(captions, "dev", None, 0), out)
    before = (out / "eval.json").read_text()
    with pytest.raises(KeyboardInterrupt):
        evaluate(Stopped(), Data(captions, "dev", None, 0), out)
    assert (out / "eval.json").read_text() == before
