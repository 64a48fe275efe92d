"""The whole evaluation on small real pictures and films, with the tiny model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from capture import encode_still
from streamvid.evaluation.errors import EvaluationError
from streamvid.evaluation.film import FilmPlan, Segment
from streamvid.evaluation.run import Data, evaluate
from streamvid.evaluation.session_watcher import SessionWatcher
from streamvid.session import Session
from tests.streamvid.films import RGB, film
from tests.streamvid.tiny_model import TinyModel


@pytest.fixture
def folder(tmp_path):
    """Six pictures with captions, two of them with questions, and two clips with theirs."""
    lines, asked, pairs = [], [], []
    for number, colour in enumerate(("red", "green", "blue", "yellow", "black", "grey")):
        name = f"{colour}.jpg"
        picture = np.full((40, 60, 3), RGB[colour], np.uint8)
        (tmp_path / name).write_bytes(encode_still(picture))
        split = "train" if number < 2 else "dev"
        captions = [f"A {colour} dog runs on the grass.", f"A dog that is {colour}."] * 2
        lines.append({"image": name, "captions": captions, "split": split})
        if split == "dev":
            yes = {"image": name, "question": f"Is it {colour}?", "answer": "yes"}
            asked.append(yes | {"concept": colour, "split": split})
        pair = {"question": "What colour is the dog?", "answer": colour, "type": "colour"}
        pairs.append({"image": name, "qa": [pair], "split": split, "source": "coco"})
    for file, rows in (("captions", lines), ("yesno", asked), ("qa", pairs)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{file}.jsonl").write_text(text)
    clips = []
    for name, colour in (("one.mp4", "red"), ("two.mp4", "blue")):
        film(tmp_path / name, 6, colour_at=lambda second, colour=colour: colour)
        question = {"q": f"Is it {colour}?", "answer": "yes", "accept": ["yes"], "kind": "yesno"}
        clips.append(
            {
                "file": name,
                "duration_s": 6.0,
                "caption": f"It is {colour}.",
                "qa": [question | {"t0": 0, "t1": 2}],
            }
        )
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(c) + "\n" for c in clips))
    return tmp_path


def test_everything_is_asked_and_written(folder, tmp_path):
    out = tmp_path / "out"
    model = TinyModel()
    said = []
    with Session(out / "home", lambda: model) as session:
        watcher = SessionWatcher(session, model, out, say=said.append)
        data = Data(folder, "dev", folder / "manifest.jsonl", 0.01)
        evaluate(watcher, data, out, progress=said.append)
    figures = json.loads((out / "eval.json").read_text())
    for key in ("text_to_image_r1", "caption_content_recall", "picture_yesno_accuracy"):
        assert figures[key]["count"] > 0
    assert figures["video_yesno_accuracy"]["count"] == 2
    assert figures["long_clip_at_5"]["count"] == 2
    answers = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    # Each question twice: of its own picture or clip, and of another.
    assert sum(answer["key"].startswith("video_yesno") for answer in answers) == 4
    assert any("film" in line for line in said)


def test_a_reply_depends_on_the_picture_alone_and_comes_again(folder, tmp_path):
    model = TinyModel()
    with Session(tmp_path / "home", lambda: model) as session:
        watcher = SessionWatcher(session, model, tmp_path)
        first = watcher.answer_picture(folder / "red.jpg", "What is it?")
        watcher.answer_picture(folder / "red.jpg", "Something else?")
        assert watcher.answer_picture(folder / "red.jpg", "What is it?") == first


def test_the_film_shows_clips_and_pictures_where_the_plan_says(folder, tmp_path):
    model = TinyModel()
    plan = FilmPlan(
        (
            Segment(0.0, 3.0, None, str(folder / "yellow.jpg")),
            Segment(3.0, 9.0, str(folder / "one.mp4"), None),
            Segment(9.0, 12.0, None, str(folder / "black.jpg")),
        )
    )
    with Session(tmp_path / "home", lambda: model) as session:
        watcher = SessionWatcher(session, model, tmp_path)
        with pytest.raises(EvaluationError, match="no film"):
            watcher.search_film("red")
        watcher.watch_film(plan)
        reply = watcher.ask_film(3.0, 9.0, "Is it red?")
        assert all(3.0 <= moment < 9.0 for moment in reply.moments_s)
        assert all(0 <= moment < 12 for moment in watcher.search_film("red"))


def test_a_missing_picture_is_named(tmp_path):
    model = TinyModel()
    with Session(tmp_path / "home", lambda: model) as session:
        watcher = SessionWatcher(session, model, tmp_path)
        with pytest.raises(EvaluationError, match=r"cannot read picture .*none\.jpg"):
            watcher.answer_picture(tmp_path / "none.jpg", "What is it?")
