"""What a still costs: pictures as they were decoded against the JPEG stills that memory keeps.

    python benchmarks/compare_stills.py CAPTIONS [--questions 10000] [--qualities 90] [--out F]

CAPTIONS is a folder of captioned pictures with yesno.jsonl; its dev pictures are searched by their
captions and asked the questions, from the decoded pixels themselves and from the stills of these
pixels at each JPEG quality. A recording that is encoded anew sees such stills and no frame.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from capture import decode_still, encode_still
from streamvid.evaluation import PictureQuestion, Tally, load_yesno, search_pictures
from streamvid.evaluation.pictures import searched_pictures
from streamvid.evaluation.progress import SAY_EVERY_S, Steps
from streamvid.evaluation.scoring import yes_or_no
from streamvid.evaluation.session_watcher import SessionWatcher
from streamvid.evaluation.twins import along_the_round
from streamvid.model.llama.precision import processor_name
from streamvid.model.nano.loading import load_nano
from streamvid.session import Session
from streamvid.training.turns import Example, load_examples

FRAMES = "frames"


class Arm:
    """The same pictures once more: as PNG with the decoded pixels, or as JPEG stills."""

    def __init__(
        self,
        watcher: SessionWatcher,
        source: Path,
        folder: Path,
        *,
        quality: int | None,
        captions: dict[str, np.ndarray],
    ) -> None:
        self._watcher, self._source, self._folder = watcher, source, folder
        self._quality, self._captions = quality, captions
        self.bytes = 0
        self.replies: dict[tuple[str, str], str] = {}
        self.vectors: dict[str, np.ndarray] = {}

    def search(self, examples: Sequence[Example], steps: Steps) -> Tally:
        """R@k of the captions of ``examples`` among their pictures."""

        def embed(images: Sequence[str]) -> np.ndarray:
            for image in images:
                self.vectors[image] = self._watcher.embed_pictures([self._written(image)])[0]
                steps.step()
            return np.stack([self.vectors[image] for image in images])

        tally = Tally()
        search_pictures(examples, self._texts, embed, tally)
        return tally

    def _texts(self, texts: Sequence[str]) -> np.ndarray:
        for text in texts:  # the same in every arm
            if text not in self._captions:
                self._captions[text] = self._watcher.embed_texts([text])[0]
        return np.stack([self._captions[text] for text in texts])

    def ask(self, questions: Sequence[PictureQuestion], steps: Steps) -> None:
        """Ask all ``questions``."""
        for asked in along_the_round(questions, lambda asked: asked.image, 0):
            reply = self._watcher.answer_picture(self._written(asked.image), asked.question)
            self.replies[asked.image, asked.question] = reply
            steps.step()

    def _written(self, image: str) -> Path:
        suffix = ".png" if self._quality is None else ".jpg"
        file = (self._folder / image).with_suffix(suffix)
        if not file.exists():
            pixels = decode_still((self._source / image).read_bytes())
            quality = self._quality or 90
            still = encode_still(pixels, quality=quality, lossless=self._quality is None)
            self.bytes += len(still)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(still)
        return file


def row(arm: Arm, name: str, base: Arm, tally: Tally, questions: Sequence[PictureQuestion]):
    """One line of the result, beside the decoded frames' arm ``base``."""
    said = [yes_or_no(arm.replies[asked.image, asked.question]) for asked in questions]
    known = [yes_or_no(base.replies[asked.image, asked.question]) for asked in questions]
    right = [
        word == ("yes" if asked.answer else "no")
        for word, asked in zip(said, questions, strict=True)
    ]
    cosines = [float(arm.vectors[image] @ base.vectors[image]) for image in arm.vectors]
    figures = tally.figures()
    return {
        "pictures_as": name,
        **{f"r{k}": round(figures[f"text_to_image_r{k}"].value or 0.0, 4) for k in (1, 5, 10)},
        "queries": figures["text_to_image_r1"].count,
        "yesno_accuracy": round(float(np.mean(right)), 4),
        "questions": len(right),
        "same_yes_or_no": round(
            float(np.mean([a == b for a, b in zip(said, known, strict=True)])), 4
        ),
        "cosine_mean": round(float(np.mean(cosines)), 5),
        "cosine_least": round(min(cosines), 5),
        "bytes_a_picture": round(arm.bytes / max(1, len(list(arm._folder.rglob("*.*"))))),
    }


def compare(
    watcher: SessionWatcher, arguments: argparse.Namespace, scratch: Path
) -> Iterator[dict]:
    """A row for the decoded frames, then one for each quality."""
    examples = searched_pictures(load_examples(arguments.captions, "dev"))
    questions = load_yesno(arguments.captions / "yesno.jsonl")[: arguments.questions]
    steps = Steps(lambda line: print(line, file=sys.stderr), every_s=SAY_EVERY_S)
    base: Arm | None = None
    captions: dict[str, np.ndarray] = {}
    for quality in (None, *arguments.qualities):
        name = FRAMES if quality is None else f"jpeg {quality}"
        folder = scratch / name.replace(" ", "-")
        arm = Arm(watcher, arguments.captions, folder, quality=quality, captions=captions)
        base = base or arm
        steps.begin(f"{name}: search", len(examples), "pictures")
        tally = arm.search(examples, steps)
        steps.begin(f"{name}: yes and no", len(questions), "replies")
        arm.ask(questions, steps)
        yield row(arm, name, base, tally, questions)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("captions", type=Path)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--qualities", type=int, nargs="*", default=[90])
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--weights", type=Path, help="other trained weights")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    nano = load_nano(cache=arguments.cache, weights=arguments.weights, say=print)
    made_by = {"language_model": nano.language_model, "fingerprint": nano.fingerprint}
    rows = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        Session(Path(scratch) / "home", lambda: nano) as session,
    ):
        watcher = SessionWatcher(session, nano, Path(scratch))
        for found in compare(watcher, arguments, Path(scratch)):
            print(json.dumps(found), flush=True)
            rows.append(found)
            if arguments.out:  # after each arm: minutes pass until the next one is done
                result = {"processor": processor_name(), **made_by, "rows": rows}
                arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
