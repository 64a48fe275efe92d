"""Evaluation on pictures: yes/no, given questions, captions and retrieval, each with twins.

Knows the model only by three callables, so it is tested without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from streamvid.evaluation import chance, scoring
from streamvid.evaluation.questions import PictureQuestion
from streamvid.evaluation.report import AnswerRecord, Tally
from streamvid.evaluation.twins import along_the_round, twins_of
from streamvid.training.turns import Example

Answer = Callable[[str, str], str]
"""(image path, question) → reply."""
Vectors = npt.NDArray[np.float32]
EmbedTexts = Callable[[Sequence[str]], Vectors]
"""Texts → float32 [texts, e], unit length."""
EmbedImages = Callable[[Sequence[str]], Vectors]
"""Image paths → float32 [images, e], unit length."""

CAPTION_REQUEST = "Describe the picture."
RANKS = (1, 5, 10)
_SEARCHED = "flickr8k"


@dataclass(frozen=True, slots=True)
class PictureRun:
    """Fills ``tally`` and ``answers`` from a model given by ``answer``; twins drawn by ``seed``."""

    answer: Answer
    tally: Tally
    answers: list[AnswerRecord]
    seed: int

    def ask_yesno(self, questions: Sequence[PictureQuestion]) -> None:
        """Keys ``picture_yesno_accuracy``, ``picture_yesno_recall_yes`` and ``_no``."""
        twins = twins_of([question.image for question in questions], self.seed)
        for asked in along_the_round(questions, lambda asked: asked.image, self.seed):
            expected = "yes" if asked.answer else "no"
            for twin in (None, twins[asked.image]):
                reply = self.answer(twin or asked.image, asked.question)
                right = scoring.yes_or_no(reply) == expected
                self._add("picture_yesno_accuracy", right, twin)
                self._add(f"picture_yesno_recall_{expected}", right, twin)
                self.answers.append(
                    AnswerRecord(
                        "picture_yesno_accuracy",
                        asked.image,
                        asked.question,
                        expected,
                        reply,
                        float(right),
                        twin,
                    )
                )
        answers = [question.answer for question in questions]
        self.tally.set_chance("picture_yesno_accuracy", chance.yesno_majority(answers))
        for side in ("yes", "no"):
            # Saying yes at random, half the time.
            self.tally.set_chance(f"picture_yesno_recall_{side}", 0.5)

    def ask_given(self, examples: Sequence[Example], train: Sequence[Example]) -> None:
        """Keys ``picture_qa_accuracy`` of all, of a source, a type, and a type of a source.

        That is ``_<source>``, ``_<type>`` and ``_<source>_<type>`` behind it. Chance: the train
        split's majority answer of source and type; the asked answers' own where it has none.
        """
        asked = [example for example in examples if example.qa]
        twins = twins_of([example.image for example in asked], self.seed)
        guesses = chance.majority_answers(
            ((example.source, pair.type), pair.answer) for example in train for pair in example.qa
        )
        expected: dict[chance.QaKey, list[str]] = {}
        for example in along_the_round(asked, lambda example: example.image, self.seed):
            for pair in example.qa:
                keys = _qa_keys(example.source, pair.type)
                expected.setdefault((example.source, pair.type), []).append(pair.answer)
                for twin in (None, twins[example.image]):
                    reply = self.answer(twin or example.image, pair.question)
                    right = scoring.qa_right(reply, pair.answer)
                    for key in keys:
                        self._add(key, right, twin)
                    self.answers.append(
                        AnswerRecord(
                            keys[-1],
                            example.image,
                            pair.question,
                            pair.answer,
                            reply,
                            float(right),
                            twin,
                        )
                    )
        for key, share in _qa_chances(expected, guesses).items():
            self.tally.set_chance(key, share)

    def describe(
        self,
        examples: Sequence[Example],
        train: Sequence[Example],
        *,
        request: str = CAPTION_REQUEST,
    ) -> None:
        """Keys ``caption_subject_accuracy``, ``caption_content_precision`` and ``_recall``.

        Chance: always the train split's commonest subject; a random training caption, by seed. A
        folder without training captions has its own commonest subject and other pictures' captions.
        """
        described = [example for example in examples if len(example.captions) >= 3]
        twins = twins_of([example.image for example in described], self.seed)
        for example in along_the_round(described, lambda example: example.image, self.seed):
            for twin in (None, twins[example.image]):
                reply = self.answer(twin or example.image, request)
                precision = self._score_caption(example, reply, twin)
                expected = example.captions[0]
                self.answers.append(
                    AnswerRecord(
                        "caption_content_precision",
                        example.image,
                        request,
                        expected,
                        reply,
                        precision,
                        twin,
                    )
                )
        for key, value in caption_chances(described, train or described, self.seed).items():
            self.tally.set_chance(key, value)

    def _score_caption(self, example: Example, reply: str, twin: str | None) -> float:
        subject = scoring.subject_of(example.captions)
        if subject is not None:
            self._add("caption_subject_accuracy", scoring.has_subject(reply, subject), twin)
        score = scoring.content_score(reply, example.captions)
        # A caption without a content word is all wrong, not unjudged: silence must not pay.
        precision = score.precision or 0.0
        self._add("caption_content_precision", precision, twin)
        if score.recall is not None:
            self._add("caption_content_recall", score.recall, twin)
        return precision

    def _add(self, key: str, score: float | bool, twin: str | None) -> None:
        self.tally.add(key, score, twin=twin is not None)


def _qa_keys(source: str, kind: str) -> tuple[str, ...]:
    """The keys that a given question counts under, the narrowest last."""
    base = "picture_qa_accuracy"
    return base, f"{base}_{source}", f"{base}_{kind}", f"{base}_{source}_{kind}"


def _qa_chances(
    expected: Mapping[chance.QaKey, Sequence[str]], guesses: Mapping[chance.QaKey, str]
) -> dict[str, float]:
    """The share that guessing gets right of each key, weighted by questions."""
    own = chance.majority_answers(
        (key, answer) for key, all_ in expected.items() for answer in all_
    )
    shares: dict[str, list[float]] = {}
    for (source, kind), answers in expected.items():
        guess = guesses.get((source, kind), own[source, kind])
        right = [float(scoring.qa_right(guess, answer)) for answer in answers]
        for key in _qa_keys(source, kind):
            shares.setdefault(key, []).extend(right)
    return {key: sum(right) / len(right) for key, right in shares.items()}


def caption_chances(
    examples: Sequence[Example], train: Sequence[Example], seed: int
) -> Mapping[str, float | None]:
    """What guessing gives for each caption key; a picture's own captions are not drawn for it.

    Empty without any caption of another picture.
    """
    captions = [(example.image, caption) for example in train for caption in example.captions]
    if len({image for image, _ in captions}) < 2:
        return {}
    guess = chance.commonest_subject(e.captions for e in train if len(e.captions) >= 3)
    subjects = [s for e in examples if (s := scoring.subject_of(e.captions)) is not None]
    rng = Random(seed)
    scores = [
        scoring.content_score(_caption_of_another(captions, e.image, rng), e.captions)
        for e in examples
    ]
    return {
        "caption_subject_accuracy": chance.mean([float(subject == guess) for subject in subjects]),
        "caption_content_precision": chance.mean([s.precision or 0.0 for s in scores]),
        "caption_content_recall": chance.mean([s.recall for s in scores if s.recall is not None]),
    }


def searched_pictures(examples: Sequence[Example], source: str = _SEARCHED) -> list[Example]:
    """The pictures that captions are looked for among: see ``search_pictures``."""
    captioned = [example for example in examples if example.captions]
    return [example for example in captioned if example.source == source] or captioned


def _caption_of_another(captions: Sequence[tuple[str, str]], image: str, rng: Random) -> str:
    while True:
        drawn, caption = rng.choice(captions)
        if drawn != image:
            return caption


def search_pictures(
    examples: Sequence[Example],
    embed_texts: EmbedTexts,
    embed_images: EmbedImages,
    tally: Tally,
    *,
    seed: int = 0,
    source: str = _SEARCHED,
) -> None:
    """Keys ``text_to_image_r1``, ``_r5``, ``_r10``: every caption a query among all pictures.

    Pictures are those of ``source`` with captions, or all with captions where it has none. Wrong:
    the place of another picture, by ``seed``, in the order for the same caption. Chance: a random
    order.
    """
    pool = searched_pictures(examples, source)
    if not pool:
        return
    images = embed_images([example.image for example in pool])  # [M, e]
    twins = twins_of([example.image for example in pool], seed)
    places = {example.image: place for place, example in enumerate(pool)}
    for right, example in enumerate(pool):
        scores = embed_texts(example.captions) @ images.T  # [captions, M]
        for row in scores:
            for place in (right, places[twins[example.image]]):
                rank = int((row >= row[place]).sum())
                for k in RANKS:
                    tally.add(f"text_to_image_r{k}", rank <= k, twin=place != right)
    for k in RANKS:
        tally.set_chance(f"text_to_image_r{k}", chance.rank_chance(k, len(pool)))
