import json

import pytest

from streamvid.evaluation import QuestionFileError, load_manifest, load_yesno

CLIP = {
    "file": "content/a.mp4",
    "duration_s": 5,
    "caption": "A goat.",
    "qa": [
        {"q": "Is it?", "answer": "yes", "accept": ["yes"], "kind": "yesno", "t0": 0, "t1": 2.5}
    ],
}
ASKED = {"image": "a.jpg", "question": "Is there a cat?", "answer": "no", "concept": "a cat"}


def test_questions_are_read(tmp_path):
    file = tmp_path / "yesno.jsonl"
    file.write_text(json.dumps(ASKED) + "\n\n" + json.dumps(ASKED) + "\n")
    questions = load_yesno(file)
    assert len(questions) == 2
    assert questions[0].answer is False
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps(CLIP))
    (clip,) = load_manifest(manifest)
    assert clip.questions[0].t1_s == 2.5
    assert clip.questions[0].accept == ("yes",)


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", '"text"', json.dumps({**ASKED, "answer": "maybe"}), json.dumps({"image": "a"})],
)
def test_a_malformed_line_is_named(tmp_path, line):
    file = tmp_path / "yesno.jsonl"
    file.write_text(json.dumps(ASKED) + "\n" + line)
    with pytest.raises(QuestionFileError, match="line 2"):
        load_yesno(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(QuestionFileError, match=r"none\.jsonl"):
        load_manifest(tmp_path / "none.jsonl")
