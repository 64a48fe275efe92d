import json

import pytest

from streamvid.training.turns import CaptionsFolderError, load_examples

CAPTIONED = {
    "image": "images/b.jpg",
    "captions": ["A dog.", "  "],
    "split": "train",
    "source": "mine",
    "squashed": True,
}
ASKED = {
    "image": "images/b.jpg",
    "qa": [
        {"question": "What is it?", "answer": "dog", "type": "object", "statement": "It is a dog."},
        {"question": "How many?", "answer": "1"},
    ],
    "split": "train",
}
OTHER = {"image": "images/a.jpg", "captions": ["A cat."], "split": "dev"}


def write(folder, *, captions=(), qa=()):
    for name, records in (("captions.jsonl", captions), ("qa.jsonl", qa)):
        if records:
            lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
            (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_both_files_make_one_example(tmp_path):
    (example,) = load_examples(write(tmp_path, captions=[CAPTIONED, OTHER], qa=[ASKED]), "train")
    assert example.image == "images/b.jpg"
    assert example.captions == ("A dog.",)
    assert (example.source, example.squashed) == ("mine", True)  # said by one file only
    assert [pair.statement for pair in example.qa] == ["It is a dog.", None]


def test_either_file_alone_is_enough(tmp_path):
    (example,) = load_examples(write(tmp_path, qa=[ASKED]), "train")
    assert example.captions == ()
    assert len(example.qa) == 2


def test_examples_are_sorted_and_of_one_split(tmp_path):
    records = [{**OTHER, "image": f"{name}.jpg"} for name in "cab"]
    folder = write(tmp_path, captions=[CAPTIONED, *records])
    assert [e.image for e in load_examples(folder, "dev")] == ["a.jpg", "b.jpg", "c.jpg"]
    assert load_examples(folder, "other") == []


def test_a_picture_of_two_splits_is_refused(tmp_path):
    folder = write(tmp_path, captions=[CAPTIONED], qa=[{**ASKED, "split": "dev"}])
    with pytest.raises(CaptionsFolderError, match="'train' and 'dev'"):
        load_examples(folder, "train")


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        json.dumps({"captions": ["A dog."], "split": "train"}),
        json.dumps({**CAPTIONED, "captions": "A dog."}),
        json.dumps({**CAPTIONED, "captions": [1]}),
        json.dumps({**CAPTIONED, "split": 3}),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line):
    with pytest.raises(CaptionsFolderError, match=r"captions\.jsonl line 2"):
        load_examples(write(tmp_path, captions=[CAPTIONED, line]), "train")


def test_a_folder_without_either_file_is_refused(tmp_path):
    with pytest.raises(CaptionsFolderError, match=r"neither captions\.jsonl"):
        load_examples(tmp_path, "train")
