import numpy as np
import pytest

from streamvid.evaluation import PictureQuestion, PictureRun, Tally, search_pictures
from streamvid.evaluation.twins import twins_of
from streamvid.training.turns import Example, GivenPair


def example(image: str, noun: str, *, source: str = "flickr8k") -> Example:
    captions = (f"A {noun} runs.", f"The {noun} is running.", f"One {noun} on grass.")
    pairs = (GivenPair("What is it?", noun, "object", None),)
    return Example(image, captions, pairs, source, False)


DEV = [example("a.jpg", "dog"), example("b.jpg", "cat"), example("c.jpg", "man", source="coco")]
TRAIN = [example("t.jpg", "dog"), example("u.jpg", "dog"), example("v.jpg", "cat", source="coco")]
KNOWN = {e.image: e.qa[0].answer for e in DEV}


def sees(image: str, question: str) -> str:
    """A model that knows every picture by heart."""
    noun = KNOWN[image]
    if question.startswith("Is there"):
        return "Yes." if noun in question else "No."
    return f"A {noun} runs."


@pytest.fixture
def run() -> PictureRun:
    return PictureRun(sees, Tally(), [], seed=1)


def test_twins_are_others_and_each_serves_once():
    twins = twins_of([f"{i}" for i in range(20)], 3)
    assert all(name != twin for name, twin in twins.items())
    assert sorted(twins.values()) == sorted(twins)
    assert twins == twins_of([f"{i}" for i in reversed(range(20))], 3)


def test_yes_and_no_beside_a_wrong_picture(run):
    asked = [PictureQuestion(e.image, f"Is there a {KNOWN[e.image]}?", True, "x") for e in DEV]
    asked.append(PictureQuestion("a.jpg", "Is there a horse?", False, "x"))
    run.ask_yesno(asked)
    figures = run.tally.figures()
    assert figures["picture_yesno_accuracy"].value == 1.0
    assert figures["picture_yesno_accuracy"].wrong == 0.25  # only the "no" is right by guessing
    assert figures["picture_yesno_accuracy"].chance == 0.75
    assert figures["picture_yesno_recall_yes"].wrong == 0.0
    assert figures["picture_yesno_recall_no"].count == 1
    assert len(run.answers) == 8
    assert {record.twin is None for record in run.answers} == {True, False}


def test_given_questions_by_source_and_type(run):
    run.ask_given(DEV, TRAIN)
    figures = run.tally.figures()
    assert set(figures) == {
        "picture_qa_accuracy",
        "picture_qa_accuracy_flickr8k",
        "picture_qa_accuracy_coco",
        "picture_qa_accuracy_object",
        "picture_qa_accuracy_flickr8k_object",
        "picture_qa_accuracy_coco_object",
    }
    assert figures["picture_qa_accuracy_flickr8k_object"].value == 1.0
    assert figures["picture_qa_accuracy_flickr8k_object"].chance == 0.5  # "dog", of dog and cat
    assert figures["picture_qa_accuracy_coco_object"].chance == 0.0
    assert figures["picture_qa_accuracy"].count == 3
    assert figures["picture_qa_accuracy"].value == 1.0
    assert figures["picture_qa_accuracy"].chance == pytest.approx(1 / 3)
    assert figures["picture_qa_accuracy_coco_object"].wrong == 0.0


def test_a_type_without_training_answers_has_the_majority_of_its_own(run):
    run.ask_given(DEV, TRAIN[:2])  # nothing of coco
    assert run.tally.figures()["picture_qa_accuracy_coco_object"].chance == 1.0  # one answer
    run.ask_given(DEV, [])
    assert run.tally.figures()["picture_qa_accuracy_flickr8k_object"].chance == 0.5


def test_captions_beside_a_wrong_picture(run):
    run.describe(DEV, TRAIN)
    figures = run.tally.figures()
    assert figures["caption_subject_accuracy"].value == 1.0
    assert figures["caption_subject_accuracy"].wrong == 0.0
    assert figures["caption_subject_accuracy"].chance == pytest.approx(1 / 3)
    assert figures["caption_content_precision"].value == 1.0


def test_silence_is_all_wrong():
    run = PictureRun(lambda image, question: "", Tally(), [], seed=1)
    run.describe(DEV, [])
    figures = run.tally.figures()
    assert figures["caption_content_precision"].value == 0.0
    assert figures["caption_content_precision"].chance == 1.0  # others' captions: they run, too


def test_captions_find_their_pictures_among_one_source():
    basis = {"dog": 0, "cat": 1, "man": 2}

    def embed(nouns: list[str]) -> np.ndarray:
        return np.eye(3, dtype=np.float32)[[basis[noun] for noun in nouns]]

    tally = Tally()
    search_pictures(
        DEV,
        lambda texts: embed([next(n for n in basis if n in text) for text in texts]),
        lambda images: embed([KNOWN[image] for image in images]),
        tally,
    )
    figures = tally.figures()
    assert figures["text_to_image_r1"].value == 1.0
    assert figures["text_to_image_r1"].count == 6
    assert figures["text_to_image_r1"].chance == 0.5
    assert figures["text_to_image_r1"].wrong == 0.0  # never the other picture first
    assert figures["text_to_image_r5"].wrong == 1.0  # of two, both are among five


def test_a_model_that_scores_all_alike_finds_nothing():
    tally = Tally()
    flat = np.ones((1, 2), np.float32)
    search_pictures(
        DEV, lambda t: np.repeat(flat, len(t), 0), lambda i: np.repeat(flat, len(i), 0), tally
    )
    assert tally.figures()["text_to_image_r1"].value == 0.0
